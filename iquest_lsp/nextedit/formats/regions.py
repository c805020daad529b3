"""The lines around a cursor that a model may rewrite, and those shown around them, as Zeta's makers cut them.

The lines grow from the cursor's on both sides, then to what syntax encloses them, then line by line, each as far as the
budget goes. A token is estimated as three bytes, a line as one at least; line ends cost nothing. The rules are those of
crates/zeta_prompt/src/excerpt_ranges.rs in Zed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

#: Of the budget, how much goes into the first growth.
FIRST = (3, 4)


def tokens(size: int) -> int:
    """The estimate for so many bytes."""
    return size // 3


def size(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Rows:
    """A text's lines: the offsets where they start, and what each costs."""

    text: str
    starts: Sequence[int]
    costs: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Rows:
        """Those of a text, split at line feeds only."""
        starts, costs, at = [], [], 0
        for line in text.split("\n"):
            starts.append(at)
            costs.append(max(tokens(size(line)), 1))
            at += len(line) + 1
        return cls(text, starts, costs)

    def at(self, offset: int) -> int:
        """The line that an offset lies in."""
        return bisect_right(self.starts, offset) - 1

    def cost(self, first: int, end: int) -> int:
        """What the lines from `first` to before `end` cost."""
        return sum(self.costs[first:end])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where lines begin and end, without the last line's end."""
        end = self.starts[last + 1] - 1 if last + 1 < len(self.starts) else len(self.text)
        return self.starts[first], end


@dataclass(slots=True)
class _Grown:
    """Lines `first` to `last`, and what is left of the budget."""

    rows: Rows
    first: int
    last: int
    left: int

    def up(self) -> bool:
        """Takes the line above if there is one and it can be paid; whether it did."""
        if self.first > 0 and self.rows.costs[self.first - 1] <= self.left:
            self.first -= 1
            self.left -= self.rows.costs[self.first]
            return True
        return False

    def down(self) -> bool:
        """The same below."""
        if self.last + 1 < len(self.rows.costs) and self.rows.costs[self.last + 1] <= self.left:
            self.last += 1
            self.left -= self.rows.costs[self.last]
            return True
        return False

    def evenly(self) -> None:
        """Grows below and above by turns until a line cannot be paid."""
        self.left = max(self.left - self.rows.costs[self.first], 0)
        last = len(self.rows.costs) - 1
        while self.left and (self.first > 0 or self.last < last):
            if self.last < last and not self.down():
                return
            if self.first > 0 and self.left and not self.up():
                return

    def to_syntax(self, syntax: Sequence[tuple[int, int]]) -> bool:
        """Grows to the lines that each of the spans has, as long as they can be paid; whether it grew."""
        grew = False
        for first, last in _enclosing(self.rows, syntax, self.first, self.last):
            above = self.rows.cost(first, self.first)
            cost = above + self.rows.cost(self.last + 1, last + 1)
            if cost > self.left:
                break
            self.first, self.last = min(first, self.first), max(last, self.last)
            self.left -= cost
            grew = True
        return grew

    def line_by_line(self, *, upwards: bool) -> None:
        """Grows on both sides, on one of them first, as long as one of them can be paid."""
        steps = (self.up, self.down) if upwards else (self.down, self.up)
        while self.left:
            one = steps[0]()
            other = bool(self.left) and steps[1]()
            if not one and not other:
                return


def _enclosing(rows: Rows, syntax: Sequence[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """The lines of the spans that go beyond some lines, each once in a row."""
    found: list[tuple[int, int]] = []
    for start, end in syntax:
        lines = rows.at(start), rows.at(end)
        inside = lines[0] >= first and lines[1] <= last
        if not inside and (not found or found[-1] != lines):
            found.append(lines)
    return found


def around(
    rows: Rows, cursor: int, syntax: Sequence[tuple[int, int]], editable: int, shown: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The lines (first, last) that may be rewritten for `editable` tokens, and those shown for `shown` more."""
    line = rows.at(cursor)
    begun = editable * FIRST[0] // FIRST[1]
    grown = _Grown(rows, line, line, begun)
    grown.evenly()
    grown.left += editable - begun
    first, last = grown.first, grown.last
    grown.to_syntax(syntax)
    grown.line_by_line(upwards=first - grown.first <= grown.last - last)
    region = grown.first, grown.last
    grown.left = shown
    if not grown.to_syntax(syntax):
        grown.line_by_line(upwards=True)
    return region, (grown.first, grown.last)
