"""One piece of text that becomes another wherever a diff changes a line."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.replacements import MAX_CODE, Replacement, is_whole, only_years, replacement_of

Hunks = list[tuple[list[str], list[str]]]


@pytest.mark.parametrize(
    ("hunks", "expected"),
    [
        ([], None),
        ([(["a = old(1)"], ["a = new(1)"])], Replacement("old", "new", 1)),
        ([(["old", "x old"], ["new", "x new"]), (["f(old, old)"], ["f(new, new)"])], Replacement("old", "new", 3)),
        # A name with its dots and dashes is one piece.
        ([(["use a-b.c"], ["use a-b.d"])], Replacement("a-b.c", "a-b.d", 1)),
        ([(["v1.2"], ["v1.3"])], Replacement("v1.2", "v1.3", 1)),
        # Two pieces, other lines, lines that come, and what cannot stand alone.
        ([(["old"], ["new"]), (["one"], ["two"])], None),
        ([(["a old"], ["b new"])], None),
        ([(["old"], ["new", "new"])], None),
        ([([], ["new"])], None),
        ([(["("], [")"])], None),
        ([(["a1"], ["b" * (MAX_CODE + 1)])], None),
        ([(["same"], ["same"])], None),
    ],
)
def test_the_one_piece_that_changes(hunks: Hunks, expected: Replacement | None) -> None:
    assert replacement_of(hunks) == expected


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", False),
        ("a", False),
        ("ab", True),
        ("f(a)", True),
        ("f(a", False),
        ("a\nb", False),
        ("a" * (MAX_CODE + 1), False),
    ],
)
def test_what_can_stand_alone(text: str, whole: bool) -> None:
    assert is_whole(text) is whole


def test_a_copyright_whose_years_alone_change() -> None:
    assert only_years([(["# Copyright (c) 2013-2025 Ada"], ["# Copyright (c) 2013-2026 Ada"])])
    assert not only_years([(["# Copyright (c) 2025 Ada"], ["# Copyright (c) 2026 Bo"])])
    assert not only_years([(["LIMIT = 2025"], ["LIMIT = 2026"])])
    assert not only_years([(["# Copyright 2025 Ada"], ["# Copyright 2026 Ada", "LIMIT = 1"])])
    assert not only_years([])
