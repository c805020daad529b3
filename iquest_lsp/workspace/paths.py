"""What is at a path that may be anything: too long, where this user may not look, no path at all.

pathlib's own questions raise for some of these.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether something is at a path, as far as this user may see."""
    return _mode(path) != 0


def is_folder(path: Path) -> bool:
    """Whether a folder is at a path, or a link to one."""
    return stat.S_ISDIR(_mode(path))


def is_file(path: Path) -> bool:
    """Whether a regular file is at a path, or a link to one."""
    return stat.S_ISREG(_mode(path))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def identity(path: Path) -> tuple[int, int] | None:
    """The device and number of what is at a path, the same by all of its names, those of other mounts too."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None


def real_path(path: Path) -> Path:
    """Where a path leads by all symbolic links; the path itself where none can be of that name."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):  # a NUL, or half of a surrogate pair
        return path
