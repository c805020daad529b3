"""Code that becomes a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.line_effects import Effect, EffectKind, is_comment

_MARK = re.compile(r"^\s*(?:#|//|--|;|\*|/\*)+\s?")


def uncommented_text(line: str) -> str:
    """What stands in a comment on a line of its own."""
    return _MARK.sub("", line).strip()


def with_commented_out(changes: Iterable[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes, and of what is removed, whether its lines are comments after the diff."""
    comments: dict[str, set[str]] = {}
    removed: dict[str, dict[int, str]] = {}
    for item in files:
        added = (line for hunk in item.hunks for line in hunk.added if is_comment(line))
        path = item.old_path or item.path
        if texts := {uncommented_text(line) for line in added} - {""}:
            comments[path] = texts
            removed[path] = {at: line for hunk in item.hunks for at, line in enumerate(hunk.removed, hunk.old_start)}
    return [_told(item, comments.get(item.path, set()), removed.get(item.path, {})) for item in changes]


def without_wrapped(changes: Sequence[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes without what is said to be removed while its first line, and half of it or more, stands deeper in the
    same file."""
    added: dict[str, dict[str, list[int]]] = {}
    removed: dict[str, dict[int, str]] = {}
    for item in files:
        path = item.old_path or item.path
        lines = added.setdefault(path, {})
        for line in (line for hunk in item.hunks for line in hunk.added if line.strip()):
            lines.setdefault(_plain(line), []).append(_indent(line))
        removed[path] = {at: line for hunk in item.hunks for at, line in enumerate(hunk.removed, hunk.old_start)}
    return [item for item in changes if not _is_wrapped(item, added.get(item.path, {}), removed.get(item.path, {}))]


#: How much of what is wrapped is as it was.
SAME = 0.5


def _is_wrapped(item: SymbolChange, added: dict[str, list[int]], removed: dict[int, str]) -> bool:
    if item.change != "removed":
        return False
    lines = [line for at in range(*item.old_span) if (line := removed.get(at, "")).strip()]
    kept = [line for line in lines if max(added.get(_plain(line), [-1])) > _indent(line)]
    return bool(lines) and lines[0] in kept and len(kept) >= SAME * len(lines)


def _plain(line: str) -> str:
    return re.sub(r"[\s;,]", "", line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _told(item: SymbolChange, comments: set[str], removed: dict[int, str]) -> SymbolChange:
    if item.change != "removed" or item.effects or not comments:
        return item
    lines = (removed.get(at, "").strip() for at in range(*item.old_span))
    code = [line for line in lines if line and not is_comment(line)]
    if code and all(line in comments for line in code):
        return replace(item, effects=(Effect(EffectKind.COMMENTED_OUT),))
    return item
