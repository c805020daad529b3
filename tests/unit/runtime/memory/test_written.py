"""A text that is being written, and every earlier occurrence of its end."""

from __future__ import annotations

import numpy as np

from iquest_lsp.runtime.memory.store import LONGEST
from iquest_lsp.runtime.memory.written import MOST_PLACES, Written


def followers(text: Written) -> list[tuple[int, int]]:
    """What followed the text's end before, and how many tokens agreed."""
    found = text.find()
    return list(zip(found.followers.tolist(), found.matches.tolist(), strict=True))


def test_an_empty_text_has_no_end() -> None:
    text = Written([])
    assert (len(text), text.end(), followers(text)) == (0, [], [])
    text.add(1)
    assert followers(text) == []


def test_what_followed_the_end_before_is_found_with_the_length_of_the_match() -> None:
    assert followers(Written([1, 2, 3, 9, 2, 3])) == [(9, 2)]
    assert followers(Written([1, 2, 8, 1, 2, 9, 1, 2])) == [(8, 2), (9, 2)]
    assert followers(Written([1, 2, 3])) == []


def test_a_text_that_grows_is_as_one_that_was_given_whole() -> None:
    tokens = [1, 2, 3, 1, 2, 4, 1, 2, 3, 1, 2]
    grown = Written(tokens[:2], room=1)
    for token in tokens[2:]:
        grown.add(token)
    assert followers(grown) == followers(Written(tokens))
    assert grown.end() == tokens[-LONGEST:]


def test_a_fork_leaves_the_text_as_it_was() -> None:
    text = Written([1, 2, 1])
    other = text.fork()
    other.add(2)
    assert (len(text), len(other)) == (3, 4)
    assert followers(text) == [(2, 1)]


def test_only_tokens_that_are_allowed_are_found_and_the_latest_places() -> None:
    allowed = np.zeros(10, np.bool_)
    allowed[9] = True
    assert Written([1, 8, 1, 9, 1]).find(allowed).followers.tolist() == [9]
    assert len(Written([1, 2] * (MOST_PLACES + 9) + [1]).find().followers) <= MOST_PLACES


def test_tokens_are_counted() -> None:
    assert Written([5, 5, 7]).counts(np.array([5, 6, 7], np.int32)).tolist() == [2.0, 0.0, 1.0]
