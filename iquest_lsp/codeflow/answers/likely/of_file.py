"""How likely each change of a file brought a bug in it, where nothing but the file is known.

A conditional logit (McFadden, 1974) over a file's commits, fitted by `benchmarks/suspects_fit.py` to fixes whose
messages name the commit that they mend, in repositories that the published figures leave out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex

#: How many of the newest commits on a file are candidates.
MAX_CHANGES = 300


@dataclass(frozen=True, slots=True)
class ChangeOfFile:
    """A commit's change of a file: how many commits on the file and in all came after it, and its lines there."""

    entry: Entry
    later_here: int
    later: int
    lines_here: int

    def features(self) -> tuple[float, ...]:
        """What the likelihood depends on, as logarithms: most of these counts span four orders of magnitude."""
        counts = (self.lines_here, self.later_here, self.entry.files, self.entry.lines, self.later)
        return tuple(math.log1p(max(count, 0)) for count in counts)


#: For each of the features.
WEIGHTS = (0.33, -0.152, -0.555, 0.299, -0.762)


def changes_of_file(index: FlowIndex, path: str) -> list[ChangeOfFile]:
    """The newest changes of a file in HEAD, its earlier names included; merges are none."""
    names = index.renamed_from(path)
    entries = index.complete([item for item in index.on_paths(names, MAX_CHANGES) if not item.merge])
    here, newest = index.lines_on(names), index.newest
    return [
        ChangeOfFile(entry, rank, newest - entry.order, here.get(entry.key, 0)) for rank, entry in enumerate(entries)
    ]


def shares(changes: Sequence[ChangeOfFile], weights: Sequence[float] = WEIGHTS) -> list[float]:
    """The likelihood of each change to be the culprit; together they make 1."""
    return likelihoods([change.features() for change in changes], weights)


def likelihoods(rows: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """The likelihood of each of some candidates, by their features."""
    scores = [sum(map(float.__mul__, weights, row)) for row in rows]
    highest = max(scores, default=0.0)
    powers = [math.exp(score - highest) for score in scores]
    return [power / sum(powers) for power in powers]
