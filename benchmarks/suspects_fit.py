"""Fits the weights of `iquest_lsp/codeflow/answers/file_suspects.py` to the pairs of `truth/suspects.csv`.

`python -m benchmarks.suspects_fit FOLDER [NAME...] [--store FOLDER]` checks out the parent of each fix in the clones
FOLDER/NAME (nothing else may use them) and asks which commits changed the file that the fix mends. The weights are
fitted to fixes that name their culprit, in the repositories of `suspects_truth.FITTED` alone; printed are the weights,
and on both halves how often the culprit is first, and among the first three, with 95% intervals (Wilson).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.suspects_truth import FITTED, Pair, check_out, read, share_of
from iquest_lsp.codeflow.answers.file_suspects import WEIGHTS, changes_of_file, shares
from iquest_lsp.codeflow.facts import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.index_access import index_of
from iquest_lsp.errors import IQuestError

#: Of the squared weights, for each example (ridge).
PENALTY = 0.02
STEPS = 60


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with the features of the file's commits; `culprit` is the place among them, -1 where it is none of them.

    `rank` is where the shipped weights put it, from 1; 0 where it is none.
    """

    pair: Pair
    features: list[tuple[float, ...]]
    culprit: int
    rank: int


def example(root: Path, pair: Pair, store: Path) -> Example:
    """One question as it is asked of the commit before the fix."""
    check_out(root, f"{pair.fix}^")
    repository = Repository.open(root, shows_all)
    with index_of(repository, store, [pair.path]) as index:
        changes = changes_of_file(index, pair.path)
    oids = [change.entry.oid for change in changes]
    at = oids.index(pair.culprit) if pair.culprit in oids else -1
    likely = shares(changes)
    rank = 1 + sum(share > likely[at] for share in likely) if at >= 0 else 0
    return Example(pair, [change.features() for change in changes], at, rank)


def fit(examples: Sequence[Example]) -> list[float]:
    """The weights of a conditional logit, by gradient ascent on scaled features."""
    known = [item for item in examples if item.culprit >= 0 and len(item.features) > 1]
    count = len(WEIGHTS)
    rows = [row for item in known for row in item.features]
    scale = []
    for at in range(count):
        mean = sum(row[at] for row in rows) / len(rows)
        scale.append(math.sqrt(sum((row[at] - mean) ** 2 for row in rows) / len(rows)) or 1.0)
    weights = [0.0] * count
    for _ in range(STEPS * 10):
        slope = [-PENALTY * len(known) * weight for weight in weights]
        for item in known:
            scores = [sum(w * x / s for w, x, s in zip(weights, row, scale, strict=True)) for row in item.features]
            highest = max(scores)
            powers = [math.exp(score - highest) for score in scores]
            total = sum(powers)
            for at in range(count):
                expected = sum(power * row[at] for power, row in zip(powers, item.features, strict=True)) / total
                slope[at] += (item.features[item.culprit][at] - expected) / scale[at]
        weights = [weight + 0.5 * value / len(known) for weight, value in zip(weights, slope, strict=True)]
    return [round(weight / size, 3) for weight, size in zip(weights, scale, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME")
    parser.add_argument("--store", type=Path, required=True, help="where indexes of small histories are kept")
    given = parser.parse_args()
    examples = []
    for pair in read(given.names):
        short = pair.repository.rsplit("/", 1)[-1]
        try:
            examples.append(example(given.folder / short, pair, given.store / short))
        except IQuestError as error:
            print(f"{pair.fix}: {error}", file=sys.stderr)
    named = [item for item in examples if item.pair.how != "revert" and item.pair.repository in FITTED]
    if named:
        print("weights", fit(named))
    for words, half in (("fitted", True), ("held out", False)):
        for kind, undone in (("named", False), ("reverts", True)):
            some = [
                item.rank
                for item in examples
                if (item.pair.repository in FITTED) is half and (item.pair.how == "revert") is undone
            ]
            if some:
                first, three = sum(rank == 1 for rank in some), sum(0 < rank <= 3 for rank in some)
                print(words, kind, len(some), "first", share_of(first, len(some)), "three", share_of(three, len(some)))


if __name__ == "__main__":
    main()
