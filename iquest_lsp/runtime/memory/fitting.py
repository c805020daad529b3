"""Fits how far a model leans on a memory (see shares.py), by expectation maximization.

Each token that was scored belongs to the memory with the probability that the mixture gives; with these as targets the
gate is a logistic regression, improved by one Newton step a round (Jordan and Jacobs, "Hierarchical mixtures of experts
and the EM algorithm", 1994). Rows of orders that were seldom found keep to the row of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.memory.shares import FEATURES, MOST, ShareRows
from iquest_lsp.runtime.memory.store import ORDERS

ROUNDS = 40
#: How strongly a row keeps to that of all orders, as so many tokens.
PRIOR = 30.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredTokens:
    """Scored tokens with a forecast: what the model and the memory gave each, what the memory left, the row of the
    gate, and the features [tokens, FEATURES]."""

    model: Floats
    memory: Floats
    left: Floats
    row: NDArray[np.int64]
    features: Floats

    def part(self, chosen: NDArray[np.bool_]) -> ScoredTokens:
        """Some of the tokens."""
        return ScoredTokens(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @classmethod
    def joined(cls, samples: Sequence[ScoredTokens]) -> ScoredTokens:
        """The tokens of several."""
        return cls(*(np.concatenate([getattr(one, each.name) for one in samples]) for each in fields(cls)))


def mixed(sample: ScoredTokens, rows: Floats) -> Floats:
    """The mixture's probability of each token."""
    share = _shares(sample, rows)
    return share * (sample.memory + sample.left * sample.model) + (1 - share) * sample.model


def fit(sample: ScoredTokens) -> Floats:
    """The likeliest gate; [len(ORDERS) + 1, FEATURES]. Without tokens it gives the memory next to nothing."""
    alike = np.zeros((len(ORDERS) + 1, FEATURES))
    alike[:, 0] = -1.0 if len(sample.model) else -30.0
    if not len(sample.model):
        return alike
    everywhere = np.ones(len(sample.model), np.bool_)
    for _ in range(ROUNDS):
        alike[:] = _step(sample, everywhere, alike, alike[0], 1.0)
    rows = alike.copy()
    for _ in range(ROUNDS):
        new = rows.copy()
        for number in range(len(rows)):
            here = sample.row == number
            if here.any():
                new[number] = _step(sample, here, rows, alike[0], PRIOR)
        rows = new
    return rows


def as_rows(rows: Floats) -> ShareRows:
    """For the table."""
    return tuple(tuple(round(float(value), 3) for value in row) for row in rows)


def _step(sample: ScoredTokens, here: NDArray[np.bool_], rows: Floats, to: Floats, prior: float) -> Floats:
    """One row after one step of Newton's method on the expected membership, kept near `to`."""
    share = _shares(sample, rows)[here]
    own = share * (sample.memory + sample.left * sample.model)[here]
    owed = own / np.maximum(own + (1 - share) * sample.model[here], 1e-30)
    features = sample.features[here]
    row = rows[int(sample.row[here][0])]
    gradient = features.T @ (owed - share) - prior * 0.25 * (row - to)
    hessian = (features * (share * (1 - share))[:, None]).T @ features + prior * 0.25 * np.eye(FEATURES)
    return np.asarray(row + np.linalg.solve(hessian, gradient))


def _shares(sample: ScoredTokens, rows: Floats) -> Floats:
    odds = (sample.features * rows[sample.row]).sum(axis=1)
    share: Floats = np.minimum(1 / (1 + np.exp(-np.clip(odds, -30, 30))), MOST)
    return share
