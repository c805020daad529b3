"""Which pairs of neighbouring tokens a text has had."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from iquest_lsp.runtime.decode.seen_pairs import SeenPairs

TEXT = np.array([1, 2, 3, 1, 2, 9], np.int32)


def test_nothing_was_seen_at_first() -> None:
    assert not SeenPairs().may_have(1, 2)


def test_noted_pairs_are_seen_and_others_are_not() -> None:
    seen = SeenPairs()
    seen.note(5, TEXT)
    assert all(seen.may_have(int(one), int(other)) for one, other in itertools.pairwise(TEXT))
    assert not seen.may_have(2, 1)
    assert not seen.may_have(9, 1)


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_text_that_is_cut_back_forgets(kept: int) -> None:
    seen = SeenPairs()
    seen.note(5, TEXT)
    seen.keep(kept, TEXT)
    assert seen.may_have(2, 9) is False
    assert seen.may_have(1, 2) is (kept >= 1)
    seen.keep(99, TEXT)
    seen.note(5, TEXT)
    assert seen.may_have(2, 9)


def test_a_token_at_a_time_is_as_all_at_once() -> None:
    one, other = SeenPairs(), SeenPairs()
    long = np.arange(5000, dtype=np.int32)
    for count in range(1, 5000):
        one.note(count, long)
    other.note(4999, long)
    assert all(one.may_have(at, at + 1) and other.may_have(at, at + 1) for at in range(0, 4999, 7))
