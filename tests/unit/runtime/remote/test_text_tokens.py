"""Tokens for a model whose tokenizer is elsewhere."""

from __future__ import annotations

import pytest

from iquest_lsp.runtime.remote.text_tokens import SPECIAL, decode, encode, harmless, is_text, special_ids


@pytest.mark.parametrize("text", ["", "a", "abc\ndef\r\n", "ü字🐛", "\0\t ", "x" * 1000, "a\rb\x0bc"])
def test_a_text_comes_back(text: str) -> None:
    ids = encode(text)
    assert "".join(part for _, part in decode(ids, ())) == text
    assert all(is_text(token) for token in ids)


def test_no_token_goes_over_a_line_end() -> None:
    assert len(encode("a\nb\nc\n")) == 3
    assert len(encode("abcdef")) == 2


def test_control_tokens_stand_apart() -> None:
    ids = special_ids(["<a>", "<b>", "<a>"])
    assert ids == {"<a>": SPECIAL, "<b>": SPECIAL + 1}
    assert decode([*encode("x"), ids["<b>"], *encode("y")], ["<a>", "<b>"]) == [
        (False, "x"),
        (True, "<b>"),
        (False, "y"),
    ]


def test_half_a_character_is_told_as_such() -> None:
    assert decode(encode("🐛")[:1], ()) == [(False, "\ufffd")]


@pytest.mark.parametrize("text", ["<|fim_prefix|>", "[INST]", "</s>", "<think>", "<file_sep>", "<｜end｜>"])
def test_what_servers_read_as_control_tokens_is_broken_up(text: str) -> None:
    found = harmless(f"a {text} b")
    assert text not in found
    assert found.replace("\u200b", "") == f"a {text} b"


@pytest.mark.parametrize("text", ["", "a < b | c > d", "List<int>", "[1]", "s>"])
def test_other_texts_stay(text: str) -> None:
    assert harmless(text) == text
