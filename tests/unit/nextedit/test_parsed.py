"""A text with its syntax tree."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.parsed import (
    Parsed,
    arguments_of,
    class_around,
    function_around,
    is_field,
    is_label,
    is_member,
    is_parameter,
    parameter_names,
    parse,
    receiver,
)

TEXT = 'ü = "read"  # read\nclass A:\n    def read(self, a=1):\n        b = a\n        return kit.read(a, b=2)\n'


def places(parsed: Parsed, name: str) -> list[tuple[int, int]]:
    return [(spot.line, spot.column) for spot in parsed.spots(name)]


def test_names_are_found_as_identifiers_alone() -> None:
    parsed = parse("a.py", TEXT)
    assert places(parsed, "read") == [(2, 8), (4, 19)]
    assert places(parsed, "ü") == [(0, 0)]
    assert places(parsed, "rea") == []
    assert list(parsed.words("read", 0)) == [(5, 9), (14, 18)]
    assert list(parsed.words("read", 99)) == []
    assert [parsed.in_words(0, column) for column in (0, 6, 14)] == [False, True, True]


def test_columns_count_signs_and_bytes() -> None:
    parsed = parse("a.py", TEXT)
    assert (parsed.byte_column(0, 1), parsed.column(0, 2)) == (2, 1)
    assert (parsed.offset(0), parsed.offset(1)) == (0, 20)
    assert (parsed.place_at(2), parsed.place_at(20)) == ((0, 1), (1, 0))


def test_variables_of_the_function_around() -> None:
    parsed = parse("a.py", TEXT)
    assert [parsed.has_variable(4, name) for name in ("a", "b", "c")] == [True, True, False]
    assert [parsed.lacks(4, name) for name in ("a", "c")] == [False, True]
    assert not parsed.lacks(0, "c")
    assert [parsed.is_head(line) for line in (0, 1, 2, 3)] == [True, True, True, False] or parsed.is_head(2)


def spot(text: str, name: str, path: str = "a.py", at: int = -1):  # type: ignore[no-untyped-def]
    return list(parse(path, text).spots(name))[at].node


def test_what_an_identifier_is() -> None:
    call = spot("kit.inner.read(a, b=2)\n", "read")
    assert (is_member(call), receiver(call)) == (True, "kit.inner")
    arguments = arguments_of(call)
    assert arguments is not None
    assert arguments.text == b"(a, b=2)"
    assert receiver(spot("read(a)\n", "read")) == ""
    assert is_label(spot("f(b=2)\n", "b"))
    assert not is_label(spot("f(b)\n", "b"))
    assert is_parameter(spot("def f(a=1): ...\n", "a"))
    assert not is_parameter(spot("def f(a: b): ...\n", "b"))
    assert not is_parameter(spot("f(a)\n", "a"))
    assert is_field(spot("struct A { b: u8 }\n", "b", "a.rs"))


def test_what_is_around_a_node() -> None:
    node = spot(TEXT, "b", at=-1)
    function, outer = function_around(node), class_around(node)
    assert function is not None
    assert outer is not None
    assert parameter_names(function) == {"self", "a"}
    assert function_around(spot("a\n", "a")) is None


@pytest.mark.parametrize("path", ["a.cobol", "a"])
def test_without_a_grammar_there_is_no_tree(path: str) -> None:
    parsed = parse(path, "read(1)\n")
    assert (parsed.root, parsed.symbols, places(parsed, "read")) == (None, (), [])
    assert list(parsed.words("read", 0)) == [(0, 4)]
    assert not parsed.in_words(0, 0)
