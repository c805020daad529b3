"""What is at a path that may be anything: too long, where this user may not look, no path at all.

pathlib's own questions raise for some of these.
"""

from __future__ import annotations

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
