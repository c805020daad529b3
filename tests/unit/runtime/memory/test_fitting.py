"""How far a model leans on a memory, fitted to what both said of some tokens."""

from __future__ import annotations

import numpy as np
import pytest

from iquest_lsp.runtime.memory.fitting import ScoredTokens, as_rows, fit, mixed
from iquest_lsp.runtime.memory.shares import FEATURES
from iquest_lsp.runtime.memory.store import ORDERS


def scored(model: float, memory: float, count: int = 50) -> ScoredTokens:
    features = np.tile([1.0, 0.5, 0.5, -0.5], (count, 1))
    return ScoredTokens(
        np.full(count, model), np.full(count, memory), np.full(count, 0.1), np.ones(count, np.int64), features
    )


def test_without_tokens_the_memory_counts_for_nothing() -> None:
    rows = fit(scored(0.5, 0.5, 0))
    assert rows.shape == (len(ORDERS) + 1, FEATURES)
    assert mixed(scored(0.2, 0.9, 1), rows)[0] == pytest.approx(0.2)


def test_a_memory_that_knows_better_is_leaned_on() -> None:
    good, bad = scored(0.1, 0.9), scored(0.9, 0.0)
    assert mixed(good, fit(good)).mean() > 0.8
    assert mixed(bad, fit(bad)).mean() > 0.85
    assert mixed(good, fit(bad)).mean() < 0.2


def test_parts_and_joined_samples_are_the_same_tokens() -> None:
    sample = scored(0.1, 0.9, 4)
    chosen = np.array([True, False, True, False])
    part = sample.part(chosen)
    assert len(part.model) == 2
    assert len(ScoredTokens.joined([part, sample]).model) == 6


def test_rows_are_rounded_for_the_table() -> None:
    assert as_rows(np.array([[0.12345, 1.0]])) == ((0.123, 1.0),)
