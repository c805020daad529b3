"""Lines followed back through the history, commit by commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.git.commits import Commit, FileDiff, Hunk

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that changed the followed lines labelled `label`; `born` when it brought the first of them."""

    label: str
    commit: Commit
    diff: FileDiff
    born: bool = False


class Tracker:
    """Follows labelled line ranges from newer to older commits; give it commits in that order.

    Along one line of history this is exact; where lines of development ran side by side it is an approximation,
    because the patches of one side shift the lines of the other.
    """

    def __init__(self, ranges: Iterable[tuple[str, str, Range]]) -> None:
        self._ranges: dict[str, list[tuple[str, Range]]] = {}
        for label, path, span in ranges:
            self._ranges.setdefault(path, []).append((label, span))

    @property
    def done(self) -> bool:
        """True when every range has been followed to its beginning."""
        return not self._ranges

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that still have ranges."""
        return tuple(self._ranges)

    def feed(self, commit: Commit) -> list[Touch]:
        """The ranges this commit changed; from here on all ranges are those before it."""
        touches: list[Touch] = []
        for diff in commit.files:
            entries = self._ranges.pop(diff.path, None)
            if entries is None:
                continue
            kept = []
            for label, span in entries:
                hit = any(overlaps(hunk, span) for hunk in diff.hunks)
                earlier = None if diff.status == "A" else before(diff.hunks, span)
                if hit or earlier is None:
                    touches.append(Touch(label, commit, diff, born=earlier is None))
                if earlier is not None:
                    kept.append((label, earlier))
            if kept:
                old_path = diff.old_path if diff.status == "R" else diff.path
                self._ranges.setdefault(old_path or diff.path, []).extend(kept)
        return touches


def overlaps(hunk: Hunk, span: Range) -> bool:
    """True when the hunk's new side touches the lines; a pure removal touches when it lies strictly between two."""
    start, end = span
    if hunk.new_count:
        return hunk.new_start < end and start < hunk.new_start + hunk.new_count
    return start < hunk.new_start < end


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
