"""Where the memories of all workspaces lie, a folder each, and which of them give way."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
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


def folder_of(*names: str) -> Path:
    """The folder of the memory that these names together tell from all others."""
    name = "\0".join(names).encode("utf-8", "surrogatepass")
    return memory_folder() / hashlib.sha256(name).hexdigest()[:32]


def make_room(used: Collection[Path]) -> None:
    """Removes the memories that were not used for the longest time, until the others fit; `used` are in use now."""
    for folder in used:
        with suppress(OSError):
            os.utime(folder)
    sizes: dict[Path, int] = {}
    for path, size in kept_memories():
        sizes[path.parent] = sizes.get(path.parent, 0) + size
    times: dict[Path, float] = {}
    for folder in sizes:
        with suppress(OSError):
            times[folder] = folder.stat().st_mtime
    total = sum(sizes.values())
    for folder in sorted(times, key=lambda folder: times[folder]):
        if total <= MOST_BYTES or folder in used:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]
