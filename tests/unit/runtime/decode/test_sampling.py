"""Speculative sampling keeps the distribution: compared with plain sampling by chi-square on a tiny vocabulary."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.datatypes import Sampling
from iquest_lsp.runtime.decode.sampling import CLOSE_CALL, DraftToken, Sampler, is_close_call, only

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

SIZE, DRAWS = 6, 6_000
#: The 99.9% quantile of chi-square with SIZE - 1 degrees of freedom.
CRITICAL = 20.515


def logits(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 1.5, SIZE).astype(np.float32)


def chi_square(counts: NDArray[np.int64], weights: NDArray[np.float64]) -> float:
    expected = weights * counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.7])
def test_judged_drafts_of_another_distribution_follow_the_wanted_one(temperature: float) -> None:
    sampler = Sampler(Sampling(temperature), np.random.default_rng(11))
    wanted, offered = logits(1), logits(2)
    counts = np.zeros(SIZE, np.int64)
    for _ in range(DRAWS):
        draft, confidence = sampler.propose(offered)
        assert confidence == sampler.weights(offered)[draft.token]
        counts[sampler.judge(wanted, draft).token] += 1
    assert chi_square(counts, sampler.weights(wanted)) < CRITICAL
    assert chi_square(counts, sampler.weights(offered)) > CRITICAL


@pytest.mark.slow
@pytest.mark.parametrize("draft", range(SIZE))
def test_certain_drafts_do_too(draft: int) -> None:
    sampler = Sampler(Sampling(0.8), np.random.default_rng(draft))
    counts = np.zeros(SIZE, np.int64)
    accepted = 0
    for _ in range(DRAWS):
        choice = sampler.judge(logits(3), DraftToken(draft))
        counts[choice.token] += 1
        accepted += choice.is_draft
        assert choice.is_draft == (choice.token == draft)
    assert chi_square(counts, sampler.weights(logits(3))) < CRITICAL
    assert accepted == counts[draft]


def test_greedy_takes_the_draft_only_if_it_is_the_best() -> None:
    sampler = Sampler(Sampling(0.0), np.random.default_rng(0))
    row = logits(4)
    best = int(row.argmax())
    assert sampler.judge(row, DraftToken(best)).is_draft
    other = sampler.judge(row, DraftToken((best + 1) % SIZE))
    assert (other.token, other.is_draft) == (best, False)


def test_log_probabilities_are_those_of_temperature_one() -> None:
    row = logits(5)
    exact = row.astype(np.float64) - np.log(np.exp(row.astype(np.float64)).sum())
    for temperature in (0.0, 2.0):
        choice = Sampler(Sampling(temperature), np.random.default_rng(1)).choose(row)
        assert choice.logprob == pytest.approx(exact[choice.token], abs=1e-5)


def test_other_tokens_are_ruled_out() -> None:
    sampler = Sampler(Sampling(1.0), np.random.default_rng(1))
    row = only(np.zeros(SIZE, np.float32), [2, 4])
    assert {sampler.choose(row).token for _ in range(100)} == {2, 4}
    assert only(row, []) is row


def test_what_is_not_drawn() -> None:
    row = np.log(np.array([0.4, 0.3, 0.15, 0.1, 0.05], dtype=np.float32))

    def drawn(**rules: float) -> list[int]:
        weights = Sampler(Sampling(1.0, **rules), np.random.default_rng(0)).weights(row)  # type: ignore[arg-type]
        assert weights.sum() == pytest.approx(1)
        return [int(token) for token in np.flatnonzero(weights)]

    assert drawn() == [0, 1, 2, 3, 4]
    assert drawn(top_k=2) == [0, 1]
    assert drawn(top_p=0.71) == [0, 1, 2]
    assert drawn(top_p=0.0) == [0]
    assert drawn(min_p=0.3) == [0, 1, 2]
    assert drawn(top_k=3, top_p=0.8) == [0, 1]  # 0.7 of the 0.85 that the three have


@pytest.mark.parametrize("draft", range(3))
def test_judged_drafts_keep_to_what_may_be_drawn(draft: int) -> None:
    row = logits(3)
    sampler = Sampler(Sampling(0.8, top_k=4, top_p=0.9), np.random.default_rng(draft))
    weights = sampler.weights(row)
    counts = np.zeros(SIZE, dtype=np.int64)
    for _ in range(DRAWS):
        offered, _ = sampler.propose(logits(draft))
        counts[sampler.judge(row, offered).token] += 1
    there = weights > 0
    assert counts[~there].sum() == 0
    assert chi_square(counts[there], weights[there]) < CRITICAL


@pytest.mark.parametrize(("gap", "is_close"), [(0.0, True), (0.9 * CLOSE_CALL, True), (1.1 * CLOSE_CALL, False)])
def test_what_is_close(gap: float, is_close: bool) -> None:
    for best in (0, 3, 7):
        row = np.full(8, -5.0, np.float32)
        row[best], row[(best + 4) % 8] = 2.0, 2.0 - gap
        assert is_close_call(row) == is_close


def test_a_token_that_alone_is_left_is_not_close() -> None:
    row = np.full(4, -np.inf, np.float32)
    row[2] = 1.0
    assert not is_close_call(row)
    assert not is_close_call(row[2:3])
