"""The project's files: POSIX paths in a fixed order, within bounds."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.dropped import DropKind, Dropped, DropReason
from iquest_lsp.workspace.ignore import IgnoreRules

MAX_FILES = 50_000
MAX_DEPTH = 64
_MAX_NOTES = 1000


@dataclass(frozen=True, slots=True)
class Tree:
    """What a walk found: `paths` sorted, `left_out` with reasons (bounded), `complete` False when cut at the limit."""

    paths: tuple[str, ...]
    left_out: tuple[Dropped, ...] = ()
    complete: bool = True


def walk(
    root: Path,
    rules: IgnoreRules,
    *,
    max_files: int = MAX_FILES,
    max_depth: int = MAX_DEPTH,
    cancelled: Callable[[], bool] = lambda: False,
) -> Tree:
    """Lists the files that no rule ignores, breadth first, so that a cut tree keeps what lies near the root.

    Symbolic links to folders are not followed (they can loop or leave the workspace); links to files are listed and
    judged later. What cannot be read is noted. Folders more than `max_depth` levels below the root are left out.
    """
    paths: list[str] = []
    notes: list[Dropped] = []

    def note(path: str, kind: DropKind, *values: str, is_lack: bool = False) -> None:
        if len(notes) < (2 * _MAX_NOTES if is_lack else _MAX_NOTES):
            notes.append(Dropped(path, DropReason(kind, values), is_lack))

    folders = deque([("", 0)])
    while folders:
        if cancelled():
            return Tree(tuple(sorted(paths)), tuple(notes), complete=False)
        folder, depth = folders.popleft()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            note(folder or ".", DropKind.UNREADABLE, error.strerror or str(error), is_lack=True)
            continue
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not _is_text(entry.name):
                note(
                    path.encode("utf-8", "backslashreplace").decode("utf-8"),
                    DropKind.BAD_NAME,
                    is_lack=True,
                )
                continue
            if entry.name == ".git":
                continue
            try:
                is_link, is_folder, is_file = entry.is_symlink(), entry.is_dir(follow_symlinks=False), _is_file(entry)
                reason = rules.reason(path, is_folder=is_folder)
                leads_away = not reason and is_link and entry.is_dir()
            except OSError as error:  # a link to itself, or to where this user may not look
                note(path, DropKind.UNREADABLE, error.strerror or str(error), is_lack=True)
                continue
            if reason:
                note(path + "/" if is_folder else path, DropKind.IGNORED, reason)
            elif leads_away:
                note(path, DropKind.LINK_TO_FOLDER)
            elif is_folder and depth >= max_depth:
                note(path + "/", DropKind.TOO_DEEP, is_lack=True)
            elif is_folder:
                folders.append((path, depth + 1))
            elif is_file:
                if len(paths) >= max_files:
                    return Tree(tuple(sorted(paths)), tuple(notes), complete=False)
                paths.append(path)
    return Tree(tuple(sorted(paths)), tuple(notes))


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file, or a link, which is judged later."""
    return entry.is_symlink() or entry.is_file(follow_symlinks=False)


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\n" not in name and "\r" not in name
