"""Places that an edit fits and that were left as they are, while the same edit was made behind them.

Who goes through a file from its top and leaves one place out did not mean all of them. The heads of definitions say
nothing of it: they are often changed before all else. Nor does what was suggested, in whatever order, and taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.nextedit.change import Change

#: A place: path, line.
FileLine = tuple[str, int]
#: Examples that are some, and beyond which more say nothing more.
SEVERAL, MANY = 3, 5
#: Lines from an example that are near it, and that are not far.
NEAR, FAR = 5, 40


def counted(examples: int) -> int:
    """How many examples there are: 0, 1, 2, some, or many."""
    return MANY if examples >= MANY else min(examples, SEVERAL)


def nearness(examples: Sequence[tuple[str, int]], path: str, line: int) -> str:
    """How far a place is from the nearest example in its file."""
    least = min((abs(line - at) for where, at in examples if where == path), default=FAR + 1)
    return "near" if least <= NEAR else "mid" if least <= FAR else "far"


def out_of_order(changes: Iterable[Change], heads: Collection[FileLine]) -> frozenset[FileLine]:
    """The lines that say nothing of how somebody goes through a file: heads of definitions, taken suggestions."""
    return frozenset(heads).union(*({(change.path, line) for line in change.taken} for change in changes))


@dataclass(frozen=True, slots=True)
class Passed:
    """What was passed over of the places of one edit, and how many examples of it came behind that."""

    over: frozenset[FileLine]
    run: int

    def marks(self, path: str, line: int) -> tuple[str, ...]:
        """The marks of a suggestion's sort; none where no place was passed over."""
        if not self.over:
            return ()
        own = ("over",) if (path, line) in self.over else ()
        return f"passed{min(len(self.over), 2)}", f"run{counted(self.run)}", *own


def passed(examples: Iterable[FileLine], places: Iterable[FileLine], aside: Collection[FileLine]) -> Passed:
    """What of the `places` stands above the last example in its file; lines `aside` are no examples of that."""
    those = [example for example in examples if example not in aside]
    last: dict[str, int] = {}
    for path, line in those:
        last[path] = max(line, last.get(path, -1))
    over = frozenset((path, line) for path, line in places if line < last.get(path, -1))
    lowest: dict[str, int] = {}
    for path, line in over:
        lowest[path] = max(line, lowest.get(path, -1))
    return Passed(over, sum(line > lowest.get(path, -1) for path, line in those))
