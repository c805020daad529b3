"""Files that are whole or not there at all, whatever ends the process that writes them."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

#: Only for the user: what the package keeps is of no business to others.
PRIVATE = 0o600
RENAME_TRIES, RENAME_PAUSE_S = 50, 0.02


def atomic_write(path: Path, data: bytes | str, *, mode: int = PRIVATE, fsync: bool = False) -> None:
    """Gives a file its content (text as UTF-8), making its folder where there is none; raises OSError.

    With `fsync` the content is on the disk when this returns, also through a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path, mode=mode, fsync=fsync) as part:
        part.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def replacing(path: Path, *, mode: int = PRIVATE, fsync: bool = False) -> Iterator[Path]:
    """An empty file beside `path`, to be written meanwhile; it takes its place at the end, or goes after an error."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        if hasattr(os, "fchmod"):  # not on Windows before Python 3.13, where a user's files are that user's own
            os.fchmod(descriptor, mode)
        os.close(descriptor)
        yield part
        put_in_place(part, path, fsync=fsync)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def put_in_place(part: Path, path: Path, *, fsync: bool = False) -> None:
    """Renames a file that is whole to its own name, in place of what was there; raises OSError.

    Windows refuses that as long as somebody reads what was there: it is tried again, for a second at most.
    """
    if fsync:
        with part.open("r+b" if os.name == "nt" else "rb") as stream:  # Windows writes out only what it may write to
            os.fsync(stream.fileno())
    for left in range(RENAME_TRIES - 1, -1, -1):
        try:
            part.replace(path)
            break
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(RENAME_PAUSE_S)
    if fsync:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
