"""Token ids in one block of memory behave as the tuple of the same ids does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.datatypes import Prompt
from iquest_lsp.token_ids import TokenIds

IDS = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=40)
PLACES = st.none() | st.integers(-50, 50)


@given(IDS, PLACES, PLACES, st.sampled_from([None, 1, 2, -1]))
@pytest.mark.slow
def test_they_are_cut_as_a_tuple_is(ids: list[int], start: int | None, stop: int | None, step: int | None) -> None:
    assert tuple(TokenIds(ids)[start:stop:step]) == tuple(ids)[start:stop:step]


@given(IDS, IDS)
@pytest.mark.slow
def test_they_compare_and_join_as_tuples_do(a: list[int], b: list[int]) -> None:
    assert (TokenIds(a) == TokenIds(b)) is (tuple(a) == tuple(b))
    assert TokenIds(a) + b == TokenIds([*a, *b]) == TokenIds(a) + TokenIds(b)
    for place in range(len(a) + 1):
        assert tuple(TokenIds(a).replaced_from(place, TokenIds(b))) == (*a[:place], *b)
    assert hash(TokenIds(a)) == hash(TokenIds(tuple(a)))
    assert (len(TokenIds(a)), bool(TokenIds(a)), list(TokenIds(a))) == (len(a), bool(a), a)


@given(st.lists(st.integers(0, 3), max_size=60), st.lists(st.integers(0, 3), max_size=60), st.integers(0, 60))
@pytest.mark.slow
def test_the_common_prefix_is_the_longest(a: list[int], b: list[int], alike: int) -> None:
    b = [*a[:alike], *b]
    found = TokenIds(a).common_prefix(TokenIds(b))
    assert a[:found] == b[:found]
    assert found == min(len(a), len(b)) or a[found] != b[found]


@given(IDS)
@pytest.mark.slow
def test_numpy_reads_them_where_they_lie(ids: list[int]) -> None:
    tokens = TokenIds(ids)
    array = np.asarray(tokens)
    assert array.dtype == np.int32
    assert array.tolist() == ids
    assert not ids or np.shares_memory(array, np.frombuffer(tokens.data, np.int32))


def test_a_place_outside_is_an_error() -> None:
    with pytest.raises(IndexError):
        TokenIds([1, 2])[2]
    assert TokenIds([1, 2])[-1] == 2
    with pytest.raises(ValueError, match="3 bytes"):
        TokenIds.of_bytes(b"abc")


def test_a_prompt_takes_any_sequence() -> None:
    assert Prompt((1, 2)) == Prompt(TokenIds([1, 2])) == Prompt([1, 2])  # type: ignore[arg-type]
    assert TokenIds(b"abcd") == TokenIds([97, 98, 99, 100]) == TokenIds(iter((97, 98, 99, 100)))
    assert repr(TokenIds(range(9))) == "TokenIds([0, 1, 2, 3, 4, 5, 6, 7, ...], 9 tokens)"
