"""Where the parsed part of a document begins: at a line where no block is cut."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.grammatical import is_refused
from iquest_lsp.completion.parsing import BEFORE, MOST_BEFORE, parser_of, start_of_piece
from tests.unit.completion.places import at

ONE = "def one():\n    return 1\n\n\n"


def test_a_short_text_is_parsed_whole() -> None:
    assert start_of_piece(at("    x = ‸1\n")) == 0


def test_a_long_one_from_a_definition_at_the_margin_on() -> None:
    place = at(ONE * BEFORE + "def two():\n    return ‸2\n")
    start = start_of_piece(place)
    assert start is not None
    assert place.offset - BEFORE <= start < place.offset
    assert place.text[start:].startswith("def ")


def test_the_line_of_the_cursor_is_never_cut() -> None:
    place = at(ONE + "x = [\n" + "    1,\n" * BEFORE + "]; y = ‸2\n")
    assert start_of_piece(place) is None


@pytest.mark.parametrize("lines", [BEFORE // 20, MOST_BEFORE // 10])
def test_inside_a_long_class_all_of_it_is_parsed_as_far_as_it_is_not_too_long(lines: int) -> None:
    place = at("class A {\n" + "    void f() {}\n" * lines + "    void g() {\n        int x ‸\n    }\n}\n", "A.java")
    is_near = place.offset <= MOST_BEFORE
    assert start_of_piece(place) == (0 if is_near else None)
    assert is_refused("= (3;", place) is is_near
    assert not is_refused("= 3;", place)


def test_languages_without_a_grammar_have_no_parser() -> None:
    assert parser_of("") is None
    assert parser_of("python") is parser_of("python")
