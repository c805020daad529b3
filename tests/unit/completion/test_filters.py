"""Each filter alone; how they work together, the golden cases of test_postprocess.py say."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.filters import (
    indent_unit,
    is_telling,
    reindented,
    repeats_above,
    whole_pieces,
    within_string,
    without_begun_string,
    without_following,
    without_open_string,
    without_surplus_brackets,
    without_tail,
)

from .places import at


@pytest.mark.parametrize(
    ("text", "kept"),
    [("one\ntwo\nthr", "one\ntwo"), ("\nthr", "\n"), ("a + some_na", "a + "), ("f(x)", "f(x)"), ("name", ""), ("", "")],
)
def test_of_a_text_that_was_cut_short_what_is_whole_stays(text: str, kept: str) -> None:
    assert whole_pieces(text) == kept


@pytest.mark.parametrize(
    ("marked", "answer", "kept"),
    [
        ("f(‸)", "a)", "a"),
        ("f(‸)", "g(a)", "g(a)"),  # the answer's own bracket
        ("x = ‸  # note", "1  # note", "1"),
        ("x = ‸_value + 1", "_value + 1", ""),
        ("f(‸)", "a,\n  b", "a,"),
        ("f(‸\n", "a,\n  b", "a,\n  b"),
        ("‸thing", "some", "some"),  # fewer letters in common than say anything
    ],
)
def test_what_stands_behind_the_cursor_is_not_written_again(marked: str, answer: str, kept: str) -> None:
    assert without_tail(answer, at(marked)).rstrip() == kept


def test_lines_that_stand_below_are_not_written_again() -> None:
    place = at("x = ‸\nreturn total\nend()\n")
    assert without_following("1\nreturn total\nend()", place) == "1"
    assert without_following("1\nreturn other", place) == "1\nreturn other"
    assert without_following("1\n)\nmore()", at("x = ‸\n)\nend()\n")) == "1\n)\nmore()"  # a bracket may come twice


def test_the_line_above_is_told_from_others() -> None:
    assert repeats_above("load_all()", at("load_all()\n‸\n"))
    assert not repeats_above("load_one()", at("load_all()\n‸\n"))
    assert not repeats_above("f()", at("f()\n‸\n"))  # too short to be more than chance


def test_strings_that_are_hardly_begun_or_left_open_go() -> None:
    assert without_begun_string("print(x, f'a", at("‸")) == "print(x"
    assert without_begun_string("print('whole words", at("‸")) == "print('whole words"
    assert without_open_string("print('whole words", at("‸")) == "print("
    assert without_open_string("print('words", at("‸')")) == "print('words"  # what follows ends it
    assert within_string("a' + b", at("x = '‸'")) == "a"


def test_brackets_that_nothing_needs_go() -> None:
    assert without_surplus_brackets("a) )", at("f(‸")) == "a)"
    assert without_surplus_brackets("a", at("f(‸)")) == "a"


def test_lines_are_set_as_those_around_them() -> None:
    assert reindented("\tb()\n\tc()", at("if a:\n    ‸\n")) == "b()\n    c()"
    assert reindented("        b()", at("if a:\n‸\n")) == "    b()"
    assert reindented("b(\n    c)", at("if a:\n\t‸\n")) == "b(\n\tc)"


@pytest.mark.parametrize(
    ("marked", "unit"),
    [("‸", "    "), ("if a:\n  b()\n‸", "  "), ("if a:\n\tb()\n‸", "\t"), ("a(\n      b)\n‸", "    ")],
)
def test_a_step_of_indentation_is_that_of_the_lines_around(marked: str, unit: str) -> None:
    assert indent_unit(at(marked)) == unit


@pytest.mark.parametrize(
    ("line", "told"), [("total += 1", True), ("    })", False), ("else:", False), ("--------", False)]
)
def test_a_line_tells_something_where_it_is_no_accident(line: str, told: bool) -> None:
    assert is_telling(line) is told
