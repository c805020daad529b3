"""What the watcher tells, and what it looks at on disk: stamps of files, and how much the system still watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.workspace.ignore import IGNORE_FILE

#: Files in a repository's folder that change when HEAD moves.
HEAD_FILES = frozenset({"HEAD", "logs/HEAD", "packed-refs"})


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since the last batch.

    `paths`: files created, changed or deleted, sorted (POSIX, relative to the root); `everything`: too much to list,
    look at the whole tree; `head`: the repository's HEAD may have moved; `rules`: ignore rules changed.
    """

    paths: tuple[str, ...] = ()
    everything: bool = False
    head: bool = False
    rules: bool = False


def stamps(root: Path, paths: Sequence[str], git: Sequence[Path], above: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Time of change (nanoseconds) and size of files, and of what tells of the repository in the folders `git`.

    Those of a repository's folder number N are named `.git/N/...`, rules of folders above the root `../N/...`.
    """
    found: dict[str, tuple[int, int]] = {}
    places = [(path, root / path) for path in paths]
    for number, folder in enumerate(git):
        places += [(f".git/{number}/{name}", folder / name) for name in (*HEAD_FILES, "info/exclude")]
    places += [(f"../{number}/{IGNORE_FILE}", folder / IGNORE_FILE) for number, folder in enumerate(above)]
    for path, file in places:
        try:
            status = os.stat(file, follow_symlinks=False)
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


def inotify_watches() -> int | None:
    """How many inotify watches this process holds; None where the system does not say."""
    if not sys.platform.startswith("linux"):
        return None
    count = 0
    try:
        for name in os.listdir("/proc/self/fdinfo"):
            try:
                with open(f"/proc/self/fdinfo/{name}", encoding="ascii", errors="replace") as stream:
                    count += sum(line.startswith("inotify ") for line in stream)
            except OSError:
                continue  # closed in the meantime
    except OSError:
        return None
    return count


def count_folders(watches: Mapping[str, bool]) -> int:
    """Folders that are watched; of each that is named, whether those below it are too."""
    count = 0
    for folder, is_recursive in watches.items():
        count += sum(1 for _ in os.walk(folder)) if is_recursive else 1
    return count
