"""Where the memories of all workspaces lie, a folder each, and which of them give way."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

#: Bytes that memories may take on disk; those of workspaces that were not used for the longest time go first.
MOST_BYTES = 2 << 30


def memory_folder() -> Path:
    """The folder that holds them."""
    return user_cache_path("iquest-lsp") / "memory"


def kept_memories() -> list[tuple[Path, int]]:
    """The files in it and their bytes."""
    found = []
    for path in sorted(memory_folder().glob("*/*")):
        with suppress(OSError):
            found.append((path, path.stat().st_size))
    return found


def make_room(used: Path) -> None:
    """Removes the memories that were not used for the longest time, until the others fit; `used` is in use now."""
    with suppress(OSError):
        os.utime(used)
    sizes: dict[Path, int] = {}
    for path, size in kept_memories():
        sizes[path.parent] = sizes.get(path.parent, 0) + size
    times: dict[Path, float] = {}
    for folder in sizes:
        with suppress(OSError):
            times[folder] = folder.stat().st_mtime
    total = sum(sizes.values())
    for folder in sorted(times, key=lambda folder: times[folder]):
        if total <= MOST_BYTES or folder == used:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]
