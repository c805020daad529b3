"""Texts taken apart into words and signs."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.pieces import (
    MAX_PIECES,
    Renaming,
    alike,
    done_mark,
    edits_between,
    is_compound,
    is_name,
    pieces,
    renamings,
    replacements,
)
from iquest_lsp.nextedit.records import Edit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" a_b(1)", [("a_b", 1), ("(", 4), ("1", 5), (")", 6)]),
        ("字==ü\r\n", [("字", 0), ("=", 1), ("=", 2), ("ü", 3)]),
    ],
)
def test_words_and_signs_have_their_places(text: str, expected: list[tuple[str, int]]) -> None:
    assert [(item.text, item.start) for item in pieces(text)] == expected
    assert all(text[item.start : item.end] == item.text for item in pieces(text))


def test_names_are_told_from_numbers_and_compound_ones_from_plain_ones() -> None:
    assert [is_name(text) for text in ("a", "_1", "1a", "(", "", "ü")] == [True, True, False, False, False, True]
    assert [is_compound(text) for text in ("read_all", "readAll", "reading", "a_b", "__init__")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("a\nb\n", "a\nb\n", []),
        ("a\nb\nc", "a\nx\nc", [Edit("p", 1, ("b",), ("x",), 1)]),
        ("a\nc", "a\nb\nc", [Edit("p", 1, (), ("b",), 1)]),
        ("a\nb\nc", "a\nc", [Edit("p", 1, ("b",), (), 1)]),
        # Lines that answer to each other are edits of their own.
        (
            "f(a, b)\nf(c, d)",
            "f(a, x)\nf(c, x)",
            [Edit("p", 0, ("f(a, b)",), ("f(a, x)",), 0), Edit("p", 1, ("f(c, d)",), ("f(c, x)",), 1)],
        ),
        ("one two\nthree", "x\ny", [Edit("p", 0, ("one two", "three"), ("x", "y"), 0)]),
    ],
)
def test_what_turned_one_text_into_another(before: str, after: str, expected: list[Edit]) -> None:
    assert edits_between("p", before, after) == expected


def test_lines_are_alike_by_the_pieces_they_share() -> None:
    assert alike("a = b", "a = b") == 1.0
    assert alike("a = b", "x y z") == 0.0
    assert alike("", "") == 1.0


def told(before: str, after: str) -> list[tuple[str, str, int, int, bool]]:
    edit = Edit("p", 4, tuple(before.split("\n")), tuple(after.split("\n")), 2)
    return [(item.old, item.new, item.line, item.column, item.pure) for item in renamings(edit)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("f(old)", "f(new)", [("old", "new", 4, 2, True)]),
        ("a\n  old", "a\n  new", [("old", "new", 5, 2, True)]),
        ("f(old, 1)", "f(new, 2)", [("old", "new", 4, 2, False)]),
        ("f(old)", "f(new, more)", []),
        ("1", "2", []),
        ("same", "same", []),
    ],
)
def test_names_that_became_others(before: str, after: str, expected: list[tuple[str, str, int, int, bool]]) -> None:
    assert told(before, after) == expected


def test_very_long_texts_are_not_compared() -> None:
    long = pieces("a " * (MAX_PIECES + 1))
    assert replacements(long, pieces("b")) == []


def test_names_are_akin_by_a_word() -> None:
    def akin(old: str, new: str) -> bool:
        return Renaming(old, new, "p", 0, 0, 0, 0).is_akin

    assert akin("read_file", "readAll")
    assert akin("size", "sizes")
    assert not akin("a", "ab")
    assert not akin("read", "open")


def test_how_often_a_name_was_replaced_elsewhere() -> None:
    done = [Renaming("a", "b", "p", line, 0, 0, 0) for line in (1, 1, 2, 3)]
    assert done_mark(done[:2], ("a", "b"), ("p", 1)) == ""
    assert done_mark(done[:3], ("a", "b"), ("p", 1)) == "done1"
    assert done_mark(done, ("a", "b"), ("p", 1)) == "done2"
    assert done_mark(done, ("a", "c"), ("p", 1)) == ""
