"""Which lines of a source do nothing."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.symbol import Symbol
from iquest_lsp.codeflow.syntax.prose import OwnRows, attribute_rows, code_rows, prose_rows, rows_within


def lines(text: str) -> list[bytes]:
    return text.encode().split(b"\n")


@pytest.mark.parametrize(
    ("language", "text", "rows"),
    [
        ("python", "", set()),
        ("python", '"""One."""\na = 1\n', {0}),
        ("python", 'def f():\n    r"""One.\n\n    Two.\n    """\n    a\n', {1, 2, 3, 4}),
        # A text that is used is no prose.
        ("python", 'a = """\nb\n"""\nc\n', set()),
        ("python", '# it\'s """ here\na\n', set()),
        ("python", "'''a\r\nb'''\r\nc", {0, 1}),
        ("javascript", "/* a\n b */\nc /* d\n e */\n", {0, 1}),
        ("go", "/* a */ b\n", set()),
        ("rust", "/** a\n * b\n */\nfn c() {}\n", {0, 1, 2}),
        ("ruby", "/* a\n*/\n", set()),
    ],
)
def test_rows_of_prose(language: str, text: str, rows: set[int]) -> None:
    assert prose_rows(language, lines(text)) == rows


@pytest.mark.parametrize(
    ("language", "text", "rows"),
    [
        ("rust", "#[derive(Debug)]\nstruct A;\n", set()),
        ("rust", "#[cfg(\n  test\n)]\nfn a() {}\n", {0, 1, 2}),
        ("python", "#[cfg(\n a\n", set()),
        ("rust", "", set()),
    ],
)
def test_rows_of_attributes(language: str, text: str, rows: set[int]) -> None:
    assert attribute_rows(language, lines(text)) == rows


@pytest.mark.parametrize(
    ("language", "text", "rows"),
    [
        ("python", 'f("""a\nb\nc""", d)\n', {0: 'f(""', 1: "", 2: '"", d)'}),
        ("javascript", "f(`a\n${b(1)} c\n`)\n", {0: 'f(""', 1: "${b(1)}", 2: '"")'}),
        ("python", "f('one line')\n", {}),
        ("cobol", "a\n", {}),
    ],
)
def test_code_beside_texts_of_several_rows(language: str, text: str, rows: dict[int, str]) -> None:
    assert code_rows(language, text.encode(), 0, 10) == rows


def test_only_the_rows_that_are_asked_for() -> None:
    source = b'a = """\nb\n"""\nc = """\nd\n"""\n'
    assert set(code_rows("python", source, 3, 6)) == {3, 4, 5}


SYMBOL = Symbol("read", "function", 2, 6)


def test_lines_within_a_definition() -> None:
    assert list(rows_within(SYMBOL, 0, ["a", "b", "c", "d"])) == [(2, "c"), (3, "d")]
    assert list(rows_within(SYMBOL, 5, ["a", "b"])) == [(5, "a")]
    assert list(rows_within(SYMBOL, 9, ["a"])) == []


def test_a_definition_has_rows_of_its_own() -> None:
    own = OwnRows(SYMBOL, inside={3}, idle={4}, code={5: ""})
    assert own.rows(0, list("abcdef")) == ["c"]
    assert own.own([b"a", b"b", b"c", b"d", b"e", b"\xff"]) == ["c"]
    assert OwnRows(SYMBOL, inside=(), code={5: "x"}).rows(2, list("cdef")) == ["c", "d", "e", "x"]
