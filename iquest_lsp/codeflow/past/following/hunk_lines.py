"""Where lines stood before some hunks."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.past.following.anchors import Range

#: How alike a replaced line has to be to count as the line before (difflib's ratio of characters).
ALIKE = 0.5
_MAX_COMPARED = 200
#: A line with so many letters and digits is recognised in another place.
TELLING = 12


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

    A single line is followed to the most alike of those that it replaced, or to where it stood as it is; several lines
    to all of them. One line that took the place of one is that line, however little they are alike.
    """
    whole = before(hunks, span)
    if span[1] - span[0] > 1:
        return whole
    hunk = next((item for item in hunks if item.new_start <= span[0] < item.new_start + item.new_count), None)
    at = span[0] - hunk.new_start if hunk is not None else 0
    if hunk is None or whole is None or at >= len(hunk.added) or not hunk.removed:
        return whole if hunk is None else None
    line = hunk.added[at].strip()
    if all(old.strip() != line for old in hunk.removed) and (same := _same_elsewhere(hunks, hunk, line)) is not None:
        return same
    if whole[1] - whole[0] == len(hunk.added) == 1:
        return whole
    matcher = difflib.SequenceMatcher(b=line, autojunk=False)
    best, where = 0.0, -1
    for index, old in enumerate(hunk.removed[:_MAX_COMPARED]):
        matcher.set_seq1(old.strip())
        # Of lines that are equally alike the one at the same height is meant.
        nearness = 1e-6 * (1 - abs(index - at) / (len(hunk.removed) + len(hunk.added)))
        if matcher.quick_ratio() > best and (ratio := matcher.ratio() + nearness) > best:
            best, where = ratio, index
    return (hunk.old_start + where, hunk.old_start + where + 1) if best >= ALIKE else None


def _same_elsewhere(hunks: Sequence[Hunk], own: Hunk, line: str) -> Range | None:
    """Where a line stood that another hunk takes out as it is but for its layout; the nearest such place."""
    if sum(map(str.isalnum, line)) < TELLING:
        return None
    found: list[int] = []
    for hunk in hunks:
        removed = [at for at, old in enumerate(hunk.removed) if old.strip() == line] if hunk is not own else []
        # What stays in its own hunk is another line.
        if len(removed) > sum(new.strip() == line for new in hunk.added):
            found += [hunk.old_start + at for at in removed]
    near = min(found, key=lambda at: abs(at - own.old_start), default=None)
    return (near, near + 1) if near is not None else None


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
