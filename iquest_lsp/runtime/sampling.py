"""From logits to a token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def only(logits: NDArray[np.float32], tokens: Sequence[int]) -> NDArray[np.float32]:
    """The logits with all other tokens ruled out; unchanged where there is no such token."""
    if not tokens:
        return logits
    kept = np.full_like(logits, -np.inf)
    kept[tokens] = logits[tokens]
    return kept


def without(logits: NDArray[np.float32], tokens: Sequence[int]) -> NDArray[np.float32]:
    """The logits with some tokens ruled out; unchanged where no other would be left."""
    kept = logits.copy()
    kept[[token for token in tokens if 0 <= token < len(kept)]] = -np.inf
    return kept if np.isfinite(kept).any() else logits


def choose(logits: NDArray[np.float32], temperature: float, generator: np.random.Generator) -> tuple[int, float]:
    """The next token and its log-probability at temperature 1: the likeliest at temperature 0, else a sample."""
    top = float(logits.max())
    total = top + float(np.log(np.exp(logits - top, dtype=np.float32).sum()))
    if temperature <= 0:
        token = int(logits.argmax())
    else:
        scaled = (logits - top) / temperature
        weights = np.exp(scaled, dtype=np.float64)
        token = int(generator.choice(len(logits), p=weights / weights.sum()))
    return token, float(logits[token]) - total
