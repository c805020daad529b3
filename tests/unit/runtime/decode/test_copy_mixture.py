"""Mixing in what the prompt repeats: the longest match against a search in plain words, the mixture, the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.decode.copy_mixture import LONGEST_MATCH, Copies, CopyMixture, CopyShares

SIZES = np.array([0, 1, 2, 3, 4, 1], np.int32)
SHARES = CopyShares((2, 5), ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)))
VOCABULARY = len(SIZES)


def brute(prompt: Sequence[int], written: Sequence[int], allowed: set[int] | None) -> tuple[dict[int, int], int] | None:
    """What followed the longest earlier occurrences in the prompt of the end of the text, and the bytes that agree."""
    text = [*prompt, *written]
    best: tuple[int, Counter[int], int] = (-1, Counter(), 0)
    for place in range(len(prompt)):
        if allowed is not None and prompt[place] not in allowed:
            continue
        match = 0
        while match < min(place, len(text)) and prompt[place - 1 - match] == text[len(text) - 1 - match]:
            match += 1
        if match > best[0]:
            best = (match, Counter(), int(SIZES[list(prompt[place - match : place])].sum()))
        if match == best[0]:
            best[1][prompt[place]] += 1
    least = 1 if allowed is None else 0
    return (dict(best[1]), best[2]) if best[0] >= least else None


@given(
    st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=40),
    st.lists(st.integers(0, VOCABULARY - 1), max_size=12),
    st.none() | st.sets(st.integers(0, VOCABULARY - 1), min_size=1),
)
@pytest.mark.slow
def test_agrees_with_a_search_in_plain_words(prompt: list[int], written: list[int], allowed: set[int] | None) -> None:
    copies = Copies(prompt, SIZES)
    for token in written:
        copies.add(token)
    found = copies.find(None if allowed is None else sorted(allowed))
    expected = brute(prompt, written, allowed)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert Counter(found.followers.tolist()) == expected[0]
    tokens, parts = found.shares()
    assert sorted(tokens.tolist()) == sorted(expected[0])
    assert parts.sum() == pytest.approx(1.0)
    assert found.size == expected[1]


def test_a_long_match_is_followed_as_far_as_it_counts() -> None:
    stretch = [1, 2, 3, 4, 5] * 20
    copies = Copies([0, *stretch, 0, *stretch], SIZES)
    found = copies.find()
    assert found is not None
    assert found.size >= LONGEST_MATCH


def test_the_mixture_is_a_distribution_with_the_share_of_its_class() -> None:
    copying = CopyMixture(Copies([3, 4, 5, 3, 4], SIZES), SHARES)  # 7 bytes agree, once: a share of 0.4
    logits = np.array([0.0, 1.0, 2.0, -np.inf, 0.5, -1.0], np.float32)
    mixed = np.exp(copying.weigh(logits))
    model = np.exp(logits) / np.exp(logits).sum()
    expected = 0.6 * model
    expected[5] += 0.4
    assert np.allclose(mixed, expected, atol=1e-6)


def test_occurrences_that_differ_share_by_how_often() -> None:
    copying = CopyMixture(Copies([0, 2, 3, 5, 2, 4, 1, 2, 3, 2], SIZES), SHARES)
    mixed = np.exp(copying.weigh(np.array([9.0, 0, 0, 0, 0, 0], np.float32)))
    assert mixed[3] - mixed[5] == pytest.approx(0.3 * 2 / 3, abs=1e-4)
    assert mixed[4] - mixed[5] == pytest.approx(0.3 * 1 / 3, abs=1e-4)


def test_nothing_repeated_or_too_little_leaves_the_logits_alone() -> None:
    logits = np.zeros(VOCABULARY, np.float32)
    assert CopyMixture(Copies([1, 2, 3], SIZES), SHARES).weigh(logits) is logits
    assert CopyMixture(Copies([1, 2, 3, 1], SIZES), SHARES).weigh(logits) is logits  # one byte
    assert CopyMixture(Copies([0, 2, 3, 0], SIZES), SHARES).weigh(logits) is logits  # a control token


def test_a_half_typed_word_is_copied_from_where_it_begins_alike() -> None:
    copying = CopyMixture(Copies([1, 3, 1, 4, 2], SIZES), SHARES)
    mixed = np.exp(copying.weigh(np.zeros(VOCABULARY, np.float32), allowed=[3, 5], spelled=2))
    assert mixed.argmax() == 3


def test_a_fork_leaves_the_first_as_it_was() -> None:
    copying = CopyMixture(Copies([3, 4, 5, 3, 4], SIZES), SHARES)
    logits = np.zeros(VOCABULARY, np.float32)
    before = copying.weigh(logits)
    copying.fork().add(1)
    assert np.array_equal(copying.weigh(logits), before)


def test_a_table_is_read_as_it_is_written() -> None:
    assert CopyShares.parse(str(SHARES)) == SHARES
    assert [SHARES.row(size) for size in (0, 1, 2, 4, 5, 99)] == [-1, -1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "7",
        "[[3]]",
        "[[3, 0.1, 0.2]]",
        "[[3, 0.1, 0.2, 1.0]]",
        "[[3, 0.1, 0.2, -0.1]]",
        '[["a", 1]]',
        "[[3, 0.1, 0.2, 0.3], [3, 0.1, 0.2, 0.3]]",
        "[[9, 0, 0, 0], [3, 0, 0, 0]]",
        "[[3, NaN, 0, 0]]",
        "[null]",
        "[" * 100_000,
        f"[[3, 1{'0' * 400}, 0, 0]]",
        "[[Infinity, 0, 0, 0]]",
    ],
)
def test_what_is_no_table_is_none(text: str) -> None:
    assert CopyShares.parse(text) is None
