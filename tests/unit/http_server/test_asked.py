"""What the clients send, in their own shapes, and what is read out of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iquest_lsp.http_server.asked import PREFIX_FIRST, SUFFIX_FIRST, AskedCompletion, completion, infill, split
from iquest_lsp.http_server.wire import Refused

# The fields, and how they are filled, are those of autoload/llama.vim and src/llama-server.ts as of 2026.
LLAMA_VIM: dict[str, Any] = {
    "id_slot": 0,
    "input_prefix": "import os\n\n\ndef area(width, height):\n    return width * height\n\n\n",
    "input_suffix": "\n\nprint(area(1, 2))\n",
    "input_extra": [{"text": "x = 1\n", "time": [0, 1], "filename": "shapes.py"}],
    "prompt": "def area(",
    "n_predict": 128,
    "stop": [],
    "n_indent": 0,
    "top_k": 40,
    "top_p": 0.90,
    "samplers": ["top_k", "top_p", "infill"],
    "stream": False,
    "cache_prompt": True,
    "t_max_prompt_ms": 500,
    "t_max_predict_ms": 250,
    "response_fields": ["content", "timings/prompt_n", "timings/predicted_ms", "truncated", "tokens_cached"],
}
LLAMA_VIM_RING: dict[str, Any] = {
    "id_slot": 0,
    "input_prefix": "",
    "input_suffix": "",
    "input_extra": LLAMA_VIM["input_extra"],
    "prompt": "",
    "n_predict": 0,
    "temperature": 0.0,
    "samplers": [],
    "stream": False,
    "cache_prompt": True,
    "t_max_prompt_ms": 1,
    "t_max_predict_ms": 1,
    "response_fields": [""],
}
LLAMA_VSCODE: dict[str, Any] = {
    **{name: LLAMA_VIM[name] for name in ("id_slot", "input_prefix", "input_suffix", "prompt", "n_predict")},
    "input_extra": [{"text": "x = 1\n", "time": 1790000000000, "filename": "/work/shapes.py"}],
    "n_cmpl": 3,
    "top_k": 40,
    "top_p": 0.99,
    "stream": False,
    "samplers": ["top_k", "top_p", "infill"],
    "cache_prompt": True,
    "t_max_prompt_ms": 500,
    "t_max_predict_ms": 500,
}
ZED: dict[str, Any] = {
    "model": "qwen2.5-coder:3b",
    "prompt": "<|fim_prefix|>def area(width, height):\n    return width * height\n\n\n"
    "def area(<|fim_suffix|>\n<|fim_middle|>",
    "max_tokens": 256,
    "temperature": None,
    "stop": ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"],
    "environment": None,
}


def body(told: object) -> bytes:
    return json.dumps(told).encode()


def test_llama_vim_is_understood() -> None:
    asked = infill(body(LLAMA_VIM))
    assert asked.prefix.endswith("\n\n\ndef area(")
    assert asked.suffix == "\n\nprint(area(1, 2))\n"
    assert asked.names == ("shapes.py",)
    assert (asked.max_tokens, asked.deadline_ms) == (128, 750)
    assert asked.fields is not None
    assert not asked.streams
    assert not asked.only_warms


def test_what_llama_vim_sends_to_warm_up_asks_for_no_text() -> None:
    asked = infill(body(LLAMA_VIM_RING))
    assert asked.only_warms
    assert asked.is_empty
    assert asked.fields == ("",)


def test_llama_vscode_is_understood() -> None:
    asked = infill(body(LLAMA_VSCODE))
    assert (asked.max_tokens, asked.deadline_ms, asked.several) == (128, 1000, True)
    warming = infill(body({**LLAMA_VSCODE, "n_predict": 0, "samplers": [], "t_max_predict_ms": 1}))
    assert warming.only_warms
    assert not warming.is_empty


def test_zed_is_understood() -> None:
    asked = completion(body(ZED))
    assert asked.prefix == "def area(width, height):\n    return width * height\n\n\ndef area("
    assert asked.suffix == "\n"
    assert asked.max_tokens == 256
    assert asked.stop == tuple(ZED["stop"])


@pytest.mark.parametrize("marks", PREFIX_FIRST)
def test_the_marks_of_each_family_are_known(marks: tuple[str, str, str]) -> None:
    first, second, end = marks
    assert split(f"{first}def f({second}):\n{end}") == ("def f(", "):\n")


def test_the_suffix_may_come_first() -> None:
    first, second, _ = SUFFIX_FIRST[0]
    assert split(f"{first}):\n{second}def f(") == ("def f(", "):\n")


def test_a_prompt_without_marks_is_what_stands_before_the_cursor() -> None:
    assert split("def f(") == ("def f(", "")
    assert completion(body({"prompt": "def f(", "suffix": "):\n"})).suffix == "):\n"
    assert completion(body({"prompt": ["def f("]})).prefix == "def f("


def read_or_status(read: Callable[[bytes], AskedCompletion], sent: bytes) -> AskedCompletion | int:
    """What is asked, or the status it is refused with."""
    try:
        return read(sent)
    except Refused as refused:
        return refused.status


@pytest.mark.parametrize(
    "wrong",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, body({"prompt": ["a", "b"]}), body({"prompt": {}}), body(3)],
)
def test_what_makes_no_sense_is_refused(wrong: bytes) -> None:
    assert [read_or_status(read, wrong) for read in (infill, completion)] == [400, 400]


@pytest.mark.parametrize(
    "wrong",
    [
        body({"input_prefix": 3}),
        body({"input_extra": "x"}),
        body({"n_predict": "many"}),
        body({"n_predict": True}),
        b'{"n_predict": NaN}',
        b'{"n_predict": 1e400}',
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(wrong: bytes) -> None:
    assert read_or_status(infill, wrong) == 400


@pytest.mark.parametrize(
    "form",
    [
        {"grammar": "root ::= [a-z]+"},
        {"json_schema": {"type": "object"}},
        {"response_format": {"type": "json_object"}},
        {"response_format": "json"},
    ],
)
def test_an_answer_in_a_form_is_refused_in_words(form: dict[str, Any]) -> None:
    for read in (infill, completion):
        with pytest.raises(Refused, match=f"{next(iter(form))} is not kept to"):
            read(body({"prompt": "x", **form}))


def test_a_form_that_is_none_is_taken() -> None:
    for form in ({"grammar": ""}, {"response_format": {"type": "text"}}, {"response_format": None}):
        assert completion(body({"prompt": "x", **form})).prefix == "x"


_texts = st.text("aé\ud800\n<|", max_size=6)
_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*LLAMA_VIM, *ZED, "suffix"]), _junk, max_size=8))
@pytest.mark.slow
def test_whatever_is_asked_is_understood_or_refused(told: dict[str, Any]) -> None:
    for read in (infill, completion):
        asked = read_or_status(read, body(told))
        if isinstance(asked, int):
            assert asked == 400
            continue
        (asked.prefix + asked.suffix).encode()
        assert asked.max_tokens is None or asked.max_tokens > 0
        assert asked.deadline_ms is None or asked.deadline_ms >= 0
