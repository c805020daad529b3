"""A diff as text, for a model that is asked about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.codeflow.git.citations import cited
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.git.repository import Repository


def diff_text(root: Path, target: DiffTarget, limit: int, *, hide: Callable[[str], str]) -> str:
    """The hunks of a diff within `limit` characters; `hide` gives each file's path or says why it is not shown."""
    pieces, room = [], limit
    for item in load(root, target).files:
        reason = hide(item.path)
        text = f"{item.path}: not shown ({reason})\n" if reason else _file(item)
        if len(text) > room:
            pieces.append(f"{item.path}: not shown (too long)\n")
            continue
        pieces.append(text)
        room -= len(text)
    return "".join(pieces)


def unknown_commits(root: Path, ids: Iterable[str]) -> list[str]:
    """Those of some ids that name no commit of the repository."""
    repository = Repository.open(root)
    return [oid for oid in ids if cited(oid) and not repository.has(oid)]


def _file(item: FileDiff) -> str:
    renamed = f" (was {item.old_path})" if item.old_path and item.old_path != item.path else ""
    lines = [f"{item.path}{renamed}"]
    for hunk in item.hunks:
        lines.append(f"@@ line {hunk.new_start + 1}" + (f", in {hunk.heading}" if hunk.heading else ""))
        lines += [f"-{line}" for line in hunk.removed]
        lines += [f"+{line}" for line in hunk.added]
    return "\n".join(lines) + "\n\n"
