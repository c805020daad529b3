"""Where lines stood before some hunks."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.past.following.anchors import Range

#: How alike a replaced line has to be to count as the line before (difflib's ratio of characters).
ALIKE = 0.5
_MAX_COMPARED = 200


def unchanged(hunks: Sequence[Hunk], span: Range) -> tuple[list[Range], list[Range]]:
    """The parts of a span that no hunk touches, as the lines they were before, and the parts that hunks brought."""
    kept: list[Range] = []
    lost: list[Range] = []
    at, end = span
    shift = 0
    for hunk in hunks:
        first, last = hunk.new_start, hunk.new_start + hunk.new_count
        if first >= end:
            break
        if at < first:
            kept.append((at + shift, first + shift))
            at = first
        if at < last:
            upto = min(last, end)
            lost.append((at, upto))
            at = upto
        shift += hunk.old_count - hunk.new_count
        if at >= end:
            return kept, lost
    if at < end:
        kept.append((at + shift, end + shift))
    return kept, lost


def earlier_lines(hunks: Sequence[Hunk], span: Range) -> Range | None:
    """The lines that stood where changed lines stand; None when nothing did, or nothing like them.

    A single line is followed to the most alike of those that it replaced, several lines to all of them.
    """
    whole = before(hunks, span)
    if whole is None or span[1] - span[0] > 1 or whole[1] - whole[0] == 1:
        return whole
    hunk = next((item for item in hunks if item.new_start <= span[0] < item.new_start + item.new_count), None)
    if hunk is None:
        return whole
    at = span[0] - hunk.new_start
    if at >= len(hunk.added) or not hunk.removed:
        return None
    line = hunk.added[at].strip()
    matcher = difflib.SequenceMatcher(b=line, autojunk=False)
    best, where = 0.0, -1
    for index, old in enumerate(hunk.removed[:_MAX_COMPARED]):
        matcher.set_seq1(old.strip())
        # Of lines that are equally alike the one at the same height is meant.
        nearness = 1e-6 * (1 - abs(index - at) / (len(hunk.removed) + len(hunk.added)))
        if matcher.quick_ratio() > best and (ratio := matcher.ratio() + nearness) > best:
            best, where = ratio, index
    return (hunk.old_start + where, hunk.old_start + where + 1) if best >= ALIKE else None


def before(hunks: Sequence[Hunk], span: Range) -> Range | None:
    """The lines that `span` was before the hunks; None when they all came with them."""
    start = _before(hunks, span[0], at_end=False)
    end = _before(hunks, span[1], at_end=True)
    return (start, end) if start < end else None


def _before(hunks: Sequence[Hunk], line: int, *, at_end: bool) -> int:
    delta = 0
    for hunk in hunks:
        first, last = hunk.new_start, hunk.new_start + hunk.new_count
        if line < first or (line == first and at_end):
            break
        if line < last:
            return hunk.old_start + (hunk.old_count if at_end else 0)
        if line == last and at_end:
            return hunk.old_start + hunk.old_count
        delta += hunk.old_count - hunk.new_count
    return line + delta
