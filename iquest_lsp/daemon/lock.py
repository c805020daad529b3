"""The lock a daemon holds while it lives: the kernel releases it, however the process ends."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from iquest_lsp import file_lock
from iquest_lsp.errors import DaemonError

RETRY_S = 0.02
#: Where Windows is, nobody else can read the first byte of a locked file.
_BEFORE = b"" if file_lock.fcntl is not None else b" "
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Lock:
    """A held lock; the file's text is the holder's process id, for people and as a last resort for `stop`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def is_in_place(self) -> bool:
        """Whether the locked file is still the one that others would lock."""
        return _same_file(self._path, self._descriptor)

    def release(self) -> None:
        """Lets the next one have it. The file stays: removing it would let two hold what each thinks is the lock."""
        os.close(self._descriptor)


def acquire(path: Path, patience_s: float, give_up: Callable[[], bool]) -> Lock | None:
    """Takes the lock within `patience_s`; None when another holds it that long, or as soon as `give_up()`.

    Raises DaemonError where there can be no such file.
    """
    end = time.monotonic() + patience_s
    while True:
        descriptor = _open(path)
        if not _taken(descriptor):
            os.close(descriptor)
        elif _same_file(path, descriptor):
            with contextlib.suppress(OSError):  # a full disk: the text is a courtesy
                os.ftruncate(descriptor, 0)
                os.write(descriptor, _BEFORE + f"{os.getpid()}\n".encode())
            return Lock(path, descriptor)
        else:
            os.close(descriptor)
            continue
        if give_up() or time.monotonic() >= end:
            return None
        time.sleep(RETRY_S)


def holder(path: Path) -> int | None:
    """The process that holds the lock, None when nobody does or its id cannot be read."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None
    try:
        if _taken(descriptor, shared=True):
            return None
        os.lseek(descriptor, len(_BEFORE), os.SEEK_SET)
        text = os.read(descriptor, 32).strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)


def _taken(descriptor: int, *, shared: bool = False) -> bool:
    try:
        return file_lock.lock(descriptor, shared=shared)
    except OSError:  # a file system without locks
        return False


def _open(path: Path) -> int:
    try:
        return os.open(path, _FLAGS | os.O_CREAT, 0o600)
    except OSError as error:
        raise DaemonError(f"Cannot open {path}", why=error.strerror or str(error)) from error


def _same_file(path: Path, descriptor: int) -> bool:
    try:
        there, here = path.lstat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
