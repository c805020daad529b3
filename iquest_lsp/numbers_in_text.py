"""Whole numbers that somebody writes as a text."""

from __future__ import annotations


def whole_number(text: str, longest: int) -> int | None:
    """The number that a text of digits writes; None for another text, and for one of more than `longest` characters.

    Python turns no more than 4300 digits into a number.
    """
    return int(text) if len(text) <= longest and text.strip().isdecimal() else None
