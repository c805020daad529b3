"""Files that the workshop writes: where they can go, what they take, and one clear error where writing fails."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from iquest_lsp.errors import ModelError, ModelFileError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
#: A number without a unit means bytes, and fewer of them than these mean that the unit was forgotten.
_FEW_BYTES = 1_000_000
_FIXES = {
    errno.ENOENT: "Make the folder first",
    errno.ENOSPC: "Free some space, or write it elsewhere",
    errno.EDQUOT: "Free some space, or write it elsewhere",
}


def parse_size(text: str) -> int:
    """Bytes from "12GB", "12GiB", "800M". Raises ModelError."""
    found = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([KMGT]I?)?B?\s*", text.upper(), re.ASCII)
    if found is None or float(found[1]) <= 0:
        raise ModelError(f"{text!r} is not a size", fix="Such as 12GB or 12GiB")
    size = int(float(found[1]) * _UNITS[found[2] or ""])
    if not found[2] and size < _FEW_BYTES:
        raise ModelError(f"{text!r} is not a size", why="a unit is missing", fix=f"Such as {found[1]}GB")
    return size


def size_text(count: float) -> str:
    """A number of bytes for a person: 4.62 GB, 8.9 MB, 12 KB."""
    if count >= 1e12:
        return f"{count / 1e12:,.2f} TB"
    if count >= 1e9:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"


def check(*paths: Path | None) -> None:
    """Raises ModelFileError for a path that nothing can be written to, before the work and not after it."""
    for path in filter(None, paths):
        if path.is_dir():
            raise ModelFileError(f"{path} cannot be written", why="it is a folder", fix="Name a file")
        if not path.parent.is_dir():
            raise ModelFileError(
                f"{path} cannot be written", why=f"there is no folder {path.parent}", fix=_FIXES[errno.ENOENT]
            )
        if not os.access(path.parent, os.W_OK):
            why = f"the folder {path.parent} cannot be written to"
            raise ModelFileError(f"{path} cannot be written", why=why, fix="Write it elsewhere")


def check_room(path: Path, needed: int) -> None:
    """Raises ModelFileError where fewer than `needed` bytes are free."""
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(path.parent).free
        if free < needed:
            raise ModelFileError(
                f"There is no room for {path.name}",
                why=f"it needs {size_text(needed)} more and {path.parent} has {size_text(free)}",
                fix=_FIXES[errno.ENOSPC],
            )


@contextlib.contextmanager
def interruptible(*leftovers: Path) -> Iterator[None]:
    """Lets Ctrl-C end the program at once while native code runs, which would not notice; `leftovers` are removed.

    The interpreter runs signal handlers in its main thread only, between two of its own instructions.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)

    def wait() -> None:
        while number := os.read(reader, 1):
            if number[0] == signal.SIGINT:
                for left in leftovers:
                    with contextlib.suppress(OSError):
                        left.unlink(missing_ok=True)
                os.write(2, b"\nAborted!\n")
                os._exit(1)

    waiter = threading.Thread(target=wait, name="interrupts", daemon=True)
    waiter.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        waiter.join()
        os.close(reader)


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Holds Ctrl-C back until the end: raised within a callback from native code it would be lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            raise KeyboardInterrupt


@contextlib.contextmanager
def writing(path: Path, *leftovers: Path) -> Iterator[None]:
    """Makes a failure to write `path` a ModelFileError; `leftovers`, of use to nobody then, are removed."""
    try:
        yield
    except OSError as error:
        for left in leftovers:
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)
        fix = _FIXES.get(error.errno or 0, "Write it elsewhere")
        raise ModelFileError(f"{path} cannot be written", why=error.strerror or str(error), fix=fix) from error
