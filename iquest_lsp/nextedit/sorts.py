"""What suggestions rest on, as records: which predictors make one, and what each of them knows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class PredictorKind(StrEnum):
    """Who makes suggestions."""

    RENAME = "rename"
    SIGNATURE = "signature"
    REPEAT = "repeat"
    IMPORT = "import"
    MISFIT = "misfit"
    GONE = "gone"
    #: A model's guess: nothing is measured of it.
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Clue:
    """What one predictor says of a suggestion: marks, each a word or a number, in the order in which it knows them."""

    by: PredictorKind
    marks: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name in tables."""
        return "-".join((self.by, *self.marks))


@dataclass(frozen=True, slots=True)
class Sort:
    """The clues of a suggestion, ordered by their keys; suggestions of one sort are measured together."""

    clues: tuple[Clue, ...]

    @classmethod
    def of(cls, by: PredictorKind, *marks: str) -> Sort:
        """The sort of a suggestion that one predictor makes; empty marks are none."""
        return cls((Clue(by, tuple(filter(None, marks))),))

    @classmethod
    def read(cls, key: str) -> Sort:
        """The sort of a name in tables. Raises ValueError where it names no predictor."""
        parts = [one.split("-") for one in key.split("+")]
        return cls(tuple(Clue(PredictorKind(by), tuple(marks)) for by, *marks in parts))

    @classmethod
    def joined(cls, sorts: Iterable[Sort]) -> Sort:
        """The sort of what several suggestions come to."""
        return cls(tuple(sorted({clue for sort in sorts for clue in sort.clues}, key=lambda clue: clue.key)))

    @property
    def key(self) -> str:
        """Its name in tables."""
        return "+".join(clue.key for clue in self.clues)

    @property
    def predictors(self) -> tuple[PredictorKind, ...]:
        """Who makes the suggestion, each once."""
        return tuple(dict.fromkeys(clue.by for clue in self.clues))

    def plus(self, *marks: str) -> Sort:
        """The same with marks behind those of each clue; empty marks are none."""
        more = tuple(filter(None, marks))
        return Sort(tuple(Clue(clue.by, (*clue.marks, *more)) for clue in self.clues)) if more else self
