"""The lock a daemon holds while it lives: the kernel releases it, however the process ends."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iquest_lsp.errors import DaemonError

fcntl: Any = None
with contextlib.suppress(ImportError):  # not on Windows, where there is no daemon
    fcntl = importlib.import_module("fcntl")

RETRY_S = 0.02


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            if _same_file(path, descriptor):
                with contextlib.suppress(OSError):  # a full disk: the text is a courtesy
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, f"{os.getpid()}\n".encode())
                return Lock(path, descriptor)
            os.close(descriptor)
            continue
        if give_up() or time.monotonic() >= end:
            return None
        time.sleep(RETRY_S)


def holder(path: Path) -> int | None:
    """The process that holds the lock, None when nobody does or its id cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        text = os.read(descriptor, 32).strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DaemonError(f"Cannot open {path}", why=error.strerror or str(error)) from error


def _same_file(path: Path, descriptor: int) -> bool:
    try:
        there, here = path.lstat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
