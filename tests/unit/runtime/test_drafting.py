"""Prompt lookup: the longest earlier match wins, of equal ones the latest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.drafting import LONGEST_MATCH, SHORTEST_MATCH, Found, Lookup


def find(tokens: list[int], most: int = 8) -> Found:
    return Lookup(tokens, 4).find(most)


def test_what_followed_the_longest_match_is_drafted() -> None:
    found = find([1, 2, 3, 4, 5, 9, 9, 3, 4, 6, 7, 2, 3, 4])
    assert found == Found((5, 9, 9, 3, 4, 6, 7, 2), 3)


def test_of_equal_matches_the_latest_counts() -> None:
    assert find([1, 2, 5, 1, 2, 6, 1, 2], most=1) == Found((6,), 2)


def test_one_equal_token_is_no_match() -> None:
    assert find([1, 2, 3, 1]) == Found()
    assert find([]) == Found()
    assert find([1]) == Found()
    assert find([1, 2, 1, 2], most=0) == Found()


def test_the_answer_itself_is_searched_too() -> None:
    lookup = Lookup([7, 8, 9], 6)
    for token in (1, 7, 8):
        lookup.add(token)
    assert lookup.find(8) == Found((9, 1, 7, 8), 2)


@given(st.lists(st.integers(0, 3), max_size=60))
def test_agrees_with_a_search_in_plain_words(tokens: list[int]) -> None:
    best, place = 0, -1
    for end in range(len(tokens) - 1):
        match = 0
        while match < LONGEST_MATCH and end - match >= 0 and tokens[end - match] == tokens[len(tokens) - 1 - match]:
            match += 1
        if match >= max(best, SHORTEST_MATCH):
            best, place = match, end
    expected = Found() if place < 0 else Found(tuple(tokens[place + 1 : place + 6]), best)
    assert find(tokens, most=5) == expected
