"""Completions and windows as commands and editors get them."""

from __future__ import annotations

import json

from iquest_lsp.assistant.json_forms import completion_to_json
from iquest_lsp.datatypes import AnswerSource, Completion, Finish, Position, Span, Timings, TokenCounts


def made(**more: object) -> Completion:
    return Completion(
        "read(ü)",
        Span(Position(0, 4), Position(2, 0)),
        "nano",
        Finish.STOP,
        AnswerSource.MODEL,
        Timings(total_ms=1.23456),
        TokenCounts(window=9, generated=3),
        1,
        **more,  # type: ignore[arg-type]
    )


def test_lines_and_columns_count_from_one() -> None:
    told = completion_to_json(made())
    assert told["range"] == {"start": {"line": 1, "column": 5}, "end": {"line": 3, "column": 1}}


def test_all_of_it_is_plain_json() -> None:
    told = completion_to_json(made())
    assert json.loads(json.dumps(told)) == told
    assert (told["text"], told["model"], told["finish"], told["source"]) == ("read(ü)", "nano", "stop", "model")
    assert told["timings"]["total_ms"] == 1.235
    assert (told["tokens"]["window"], told["tokens"]["generated"], told["tokens"]["accepted"]) == (9, 3, 0)


def test_a_memory_is_told_where_the_answer_leans_on_it() -> None:
    assert "memory" not in completion_to_json(made())
    told = completion_to_json(made(memory_path="b.py", memory_share=0.12345))
    assert told["memory"] == {"path": "b.py", "share": 0.123}
