"""How the prompt of a sequence is evaluated: which calls, through which layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One call: positions [start, stop) through the first `layers` logical layers (0: all there are).

    Where `apex` is not -1, what outputs from that position on do not depend on is left out.
    """

    start: int
    stop: int
    layers: int = 0
    apex: int = -1

    @property
    def is_partial(self) -> bool:
        """Whether some layers are left out at some positions before the apex."""
        return self.start < self.apex


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How to evaluate a prompt: forget what is stored from `start` on, then run the steps.

    `first` and `later` are the tokens that pass 1 and the passes after it will run over (counted once, however many
    of their layers run); `exact` is the first position whose output equals a computation from scratch.
    """

    start: int
    steps: tuple[Step, ...]
    first: int
    later: int
    exact: int


def pieces(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """The positions [start, stop) in calls of at most `size` tokens."""
    for at in range(start, stop, size):
        yield at, min(at + size, stop)
