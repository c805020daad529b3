"""Texts that repeat themselves over and over."""

from __future__ import annotations

import pytest

from iquest_lsp.runtime.base.repetition import is_in_loop, without_loop


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("def read(a):\n    return a\n", "def read(a):\n    return a\n"),
        # A few signs, long pieces and whole lines that come again and again.
        ("x = " + "ab" * 20, ""),
        ("first\nx = " + "ab" * 20, "first"),
        ("first line\n" + "the same line of it\n" * 4, "first line"),
        ("a\nb\nc\nc\nc\n", "a\nb"),
        # Blanks may repeat, and a little of anything.
        ("a" + " " * 60 + "b", "a" + " " * 60 + "b"),
        ("a = a = a", "a = a = a"),
        ("\n" * 50, "\n" * 50),
    ],
)
def test_a_loop_is_cut_off_with_the_way_into_it(text: str, kept: str) -> None:
    assert without_loop(text) == kept


def test_what_stands_long_before_a_loop_in_its_line_stays() -> None:
    before = "the quick brown fox jumps over one lazy dog and then over some other animals in the yard "
    assert without_loop(before + "ab" * 10) == before


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("", False),
        ("a", False),
        ("x = " + "ab" * 20, True),
        ("the same line\n" * 4, True),
        ("a b c d e f", False),
        (" " * 90, False),
    ],
)
def test_a_growing_text_goes_into_a_loop(text: str, is_one: bool) -> None:
    assert is_in_loop(text) is is_one
