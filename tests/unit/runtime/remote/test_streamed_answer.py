"""A completion that comes from a server piece by piece."""

from __future__ import annotations

from typing import Any

import pytest

from iquest_lsp.datatypes import Finish, Prompt
from iquest_lsp.runtime.remote.streamed_answer import StreamedAnswer, choice_of, count_of


def event(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"text": text, **more}]}


def taken(*events: Any, lines: int = 0) -> tuple[StreamedAnswer, list[str], list[bool]]:
    heard: list[str] = []
    answer = StreamedAnswer(Prompt((1,), max_lines=lines), heard.append)
    return answer, heard, [answer.take(item) for item in events]


def test_pieces_are_gathered_and_told() -> None:
    answer, heard, _ = taken(event("re"), event(""), event("ad"))
    made = answer.generation(7, 0.0)
    assert (made.text, heard, answer.counted) == ("read", ["re", "ad"], 2)
    assert (made.counts.window, made.counts.generated) == (7, 2)


def test_an_answer_ends_by_its_own_rules() -> None:
    answer, _, ended = taken(event("o"), event("ne\ntwo"), lines=1)
    assert ended == [False, True]
    assert answer.generation(1, 0.0).text == "one"
    assert taken(event("a", finish_reason="length"))[0].finish is Finish.LIMIT


def test_what_the_server_counted_counts() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}}
    answer, _, _ = taken(event("a"), {"usage": usage})
    counts = answer.generation(1, 0.0).counts
    assert (counts.window, counts.reused, counts.prefilled, counts.generated) == (9, 9, 0, 3)


@pytest.mark.parametrize(
    "item",
    [None, 1, "x", [], {}, {"choices": {}}, {"choices": [1]}, event(3), {"usage": 3}, {"choices": [{"text": None}]}],  # type: ignore[arg-type]
)
def test_what_makes_no_sense_is_passed_over(item: Any) -> None:
    answer, heard, ended = taken(item)
    assert (answer.generation(1, 0.0).text, heard, ended) == ("", [], [False])


@pytest.mark.parametrize(
    ("logprobs", "kept"),
    [
        ({"token_logprobs": [-0.5, -1, None, "x"]}, 2),
        ({"token_logprobs": [10**400, -0.5]}, 1),
        ({}, 0),
        (None, 0),
        ([], 0),
    ],
)
def test_logarithms_are_numbers(logprobs: Any, kept: int) -> None:
    answer, _, _ = taken(event("ab", logprobs=logprobs))
    made = answer.generation(1, 0.0)
    assert len(made.logprobs) == len(made.ends) == kept


def test_numbers_and_choices_of_a_stranger() -> None:
    assert [count_of({"a": value}, "a") for value in (3, 0, -1, "3", None)] == [3, 0, 0, 0, 0]
    assert count_of({}, "a") == 0
    assert choice_of({"choices": [{"text": "a"}, {"text": "b"}]}) == {"text": "a"}
