"""Prompt lookup: the longest earlier match wins, of equal ones the latest; copies are followed over their edits."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.decode.drafting import FOLLOWED_MATCH, LONGEST_MATCH, SHORTEST_MATCH, Lookup, LookupDraft
from iquest_lsp.runtime.decode.seen_pairs import SeenPairs


def begun(tokens: list[int]) -> Lookup:
    lookup = Lookup()
    lookup.begin(tokens)
    return lookup


def find(tokens: list[int], most: int = 8) -> LookupDraft:
    return begun(tokens).find(most)


def test_what_followed_the_longest_match_is_drafted() -> None:
    found = find([1, 2, 3, 4, 5, 9, 9, 3, 4, 6, 7, 2, 3, 4])
    assert found == LookupDraft((5, 9, 9, 3, 4, 6, 7, 2), 3)


def test_of_equal_matches_the_latest_counts() -> None:
    assert find([1, 2, 5, 1, 2, 6, 1, 2], most=1) == LookupDraft((6,), 2)


def test_one_equal_token_is_no_match() -> None:
    assert find([1, 2, 3, 1]) == LookupDraft()
    assert find([]) == LookupDraft()
    assert find([1]) == LookupDraft()
    assert find([1, 2, 1, 2], most=0) == LookupDraft()


def test_the_answer_itself_is_searched_too() -> None:
    lookup = begun([7, 8, 9])
    for token in (1, 7, 8):
        lookup.add(token)
    assert lookup.find(8) == LookupDraft((9, 1, 7, 8), 2)


@given(st.lists(st.integers(0, 3), max_size=60))
@pytest.mark.slow
def test_agrees_with_a_search_in_plain_words(tokens: list[int]) -> None:
    best, place = 0, -1
    for end in range(len(tokens) - 1):
        match = 0
        while match < LONGEST_MATCH and end - match >= 0 and tokens[end - match] == tokens[len(tokens) - 1 - match]:
            match += 1
        if match >= max(best, SHORTEST_MATCH):
            best, place = match, end
    found = find(tokens, most=5)
    assert found.match == best
    if best < FOLLOWED_MATCH:  # a copy may be expected to go on with the edits that it had before
        assert found == (LookupDraft() if place < 0 else LookupDraft(tuple(tokens[place + 1 : place + 6]), best))


#: A block in which the name 7 occurs at four places, and what it becomes.
BLOCK = [1, 2, 3, 4, 7, 10, 11, 12, 7, 13, 14, 15, 16, 7, 17, 18, 19, 7, 20, 21, 22, 23, 24]
RENAMES = {"longer": [7, 90], "another": [91], "two more": [7, 90, 91], "gone": []}


def renamed(name: list[int]) -> list[int]:
    return [token for old in BLOCK for token in (name if old == 7 else [old])]


@pytest.mark.parametrize("name", RENAMES.values(), ids=RENAMES)
def test_a_renamed_copy_is_taken_up_behind_the_name_and_the_name_expected_where_it_comes_again(name: list[int]) -> None:
    after = renamed(name)
    lookup = begun([*BLOCK, 50, 51, *after[:4]])
    wrong = steps = 0
    place = 4
    while place < len(after):
        drafts = lookup.find(8).tokens[: len(after) - place]
        right = next((i for i, token in enumerate(drafts) if token != after[place + i]), len(drafts))
        wrong += right < len(drafts)
        for token in after[place : place + right + 1]:
            lookup.add(token)
        place += right + 1
        steps += 1
    assert wrong == 1  # the first of the four
    assert steps <= 6


def test_edits_that_stand_in_the_prompt_already_are_known() -> None:
    after = renamed([7, 90])
    assert find([*BLOCK, 50, 51, *after[:14]], most=8) == LookupDraft(tuple(after[14:22]), 3)


def test_an_edit_that_does_not_come_again_is_expected_no_more() -> None:
    after = [*renamed([7, 90])[:12], *BLOCK[10:]]  # the first two places only
    lookup = begun([*BLOCK, 50, 51, *after[:9]])
    for token in after[9:16]:
        lookup.add(token)
        lookup.find(1)
    assert lookup.find(4).tokens == (90, 17, 18, 19)
    for token in after[16:18]:
        lookup.add(token)
    assert lookup.find(6).tokens == (19, 7, 20, 21, 22, 23)


@given(st.lists(st.integers(0, 4), max_size=40), st.lists(st.integers(0, 4), max_size=80), st.randoms())
@pytest.mark.slow
def test_any_text_can_be_followed(prompt: list[int], text: list[int], random: Random) -> None:
    lookup = begun(prompt)
    for place, token in enumerate(text):
        if random.random() < 0.6:
            most = random.randint(0, 12)
            found = lookup.find(most)
            assert len(found.tokens) <= most
            assert set(found.tokens) <= {*prompt, *text[:place]}
        lookup.add(token)


REQUEST = st.tuples(
    st.integers(0, 60),  # so many tokens of the text before are kept
    st.lists(st.integers(0, 3), max_size=30),  # what the prompt goes on with
    st.lists(st.integers(0, 3), max_size=12),  # the answer
)


@given(st.lists(REQUEST, max_size=6))
@pytest.mark.slow
def test_what_is_kept_between_requests_drafts_as_what_is_built_anew(
    requests: list[tuple[int, list[int], list[int]]],
) -> None:
    kept = Lookup()
    text: list[int] = []
    for alike, more, answer in requests:
        text = [*text[:alike], *more]
        kept.begin(text)
        fresh = begun(text)
        for token in answer:
            assert kept.find(5) == fresh.find(5)
            kept.add(token)
            fresh.add(token)
        text += answer
        assert kept.find(5) == fresh.find(5)
        again, wanted = begun(text), find(text, 5)
        assert again.find(5) == wanted


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=12), st.randoms())
@pytest.mark.slow
def test_no_pair_that_was_there_is_denied(steps: list[tuple[bool, int]], random: Random) -> None:
    tokens = np.array([random.randrange(6) for _ in range(41)], np.int32)
    pairs = SeenPairs()
    noted = 0
    for grows, count in steps:
        (pairs.note if grows else pairs.keep)(count, tokens)
        noted = max(noted, count) if grows else min(noted, count)
        there = {(int(tokens[at]), int(tokens[at + 1])) for at in range(noted)}
        for first in range(6):
            for second in range(6):
                assert pairs.may_have(first, second) >= ((first, second) in there)


def test_few_pairs_that_were_not_there_are_affirmed() -> None:
    tokens = np.random.default_rng(1).integers(0, 50_000, 131_072).astype(np.int32)
    pairs = SeenPairs()
    pairs.note(len(tokens) - 1, tokens)
    others = np.random.default_rng(2).integers(0, 50_000, (2000, 2)).tolist()
    assert sum(pairs.may_have(*pair) for pair in others) < 0.3 * len(others)
    pairs.keep(0, tokens)
    assert not any(pairs.may_have(*pair) for pair in others)


def test_a_request_costs_what_changed_in_its_text() -> None:
    """Pairs noted or forgotten, at 131,072 tokens: all of them once, then those behind the change only."""
    random = Random(3)
    text = [random.randrange(50_000) for _ in range(131_072)]
    lookup = begun(text)
    assert lookup.work == len(text) - 2

    def cost(text: list[int], answer: int = 20) -> int:
        before = lookup.work
        lookup.begin(text)
        for at in range(answer):
            lookup.find(8)
            lookup.add(at)
        return lookup.work - before

    assert cost([*text, 7]) == 1 + 20
    assert cost([*text, 7, 8]) == 20 + 1 + 20  # the answer before is forgotten
    assert cost([*text[:-500], *text[-499:]]) <= 22 + 500 + 500 + 20
