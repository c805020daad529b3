"""Answers as llama.cpp's and OpenAI's clients read them."""

from __future__ import annotations

import pytest

from iquest_lsp.http_server import answers
from iquest_lsp.http_server.answers import AssistantAnswer
from iquest_lsp.http_server.asked import AskedCompletion

SAID = AssistantAnswer(
    "total += 1\nreturn",
    "nano",
    timings={"prefill_ms": 20.0, "decode_ms": 50.0},
    tokens={"window": 900, "reused": 860, "prefilled": 40, "generated": 5},
)


@pytest.mark.parametrize(
    ("stops", "text"), [((), SAID.text), (("\n",), "total += 1"), (("return", " "), "total"), (("none",), SAID.text)]
)
def test_a_text_ends_before_the_first_string_that_ends_it(stops: tuple[str, ...], text: str) -> None:
    asked = AskedCompletion("", "", stop=stops)
    assert answers.of_infill(asked, SAID)["content"] == text
    assert answers.of_completion(asked, SAID)["choices"][0]["text"] == text


def test_an_infill_tells_what_it_cost() -> None:
    told = answers.of_infill(AskedCompletion("", ""), SAID)
    assert (told["model"], told["stop_type"]) == ("nano", "eos")
    assert (told["tokens_evaluated"], told["tokens_cached"], told["tokens_predicted"]) == (900, 860, 5)
    assert (told["timings"]["predicted_per_second"], told["timings"]["prompt_per_token_ms"]) == (100.0, 0.5)
    nothing = answers.of_infill(AskedCompletion("", ""), AssistantAnswer())
    assert nothing["timings"]["predicted_per_second"] == 0.0


def test_only_the_fields_that_were_asked_for_are_told() -> None:
    asked = AskedCompletion("", "", fields=("content", "timings/prompt_n", "unheard-of"))
    assert answers.of_infill(asked, SAID) == {"content": SAID.text, "timings/prompt_n": 40}


@pytest.mark.parametrize(
    ("finish", "infill", "completion"),
    [("stop", "eos", "stop"), ("limit", "limit", "length"), ("deadline", "limit", "length")],
)
def test_why_an_answer_ended_is_said_in_each_clients_words(finish: str, infill: str, completion: str) -> None:
    said = AssistantAnswer("x", finish=finish)
    asked = AskedCompletion("", "")
    assert answers.of_infill(asked, said)["stop_type"] == infill
    assert answers.of_completion(asked, said)["choices"][0]["finish_reason"] == completion


def test_each_completion_has_an_identity_of_its_own() -> None:
    one, other = (answers.of_completion(AskedCompletion("", ""), SAID) for _ in range(2))
    assert one["id"] != other["id"]
    assert one["usage"] == {"prompt_tokens": 900, "completion_tokens": 5, "total_tokens": 905}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "authentication_error"), (400, "invalid_request_error"), (503, "unavailable_error"), (500, "server_error")],
)
def test_an_error_says_what_kind_it_is(status: int, kind: str) -> None:
    assert answers.of_error(status, "no")["error"] == {"code": status, "message": "no", "type": kind}
