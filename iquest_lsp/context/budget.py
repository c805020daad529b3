"""How the window's tokens are shared out, and which candidates are worth theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from iquest_lsp.dropped import DropKind, Dropped, DropReason


@dataclass(frozen=True, slots=True)
class Shares:
    """Upper limits in tokens: the current file, recent edits, what was appended since the last plan, tree, history.

    What the head (tree, history, related and open files) may take is the rest.
    """

    budget: int
    current: int
    edits: int
    appended: int
    tree: int
    flow: int

    @classmethod
    def of(cls, budget: int, current: int = 0) -> Shares:
        """The shares of a window; `current` overrides the share of the current file (0: 7/32, from 384 to 4096)."""
        if current <= 0:
            current = min(max(budget * 7 // 32, 384), 4096)
        return cls(
            budget=budget,
            current=max(min(current, budget // 2), 1),
            edits=budget // 16,
            appended=budget // 6,
            tree=budget // 20,
            flow=budget // 24,
        )

    @property
    def head(self) -> int:
        """Tokens for the head; never negative."""
        return max(self.budget - self.current - self.edits - self.appended, 0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Lines [start, end) of a file that could enter the window, what they are worth, and why."""

    path: str
    start: int
    end: int
    text: str
    score: float
    reason: str
    is_open: bool = False
    edited_at: float = 0.0

    @property
    def key(self) -> tuple[str, int, str]:
        """Names the candidate across plans; a changed text makes another one."""
        return (self.path, self.start, self.text)

    def worth(self, factor: float) -> Candidate:
        """The same piece, worth so many times as much."""
        return replace(self, score=self.score * factor)


def joined(items: Iterable[Candidate]) -> list[Candidate]:
    """Neighbouring pieces of a file as one; the reason is that of the worthiest."""
    made: list[Candidate] = []
    for item in sorted(items, key=lambda each: (each.path, each.start)):
        last = made[-1] if made else None
        if last is None or last.path != item.path or last.end != item.start:
            made.append(item)
            continue
        best = max(last, item, key=lambda each: each.score)
        made[-1] = replace(best, start=last.start, end=item.end, text=last.text + item.text)
    return made


def by_value(candidates: Iterable[Candidate], costs: dict[tuple[str, int, str], int]) -> list[Candidate]:
    """Most valuable for its tokens first; the order is total, so that equal inputs give equal windows."""
    # A constant on the cost keeps tiny pieces, mostly header, from winning by their size alone.
    return sorted(candidates, key=lambda item: (-item.score / (costs[item.key] + 64), item.path, item.start, item.text))


def choose(
    ordered: Sequence[Candidate], costs: dict[tuple[str, int, str], int], room: int
) -> tuple[list[Candidate], list[Dropped]]:
    """Takes candidates in order while they fit; one too large is passed over for smaller ones after it."""
    kept: list[Candidate] = []
    dropped: list[Dropped] = []
    for item in ordered:
        cost = costs[item.key]
        if cost <= room:
            kept.append(item)
            room -= cost
        else:
            values = (str(item.start + 1), str(item.end), str(cost))
            dropped.append(Dropped(item.path, DropReason(DropKind.BUDGET_LINES, values, item.reason)))
    return kept, dropped
