"""Fits the weights of suspects, of `of_file.py` and `of_place.py` in `iquest_lsp/codeflow/answers/likely/`.

`python -m benchmarks.suspects_fit FOLDER [NAME...] --store FOLDER [--pairs FILE]` checks out the parent of each fix in
the clones FOLDER/NAME (nothing else may use them) and asks for the features of the commits that may be its culprit, by
the file that the fix mends, by its line, and by a log that ends there. Printed are the weights fitted to all pairs of
these repositories whose fix names its culprit, and how often the culprit is first, and among the first three, where
the weights are fitted to the other pairs (five parts), with 95% intervals (Wilson).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.suspects_truth import Pair, check_out, log_of, pairs_of, share_of
from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers.likely.of_file import changes_of_file
from iquest_lsp.codeflow.answers.likely.of_place import ChangedNames, sights_of
from iquest_lsp.codeflow.answers.logs import read_log
from iquest_lsp.codeflow.answers.suspects import target_of_frame
from iquest_lsp.codeflow.answers.targets import Target, find_target
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.index_access import index_of
from iquest_lsp.errors import IQuestError

#: Of the squared weights, for each example (ridge).
PENALTY = 0.05
#: What each feature can speak for: 1 and -1 for one side alone, 0 for both.
FILE_SIGNS = (1, -1, -1, 0, -1)
PLACE_SIGNS = (-1, -1, 0, -1, -1, 1, -1, 1, -1, 1, -1, -1, 1, 1, 1)
PARTS = 5


@dataclass(frozen=True, slots=True)
class Example:
    """The features of the candidates, and which of them is the culprit; -1 where it is none of them."""

    features: np.ndarray
    culprit: int


def examples(root: Path, pair: Pair, store: Path) -> dict[str, Example]:
    """The questions as they are asked of the commit before the fix."""
    check_out(root, f"{pair.fix}^")
    repository = Repository.open(root, shows_all)
    with index_of(repository, store, [pair.path]) as index:
        changes = changes_of_file(index, pair.path)
        found = {"file": _example(pair, [(item.entry.oid, item.features()) for item in changes])}
        found["line"] = _of_place(index, pair, find_target(repository, f"{pair.path}:{pair.line}"))
        frames = read_log(log_of(root, pair), repository.files()).frames
        if frames:
            found["log"] = _of_place(index, pair, target_of_frame(repository, frames[0]))
    return found


def _of_place(index: FlowIndex, pair: Pair, target: Target) -> Example:
    sights = sights_of(index, target, ChangedNames(index.repository))
    return _example(pair, [(sight.change.entry.oid, sight.features()) for sight in sights])


def _example(pair: Pair, rows: Sequence[tuple[str, Sequence[float]]]) -> Example:
    oids = [oid for oid, _ in rows]
    at = oids.index(pair.culprit) if pair.culprit in oids else -1
    return Example(np.array([features for _, features in rows]), at)


def fit(some: Sequence[Example], signs: Sequence[int]) -> np.ndarray:
    """The weights of a conditional logit, by Newton's method; those that come out with the wrong sign are 0."""
    known = [item for item in some if item.culprit >= 0 and len(item.features) > 1]
    scale = np.vstack([item.features for item in known]).std(0)
    scale[scale == 0] = 1.0
    free = list(range(len(signs)))
    while True:
        rows = [((item.features / scale)[:, free], item.culprit) for item in known]
        weights = _newton(rows, PENALTY * len(known))
        wrong = [at for at, weight in zip(free, weights, strict=True) if signs[at] * weight < 0]
        if not wrong:
            whole = np.zeros(len(signs))
            whole[free] = weights
            rounded: np.ndarray = np.round(whole / scale, 3)
            return rounded
        free.remove(max(wrong, key=lambda at: abs(weights[free.index(at)])))


def _newton(rows: Sequence[tuple[np.ndarray, int]], penalty: float) -> np.ndarray:
    count = rows[0][0].shape[1]
    weights = np.zeros(count)
    for _ in range(40):
        slope, bend = -penalty * weights, penalty * np.eye(count)
        for features, culprit in rows:
            likely = _likely(features @ weights)
            mean = likely @ features
            slope += features[culprit] - mean
            bend += (features * likely[:, None]).T @ features - np.outer(mean, mean)
        step, before = np.linalg.solve(bend, slope), _goodness(rows, weights, penalty)
        while _goodness(rows, weights + step, penalty) < before and np.abs(step).max() > 1e-6:
            step = step / 2
        weights = weights + step
        if np.abs(step).max() < 1e-5:
            break
    return weights


def _goodness(rows: Sequence[tuple[np.ndarray, int]], weights: np.ndarray, penalty: float) -> float:
    told = sum(float(np.log(_likely(features @ weights)[culprit] + 1e-300)) for features, culprit in rows)
    return told - penalty * float(weights @ weights) / 2


def _likely(scores: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(scores - scores.max())
    shares: np.ndarray = powers / powers.sum()
    return shares


def rank(item: Example, weights: np.ndarray) -> int:
    """Where the weights put the culprit, from 1; 0 where it is no candidate."""
    scores = item.features @ weights if item.culprit >= 0 else np.zeros(1)
    return 1 + int((scores > scores[item.culprit]).sum()) if item.culprit >= 0 else 0


def ranks(some: Sequence[Example], signs: Sequence[int]) -> list[int]:
    """The ranks of all, each by weights that are fitted to the other parts."""
    drawn = random.Random(1).sample(some, len(some))
    found = []
    for part in range(PARTS):
        others = [item for at, item in enumerate(drawn) if at % PARTS != part]
        weights = fit(others, signs)
        found += [rank(item, weights) for item in drawn[part::PARTS]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME")
    parser.add_argument("--store", type=Path, required=True, help="where indexes of small histories are kept")
    parser.add_argument("--pairs", type=Path, help="the pairs, where they are not those of truth/suspects.csv")
    given = parser.parse_args()
    found: dict[str, list[Example]] = {"file": [], "line": [], "log": []}
    for pair in pairs_of(given.pairs, given.names):
        short = pair.repository.rsplit("/", 1)[-1]
        try:
            asked = examples(given.folder / short, pair, given.store / short) if pair.how != "revert" else {}
        except IQuestError as error:
            print(f"{pair.fix}: {error}", file=sys.stderr)
            continue
        for question, item in asked.items():
            if len(item.features):
                found[question].append(item)
    for question, some in found.items():
        if len(some) < PARTS:
            continue
        signs = FILE_SIGNS if question == "file" else PLACE_SIGNS
        places = ranks(some, signs)
        first, three = sum(at == 1 for at in places), sum(0 < at <= 3 for at in places)
        print(question, len(some), "first", share_of(first, len(some)), "three", share_of(three, len(some)))
        print("weights", tuple(map(float, fit(some, signs))))


if __name__ == "__main__":
    main()
