"""What is at a path that may be anything: too long, where this user may not look, no path at all; and file URIs.

pathlib's own questions raise for some of these.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DRIVE = re.compile(r"/([A-Za-z]):(/[^:]*|)")
#: A computer's name, which is neither of the device namespaces `.` and `?`.
_HOST = re.compile(r"[A-Za-z0-9][\w.-]*")


def path_in_uri(uri: str, scheme: str = "file", *, windows: bool = os.name == "nt") -> str | None:
    r"""The absolute path that a `file:` URI, or one of another scheme, names on this system; None for what names none.

    On Windows `file:///c%3A/a` is `C:\a`, whichever case and encoding the drive has, and `file://server/share/a` is
    `\\server\share\a`; what has no drive, names a device or a stream of a file is no path there. Raises ValueError for
    what is no URI. Source: RFC 8089, appendices D and E.
    """
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.scheme != scheme or not path.startswith("/") or "\0" in path:
        return None
    if not windows:
        return path
    path = path.replace("\\", "/")
    host = "" if parts.netloc.lower() == "localhost" else parts.netloc
    if host:
        whole = _HOST.fullmatch(host) and path.strip("/") and ":" not in path
        return f"\\\\{host}{path}".replace("/", "\\") if whole else None
    found = _DRIVE.fullmatch(path)
    return f"{found[1].upper()}:{found[2] or '/'}".replace("/", "\\") if found else None


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
