"""Figures with their intervals: bits per byte, shares, and how far a confidence can be trusted."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from iquest_lsp.bench.replay import wilson

#: Share of shown answers that must be right for the calibration figure.
PRECISION = 0.8
#: Draws of the bootstrap.
RESAMPLED = 2000
#: Borders of the probabilities by which answers are grouped.
BINS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


def per_byte(bits: Sequence[float], sizes: Sequence[int], seed: int = 0) -> dict[str, float]:
    """Bits per byte over all windows, with a 95% interval from resampling windows."""
    costs, weights = np.array(bits), np.array(sizes, float)
    draw = np.random.default_rng(seed)
    picks = draw.integers(0, len(costs), (RESAMPLED, len(costs)))
    spread = costs[picks].sum(1) / weights[picks].sum(1)
    low, high = np.percentile(spread, (2.5, 97.5))
    return {"value": float(costs.sum() / weights.sum()), "low": float(low), "high": float(high)}


def share(hits: Sequence[bool]) -> dict[str, float]:
    """A share with Wilson's 95% interval."""
    low, high = wilson(sum(hits), len(hits))
    return {"value": sum(hits) / max(1, len(hits)), "low": low, "high": high}


def same(written: str, target: str) -> bool:
    """Whether a text is met exactly, trailing blanks of its lines aside."""
    return [line.rstrip() for line in written.rstrip().split("\n")] == [
        line.rstrip() for line in target.rstrip().split("\n")
    ]


def exact(written: Sequence[str], targets: Sequence[str]) -> dict[str, float]:
    """Share of targets met exactly, with its interval, and the mean edit similarity."""
    pairs = list(zip(written, targets, strict=True))
    similar = [
        difflib.SequenceMatcher(None, line.rstrip(), target.rstrip(), autojunk=False).ratio() for line, target in pairs
    ]
    found = share([same(line, target) for line, target in pairs])
    return found | {"edit_similarity": float(np.mean(similar)) if similar else 0.0}


def calibration(confidences: Sequence[float], hits: Sequence[bool], precision: float = PRECISION) -> dict[str, float]:
    """The lowest confidence from which on at least `precision` of the answers are right.

    Returns that threshold, the share of answers at or above it, and their precision. The threshold is 1 and the share
    0 where no threshold reaches the precision.
    """
    order = sorted(zip(confidences, hits, strict=True), reverse=True)
    best = {"threshold": 1.0, "shown": 0.0, "precision": 1.0}
    right = 0
    for count, (confidence, hit) in enumerate(order, 1):
        right += hit
        last = count == len(order) or order[count][0] < confidence  # equal confidences are shown together
        if last and right / count >= precision:
            best = {"threshold": confidence, "shown": count / len(order), "precision": right / count}
    return best


def saving(bits: Sequence[float], against: Sequence[float], seed: int = 0) -> dict[str, float]:
    """By what share the first needs fewer bits than the second for the same texts, with a 95% interval."""
    first, second = np.array(bits), np.array(against)
    draw = np.random.default_rng(seed)
    picks = draw.integers(0, len(first), (RESAMPLED, len(first)))
    low, high = np.percentile(1 - first[picks].sum(1) / second[picks].sum(1), (2.5, 97.5))
    return {"value": float(1 - first.sum() / second.sum()), "low": float(low), "high": float(high)}


def difference(hits: Sequence[bool], others: Sequence[bool], seed: int = 0) -> dict[str, float]:
    """How much larger the first share is, both taken at the same places, with a 95% interval; `gained` and `lost`
    count the places that only one of them has right."""
    first, second = np.array(hits, float), np.array(others, float)
    change = first - second
    result = {"value": 0.0, "low": 0.0, "high": 0.0, "gained": int((change > 0).sum()), "lost": int((change < 0).sum())}
    if len(change):
        picks = np.random.default_rng(seed).integers(0, len(change), (RESAMPLED, len(change)))
        low, high = np.percentile(change[picks].mean(1), (2.5, 97.5))
        result |= {"value": float(change.mean()), "low": float(low), "high": float(high)}
    return result


def reliability(confidences: Sequence[float], hits: Sequence[bool]) -> list[dict[str, float]]:
    """Answers grouped by the probability they were given (borders BINS): how many, its mean, and the share right."""
    sure, right = np.array(confidences), np.array(hits, float)
    kinds = np.searchsorted(BINS, sure, side="right")
    return [
        {"count": int(at.sum()), "said": float(sure[at].mean()), "right": float(right[at].mean())}
        for kind in range(len(BINS) + 1)
        if (at := kinds == kind).any()
    ]
