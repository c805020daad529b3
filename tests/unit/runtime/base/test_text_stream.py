"""Text from token pieces: whole characters, stop strings, line limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.datatypes import Finish, Prompt
from iquest_lsp.runtime.base.text_stream import TextStream


@given(st.text(max_size=40), st.integers(1, 4))
@pytest.mark.slow
def test_text_is_the_same_however_its_bytes_are_cut(text: str, step: int) -> None:
    data = text.encode("utf-8", "replace")
    stream = TextStream(Prompt((1,)))
    for start in range(0, len(data), step):
        assert stream.push(data[start : start + step]) is None
    assert stream.text == data.decode()


def test_a_half_character_waits() -> None:
    stream = TextStream(Prompt((1,)))
    first, second = "é".encode()[:1], "é".encode()[1:]
    stream.push(first)
    assert stream.text == ""
    stream.push(second)
    assert stream.text == "é"


@pytest.mark.parametrize("step", [1, 2, 5, 100])
def test_a_stop_string_ends_the_text_wherever_tokens_are_cut(step: int) -> None:
    stream = TextStream(Prompt((1,), stop=("<end>", "\n\n")))
    data, ended = b"abc<en<end>def", None
    for start in range(0, len(data), step):
        ended = stream.push(data[start : start + step])
        if ended:
            break
    assert ended is Finish.STOP
    assert stream.text == "abc<en"


def test_lines_are_limited() -> None:
    stream = TextStream(Prompt((1,), max_lines=2))
    assert stream.push(b"one\ntwo") is None
    assert stream.push(b" more\nthree") is Finish.STOP
    assert stream.text == "one\ntwo more"
