"""Where an inserted or deleted block of lines is taken to begin, when several places give the same texts.

Without lines of context git leaves such a block where the texts first differ: `}` and the head of the next definition
instead of that definition (xdiff's trim_common_tail). Its own rule, indentation, is followed here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from iquest_lsp.codeflow.git.commits import MAX_LINE, FileDiff, Hunk

#: A block is moved down by so many lines at most.
MAX_SLIDE = 200
_CLOSES = re.compile(r"\s*(?:[)\]}]+[;,]?|end|fi|done|esac)?\s*$")


def slid(item: FileDiff, before: bytes | None, after: bytes | None) -> FileDiff:
    """The diff with each block that only comes or goes moved down to where it reads as a whole."""
    if before is None or after is None or not any(map(_is_one_sided, item.hunks)):
        return item
    old, new = (text.decode("utf-8", "replace").split("\n") for text in (before, after))
    hunks: list[Hunk] = []
    for at, hunk in enumerate(item.hunks):
        following = item.hunks[at + 1] if at + 1 < len(item.hunks) else None
        hunks.append(_slid(hunk, old, new, following))
    return item if tuple(hunks) == item.hunks else replace(item, hunks=tuple(hunks))


def _is_one_sided(hunk: Hunk) -> bool:
    return bool(hunk.removed) != bool(hunk.added)


def _slid(hunk: Hunk, old: Sequence[str], new: Sequence[str], following: Hunk | None) -> Hunk:
    if not _is_one_sided(hunk):
        return hunk
    text, start, count = (
        (old, hunk.old_start, hunk.old_count) if hunk.removed else (new, hunk.new_start, hunk.new_count)
    )
    bound = len(text) if following is None else (following.old_start if hunk.removed else following.new_start)
    reach = 0
    while reach < MAX_SLIDE and start + count + reach < bound and text[start + reach] == text[start + count + reach]:
        reach += 1
    best = min(range(reach + 1), key=lambda by: (_cost(text, start + by, count), -by))
    if not best:
        return hunk
    lines = tuple(line[:MAX_LINE] for line in text[start + best : start + best + count])
    moved = replace(hunk, old_start=hunk.old_start + best, new_start=hunk.new_start + best)
    return replace(moved, removed=lines) if hunk.removed else replace(moved, added=lines)


def _cost(text: Sequence[str], start: int, count: int) -> tuple[bool, int, bool]:
    """How badly a block reads: it begins with an end, it begins deep, it does not end with an end or an empty line."""
    first = next((line for line in text[start : start + count] if line.strip()), "")
    indent = len(first) - len(first.lstrip())
    # An empty line belongs behind the block that it parts from the next one.
    return bool(_CLOSES.match(text[start])), indent, not _CLOSES.match(text[start + count - 1])
