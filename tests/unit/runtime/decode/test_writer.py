"""How an answer may begin."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.datatypes import Limits
from iquest_lsp.runtime.decode.controller import Controller
from tests.unit.runtime.scripted import END, ScriptedTail, write

PROMPT = (5, 6, 7)


def silent(text: Sequence[int]) -> int:
    """A model that ends at once; one that has begun counts up and ends at 12."""
    return END if len(text) == len(PROMPT) or text[-1] >= 12 else text[-1] + 1


def begun(**prompt: object) -> list[int]:
    controller = Controller(1, can_split=False)
    tail = ScriptedTail(PROMPT, controller, silent)
    return list(write(tail, controller, Limits(), **prompt)[1].tokens)


def test_an_answer_may_be_empty() -> None:
    assert begun() == []


def test_where_it_may_not_be_empty_the_next_best_token_begins_it() -> None:
    assert begun(is_empty_allowed=False) == [1, *range(2, 13)]  # of equally likely ones the first


def test_tokens_to_avoid_and_the_end_are_ruled_out_together() -> None:
    assert begun(is_empty_allowed=False, avoid=(1, 2)) == [*range(3, 13)]


def test_with_all_tokens_ruled_out_the_best_one_stands() -> None:
    assert begun(is_empty_allowed=False, avoid=tuple(range(64))) == []
