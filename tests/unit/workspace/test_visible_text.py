"""What a terminal would obey, or turn round, is written as escapes."""

from __future__ import annotations

import json

import pytest

from iquest_lsp.workspace.visible_text import visible


@pytest.mark.parametrize("text", ["", "plain\n\ttext", "äöü 漢字 שלום עולם مرحبا", "👩‍👩‍👧", "a\u200bb\u00a0c"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\rb", "\x00\x07\x7f\x9b", "a\u202e \u2066// check\u2069"], ids=ascii)
def test_an_escape_says_which_character_it_was(text: str) -> None:
    assert visible(text).isprintable()
    assert json.loads(f'"{visible(text)}"') == text
    assert visible(visible(text)) == visible(text)
