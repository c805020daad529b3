"""What suggestions that were taken say of the others: that nobody passed these over, and that they keep their worth.

Suggestions are offered behind the last edit first, so that what is taken stands behind places that are still to be
offered: no sign that somebody left those out. And whatever was sure enough to be shown beside a suggestion that was
taken is no less sure once it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from iquest_lsp.common_ends import changed_part
from iquest_lsp.nextedit.records import NextEdit, Outcome, place_behind

TakenSpot = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Takings:
    """The lines that taken suggestions made, by path, and how sure others were when one was taken."""

    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)
    worth: Mapping[Outcome, float] = field(default_factory=dict)

    def worth_of(self, item: NextEdit) -> float:
        """How sure a suggestion was beside one that was taken; 0 where it was not there."""
        return self.worth.get(item.outcome, 0.0)

    def below(self, prefix: str) -> Takings:
        """The same by paths that begin in another folder."""
        return Takings(
            {prefix + path: lines for path, lines in self.lines.items()},
            {(prefix + of[0], *of[1:]): sure for of, sure in self.worth.items()},
        )


NOTHING_TAKEN = Takings()


@dataclass(frozen=True, slots=True)
class ReplacedPart:
    """What lay between two places of a text, its lines and columns, is `new`."""

    start: TakenSpot
    end: TakenSpot
    new: str

    @classmethod
    def of(cls, item: NextEdit) -> ReplacedPart:
        """What a suggestion does."""
        return cls((item.line, item.column), item.end, item.new)

    @classmethod
    def between(cls, before: str, after: str) -> ReplacedPart:
        """What turned one text into another, as one part."""
        head, tail = changed_part(before, after)
        first = place_behind(before[:head])
        last = place_behind(before[head : len(before) - tail], *first)
        return cls(first, last, after[head : len(after) - tail])

    def moved(self, place: TakenSpot) -> TakenSpot:
        """Where a place of the text before, which does not lie inside, is in the text after."""
        if place < self.end or (place == self.start and place != self.end):
            return place
        line, column = place[0] + self.new.count("\n") - (self.end[0] - self.start[0]), place[1]
        if place[0] == self.end[0]:
            begin = self.start[1] if "\n" not in self.new else 0
            column += begin + len(self.new) - (self.new.rfind("\n") + 1) - self.end[1]
        return line, column

    def is_of_line(self, line: int) -> bool:
        """Whether it changes a line; one that whole lines are put above it does not."""
        whole = self.end[1] == 0 and self.new[-1:] in ("", "\n")
        return self.start[0] <= line < self.end[0] + (not whole)

    def touches(self, start: TakenSpot, end: TakenSpot) -> bool:
        """Whether it and another part of the text before have text in common."""
        return start < self.end and self.start < end


class TakenEdits:
    """What one client took, while its texts change."""

    def __init__(self) -> None:
        self._wanted: list[NextEdit] = []
        self._lines: dict[str, set[int]] = {}
        self._worth: dict[Outcome, float] = {}
        #: For each path its text before suggestions were taken there last: who goes back to it took them back.
        self._before: dict[str, str] = {}
        self._last: tuple[str, str, str, tuple[NextEdit, ...]] | None = None

    def now(self) -> Takings:
        """What is known of the texts as they are."""
        return Takings({path: frozenset(lines) for path, lines in self._lines.items()}, dict(self._worth))

    def take(self, item: NextEdit) -> bool:
        """A client takes a suggestion: the change to come is what it says; whether the last one was that already."""
        if self._last is not None:
            path, before, after, shown = self._last
            if path == item.path and item.applied_to(before) == after:
                self._took([item], before, shown)
                return True
        self._wanted.append(item)
        return False

    def changed(self, path: str, before: str, after: str, shown: Sequence[NextEdit]) -> bool:
        """A text became another one; whether suggestions that were taken did that. `shown` were beside it."""
        mine = [item for item in self._wanted if item.path == path]
        if mine and _with(mine, before) == after:
            self._wanted = [item for item in self._wanted if item.path != path]
            self._took(mine, before, shown)
            self._last = None
            return True
        self._wanted = []
        if after == self._before.get(path):
            self._worth.clear()
        if self._worth or path in self._lines:
            self._move(path, ReplacedPart.between(before, after))
        self._last = (path, before, after, tuple(shown))
        return False

    def refuse(self, item: NextEdit) -> None:
        """Somebody does not want a suggestion: what the same was worth elsewhere is to be estimated anew."""
        self._worth = {of: sure for of, sure in self._worth.items() if of[3:] != item.outcome[3:]}

    def forget(self, path: str) -> None:
        """A text is another one."""
        self._lines.pop(path, None)
        self._before.pop(path, None)
        self._worth = {of: sure for of, sure in self._worth.items() if of[0] != path}

    def _took(self, items: Sequence[NextEdit], before: str, shown: Sequence[NextEdit]) -> None:
        path = items[0].path
        taken = {item.outcome for item in items}
        for item in shown:
            if item.outcome not in taken:
                self._worth[item.outcome] = max(item.confidence, self._worth.get(item.outcome, 0.0))
        self._before[path] = before
        for item in _backwards(items):
            self._move(path, ReplacedPart.of(item))
            count = item.new.rstrip("\n").count("\n") + 1
            self._lines.setdefault(path, set()).update(range(item.line, item.line + count))

    def _move(self, path: str, part: ReplacedPart) -> None:
        """Keeps lines and worths beside a part of a text that was replaced where they are now."""
        lines = self._lines.get(path, ())
        self._lines[path] = {part.moved((line, 0))[0] for line in lines if not part.is_of_line(line)}
        worth: dict[Outcome, float] = {}
        for (where, line, column, old, new), sure in self._worth.items():
            start = line, column
            if where != path:
                worth[where, line, column, old, new] = sure
            elif not part.touches(start, place_behind(old, line, column)):
                worth[where, *part.moved(start), old, new] = sure
        self._worth = worth


def _backwards(items: Collection[NextEdit]) -> list[NextEdit]:
    """From the end of the text on: one that is made moves none of those that come after it here."""
    return sorted(items, key=lambda item: (item.line, item.column), reverse=True)


def _with(items: Collection[NextEdit], text: str) -> str | None:
    """A text with suggestions taken; None where one of them does not fit."""
    made: str | None = text
    for item in _backwards(items):
        made = item.applied_to(made) if made is not None else None
    return made
