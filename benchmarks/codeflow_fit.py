"""Weights of the signals for files that change together: `python -m benchmarks.codeflow_fit REPOSITORY...`.

Fits a conditional logit to hidden files of all histories, each counting the same, and prints its weights, which belong
into `codeflow/past/likely_signals.py`. For each history it also prints recall@5 with weights fitted to all the others,
against the better of the two baselines of `codeflow_recall`: these are the figures to publish.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.codeflow_recall import Texts, history, most_changed, questions, same_folder
from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.likely_signals import signals

MOST = 250  # questions of one history that are looked at
PENALTY = 0.02
STEPS, STEP = 25, 0.7

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A history's questions: signals of all candidates [n, signals], how many each question has, where the right is."""

    rows: Floats
    lengths: NDArray[np.int64]
    right: NDArray[np.int64]
    baseline: float

    def recall(self, weights: Floats) -> float:
        """The share of hidden files among the first five."""
        scores = self.rows @ weights
        better = scores > np.repeat(scores[self.right], self.lengths) + 1e-9
        return float(np.mean(np.add.reduceat(better.astype(int), _starts(self.lengths)) < 5))


def case_of(root: Path) -> Case:
    """Reads one history; the questions are drawn with a fixed seed."""
    with Repository.open(root, shows_all).blobs() as reader:
        asked = list(questions(history(root), Texts(reader)))
    if len(asked) > MOST:
        asked = random.Random(0).sample(asked, MOST)
    rows: list[tuple[float, ...]] = []
    lengths, right = [], []
    hits = [0, 0]
    for item in asked:
        found = signals(item.past, item.given, item.sizes, item.mentioned)
        right.append(len(rows) + list(found).index(item.hidden))
        rows += found.values()
        lengths.append(len(found))
        for at, guess in enumerate((most_changed, same_folder)):
            hits[at] += item.hidden in guess(item)[:5]
    return Case(np.array(rows), np.array(lengths), np.array(right), max(hits) / max(1, len(asked)))


def fit(cases: Sequence[Case]) -> Floats:
    """The weights that make the hidden files likeliest, by Newton's method with bounded steps."""
    rows = np.concatenate([case.rows for case in cases])
    middle, spread = rows.mean(0), rows.std(0) + 1e-9
    rows = (rows - middle) / spread
    lengths = np.concatenate([case.lengths for case in cases])
    before = np.cumsum([0, *(len(case.rows) for case in cases[:-1])])
    right = np.concatenate([case.right + offset for case, offset in zip(cases, before, strict=True)])
    share = np.concatenate([np.full(len(case.lengths), 1 / len(case.lengths) / len(cases)) for case in cases])
    starts = _starts(lengths)
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        scores = rows @ weights
        odds = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), lengths))
        chance = odds / np.repeat(np.add.reduceat(odds, starts), lengths)
        weighed = rows * chance[:, None]
        mean = np.add.reduceat(weighed, starts, axis=0)
        slope = ((mean - rows[right]) * share[:, None]).sum(0) + PENALTY * weights
        bend = (weighed * np.repeat(share, lengths)[:, None]).T @ rows - (mean * share[:, None]).T @ mean
        step = np.linalg.solve(bend + PENALTY * np.eye(len(weights)), slope)
        weights -= step * min(1.0, STEP / max(float(np.abs(step).max()), 1e-9))
    fitted: NDArray[np.float64] = weights / spread
    return fitted


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)[:-1]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    roots: list[Path] = parser.parse_args().repositories
    cases = {root.name: case_of(root) for root in roots}
    rows = {}
    for name, case in cases.items():
        held_out = case.recall(fit([other for key, other in cases.items() if key != name]))
        rows[name] = {
            "questions": len(case.lengths),
            "held_out": round(held_out, 3),
            "baseline": round(case.baseline, 3),
            "ratio": round(held_out / max(case.baseline, 1e-9), 2),
        }
    print(json.dumps({"weights": np.round(fit(list(cases.values())), 2).tolist(), "histories": rows}, indent=2))


if __name__ == "__main__":
    main()
