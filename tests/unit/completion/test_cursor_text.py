from __future__ import annotations

from iquest_lsp.completion.cursor_text import CursorText, indent_of
from iquest_lsp.datatypes import Position
from iquest_lsp.workspace.positions import LineIndex

from .places import at


def test_the_line_is_told_before_and_behind_the_cursor() -> None:
    place = at("a\n  b = ‸c\nd\n")
    assert (place.head, place.tail, place.indent) == ("  b = ", "c", 2)
    assert place.text[: place.offset] == "a\n  b = "


def test_a_cursor_outside_of_the_text_is_taken_to_its_nearest_place() -> None:
    lines = LineIndex("ab\ncd")
    assert CursorText.at("a.py", lines, Position(9, 9)).head == "cd"
    assert CursorText.at("a.py", lines, Position(0, 9)).head == "ab"


def test_lines_around_are_those_that_hold_something() -> None:
    place = at("first\n\n   \n‸\n\nnext  \n\nlast\n")
    assert place.above() == "first"
    assert place.below(1) == ["next"]
    assert place.below(9) == ["next", "last"]
    assert at("‸").above() == ""
    assert at("‸").below(3) == []


def test_indentation_counts_tabs_and_spaces_alone() -> None:
    assert [indent_of(line) for line in ("x", "  x", "\t x", "   ", "\u00a0x")] == [0, 2, 2, 3, 0]
