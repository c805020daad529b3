"""What changed between two texts of a file, as the code reads now."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher

from iquest_lsp.common_ends import common_ends
from iquest_lsp.datatypes import RecentEdit

_AROUND_LINES = 3
_JOIN_LINES = 8
_MAX_COMPARED = 2000


def changed_spans(path: str, old: str, new: str, at: float = 0.0) -> list[RecentEdit]:
    """Changed regions of a file with a few lines around each; neighbours joined. A pure deletion shows its seam."""
    if old == new:
        return []
    before, after = old.split("\n"), new.split("\n")
    top, bottom = common_ends(before, after)
    a, b = before[top : len(before) - bottom], after[top : len(after) - bottom]
    if len(a) + len(b) > _MAX_COMPARED:
        regions = [(top, top + len(b))]
    else:
        codes = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
        regions = [(top + start, top + end) for tag, _, _, start, end in codes if tag != "equal"]
    joined: list[tuple[int, int]] = []
    for start, end in regions:
        start, end = max(start - _AROUND_LINES, 0), min(end + _AROUND_LINES, len(after))
        if joined and start - joined[-1][1] <= _JOIN_LINES:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [RecentEdit(path, start, end, "\n".join(after[start:end]) + "\n", at=at) for start, end in joined]


def widened(edit: RecentEdit, text: str) -> RecentEdit:
    """The edit with a few lines around it, where `text` still reads there as the edit says; else as it is."""
    lines = text.split("\n")
    own = edit.text.split("\n")
    if own and not own[-1]:
        own.pop()
    if lines[edit.start : edit.end] != own:
        return edit
    start, end = max(edit.start - _AROUND_LINES, 0), min(edit.end + _AROUND_LINES, len(lines))
    return replace(edit, start=start, end=end, text="\n".join(lines[start:end]) + "\n")
