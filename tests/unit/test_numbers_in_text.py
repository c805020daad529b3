"""Whole numbers that somebody writes as a text."""

from __future__ import annotations

import pytest

from iquest_lsp.numbers_in_text import whole_number


@pytest.mark.parametrize(
    ("text", "longest", "number"),
    [
        ("12", 9, 12),
        (" 12 ", 9, 12),
        ("007", 9, 7),
        ("١٢", 9, 12),
        ("", 9, None),
        ("-1", 9, None),
        ("1.0", 9, None),
        ("²", 9, None),
        ("1_0", 9, None),
        ("123", 2, None),
        ("9" * 5000, 18, None),
    ],
)
def test_digits_are_a_number_within_bounds(text: str, longest: int, number: int | None) -> None:
    assert whole_number(text, longest) == number
