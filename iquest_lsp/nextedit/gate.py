"""Which suggestions are shown: the measured precision of each sort, and the order in which people go through them.

`precision.json` beside this module is written by `benchmarks/edit_fit.py`: for each sort of suggestion how often it was
made, and how often the commit did just that (`edits`), or changed its lines in any way (`places`).
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from iquest_lsp.codeflow.reading import Category, category
from iquest_lsp.nextedit.records import NextEdit, Outcome, Place
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

#: A suggestion is shown unasked from this precision on.
LEAST = 0.9
#: A list that was asked for holds what is likelier right than not.
ASKED = 0.5
#: What the parts of a sort say counts as much as so many suggestions of it.
WEIGHT = 4.0
#: How strongly weights are drawn towards 0, and how far one step of the fit goes at most.
PULL, STEP = 3.0, 1.0
#: Parts of what lies in the file, or the definition, of the edit that asks for it; predictors that are several.
_OWN = ("own", "parameter", "variable", "field")
_KNOWING = frozenset({PredictorKind.RENAME, PredictorKind.SIGNATURE})
_PLAIN = frozenset({PredictorKind.MISFIT, PredictorKind.GONE})
#: Marks of imports that say where: of one that nothing uses any more, of the lines among which one is wanted.
_IMPORT_PLACES = frozenset({"unused", "block"})
_PLACED = _KNOWING | _PLAIN | {PredictorKind.REPEAT}
SEVERAL = 3
#: Refusals of one replacement at several places after which it is made nowhere.
TWICE = 2
TABLE = Path(__file__).parent / "precision.json"
_ORDER = {
    Category.SOURCE: 0,
    Category.TEST: 1,
    Category.DOCS: 2,
    Category.CONFIG: 3,
    Category.BUILD: 3,
    Category.CI: 4,
}


@cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return found


@cache
def measured(what: str = "edits") -> dict[Sort, tuple[float, float]]:
    """For each sort how many were right of how many, where a commit counts for a few of them only."""
    return {Sort.read(key): (float(right), float(made)) for key, (right, made) in _table()[what]["sorts"].items()}


@cache
def precision(sort: Sort) -> float:
    """How often a suggestion of this sort is right; where few were seen, sorts of the same parts count more."""
    return estimate(sort, measured(), _table()["edits"]["parts"])


@cache
def place_precision(sort: Sort) -> float:
    """How often lines of this sort are changed with the commit, in whatever way."""
    return estimate(sort, measured("places"), _table()["places"]["parts"])


def estimate(sort: Sort, sorts: Mapping[Sort, tuple[float, float]], parts: Mapping[str, float]) -> float:
    """The precision of a sort by what was measured of it (right, made), and by its parts.

    What several predictors say is no less sure than what some of them say alone.
    """
    best = max(_estimate(one, sorts, parts) for one in {sort, *(Sort((clue,)) for clue in sort.clues)})
    while len(sort.clues) > 1:
        fewer = [Sort((*sort.clues[:at], *sort.clues[at + 1 :])) for at in range(len(sort.clues))]
        sort = max(fewer, key=lambda some: (_estimate(some, sorts, parts), some.key))
        best = max(best, _estimate(sort, sorts, parts))
    return best


def _estimate(sort: Sort, sorts: Mapping[Sort, tuple[float, float]], parts: Mapping[str, float]) -> float:
    right, made = sorts.get(sort, (0.0, 0.0))
    return (right + WEIGHT * expected(sort, parts)) / (made + WEIGHT)


def expected(sort: Sort, parts: Mapping[str, float]) -> float:
    """What the parts of a sort say of its precision: a logistic regression on them."""
    return 1 / (1 + math.exp(-sum(parts.get(part, 0.0) for part in parts_of(sort))))


def parts_of(sort: Sort) -> list[str]:
    """What a sort is judged by: the predictors' names, each also with each of its parts, and two and two of them.

    Where several predictors make a suggestion it counts too how many they are, the most
    examples that one of them has, whether these are in the same file, and what was passed over. Where one of them knows
    what a name means, where the same text was replaced before says nothing more. Of renames two and two parts count.
    """
    names = sort.predictors
    knows = not _KNOWING.isdisjoint(names)
    found: list[str] = []
    every: set[str] = set()
    for clue in sort.clues:
        every.update(clue.marks)
        if clue.by is PredictorKind.REPEAT and knows:
            continue
        found += [clue.by, *(f"{clue.by} {mark}" for mark in clue.marks)]
        if clue.by is PredictorKind.RENAME:
            pairs = itertools.combinations(sorted(set(clue.marks)), 2)
            found += [f"{clue.by} {mark} {other}" for mark, other in pairs]
    together = itertools.combinations(sorted(names), 2)
    count = max((_examples(part) for part in every), default=0)
    place = "own" if not every.isdisjoint(_OWN) else "other"
    found += [f"all {count}", f"all {place}", f"all {place} {count}", f"all of {min(len(sort.clues), SEVERAL)}"]
    found += [f"all {part}" for part in every if part.startswith("passed")]
    return [*dict.fromkeys([*found, *(f"{one}&{other}" for one, other in together)])]


def _examples(part: str) -> int:
    """How many examples a part of a sort speaks of; where something was done, what asked for it is one more."""
    if part.isdigit():
        return int(part)
    return int(part[4:]) + 1 if re.fullmatch(r"done\d", part) else 0


def fitted(
    sorts: Mapping[Sort, tuple[float, float]], held: Mapping[str, float] | None = None, *, rounds: int = 25
) -> dict[str, float]:
    """The weights of parts that fit what was measured (right, made), drawn towards 0: Newton's step part by part.

    Those of the parts `held` stay what they are, and are not among the answer.
    """
    held = held or {}
    weights = {part: 0.0 for sort in sorts for part in parts_of(sort) if part not in held}
    having: dict[str, list[Sort]] = {part: [] for part in weights}
    for sort in sorts:
        for part in set(parts_of(sort)) - held.keys():
            having[part].append(sort)
    sums = {sort: sum(held.get(part, 0.0) for part in parts_of(sort)) for sort in sorts}
    for _ in range(rounds):
        for part, those in having.items():
            slope, bend = -PULL * weights[part], PULL
            for sort in those:
                right, made = sorts[sort]
                share = 1 / (1 + math.exp(-sums[sort]))
                slope += right - made * share
                bend += made * share * (1 - share)
            step = max(-STEP, min(STEP, slope / bend))
            weights[part] += step
            for sort in those:
                sums[sort] += step
    return {part: round(weight, 3) for part, weight in sorted(weights.items())}


def joined(found: Iterable[NextEdit]) -> list[NextEdit]:
    """Suggestions that come to the same as one, which has all their sorts; the shortest one speaks for them."""
    same: dict[Outcome, list[NextEdit]] = {}
    for item in found:
        if item.old != item.new:
            same.setdefault(item.outcome, []).append(item)
    return [
        replace(min(those, key=lambda item: len(item.old)), sort=Sort.joined(item.sort for item in those))
        for those in same.values()
    ]


def admitted(
    found: Iterable[NextEdit], least: float = LEAST, worth: Callable[[NextEdit], float] = lambda item: 0.0
) -> list[NextEdit]:
    """The suggestions that are sure enough, one for each place, each with its confidence.

    `worth` is how sure a suggestion was before; where that is more it is so sure still.
    """
    best: dict[tuple[str, int, int], NextEdit] = {}
    for item in joined(found):
        sure = replace(item, confidence=max(round(precision(item.sort), 3), worth(item)))
        known = best.get(sure.place)
        if sure.confidence >= least and (known is None or known.confidence < sure.confidence):
            best[sure.place] = sure
    kept: list[NextEdit] = []
    for item in sorted(best.values(), key=lambda item: (item.path, item.line, item.column)):
        if not kept or kept[-1].path != item.path or kept[-1].end <= (item.line, item.column):
            kept.append(item)
        elif kept[-1].confidence < item.confidence:
            kept[-1] = item
    return kept


def is_placed(sort: Sort) -> bool:
    """Whether what a sort rests on tells a place to look at, whatever is to be done there.

    An import that is not there has its place anywhere, one that is idle where it stands.
    """
    idle = any(clue.by is PredictorKind.IMPORT and not _IMPORT_PLACES.isdisjoint(clue.marks) for clue in sort.clues)
    return idle or not _PLACED.isdisjoint(sort.predictors)


def is_plain(sort: Sort) -> bool:
    """Whether what is written at a place does not fit what is defined now, whether or not somebody mends it."""
    return sort.predictors[0] in _PLAIN


def admitted_places(
    items: Iterable[NextEdit], places: Iterable[Place], shown: Iterable[NextEdit], least: float = LEAST
) -> list[Place]:
    """The places that are sure enough and at which no suggestion is `shown`, one for each line, in their order.

    What is too unsure as a suggestion may be sure as a place: what stands there is changed most often, somehow.
    """
    items = [item for item in joined(items) if is_placed(item.sort)]
    taken = {(item.path, line) for item in shown for line in range(item.line, item.end[0] + 1)}
    best: dict[tuple[str, int], Place] = {}
    for place in (*map(Place.of, items), *places):
        if any((place.path, line) in taken for line in range(place.line, place.end + 1)):
            continue
        sure = replace(place, confidence=round(place_precision(place.sort), 3))
        known = best.get((sure.path, sure.line))
        if sure.confidence >= least and (known is None or known.confidence < sure.confidence):
            best[sure.path, sure.line] = sure
    return [best[where] for where in sorted(best)]


class Refusals:
    """What somebody did not want: a suggestion at its place, and after two such refusals the same one anywhere."""

    def __init__(self) -> None:
        self._places: set[tuple[str, str, str, str]] = set()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, item: NextEdit, place: str) -> None:
        """A suggestion was put away; `place` tells where it was, however the text around it moves."""
        if not self.holds(item, place):
            self.keep(item, place)
            self._counts[item.old, item.new] += 1

    def keep(self, item: NextEdit, place: str) -> None:
        """A suggestion is not to be made again at its place, for a reason that says nothing of others."""
        self._places.add((item.path, place, item.old, item.new))

    def holds(self, item: NextEdit, place: str) -> bool:
        """Whether a suggestion is not made again."""
        return (item.path, place, item.old, item.new) in self._places or self._counts[item.old, item.new] >= TWICE


def in_order(found: Sequence[NextEdit], path: str, line: int) -> list[NextEdit]:
    """Suggestions in the order of the work: behind the last edit in its file, before it, then other files."""

    def key(item: NextEdit) -> tuple[int, bool, str, bool, int, int]:
        own = item.path == path
        order = 0 if own else 1 + _ORDER.get(category(item.path), 5)
        far = PurePosixPath(item.path).parent != PurePosixPath(path).parent
        return order, far, item.path, own and item.line < line, item.line, item.column

    return sorted(found, key=key)
