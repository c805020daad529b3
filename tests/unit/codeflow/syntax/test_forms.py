"""Several forms of one definition, told apart."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.forms import MAX_FORMS, keyed, outer_of, reordered, rows_of, touched_keys
from iquest_lsp.codeflow.syntax.outline.rows import DefinitionRows
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol


def form(signature: str, start: int) -> Symbol:
    return Symbol("read", "function", start, start + 2, signature)


ONE, TWO, THREE = "read(a: int)", "read(a: str, b: str)", "read(list: bytes)"


def test_forms_are_counted_in_their_order() -> None:
    found = keyed([form(ONE, 0), form(TWO, 2), Symbol("write", "function", 4, 5)])
    assert list(found) == [("read", 0), ("read", 1), ("write", 0)]


def test_where_one_goes_the_others_keep_their_counts() -> None:
    found = keyed([form(TWO, 0)], [form(ONE, 0), form(TWO, 2)])
    assert list(found) == [("read", 1)]


def test_where_one_comes_it_has_a_count_of_its_own() -> None:
    found = keyed([form(THREE, 0), form(ONE, 2)], [form(ONE, 0)], lambda row: row + 2)
    assert {key: item.signature for key, item in found.items()} == {("read", 0): ONE, ("read", 1): THREE}


def test_forms_that_change_places_keep_their_counts() -> None:
    old = keyed([form(ONE, 0), form(TWO, 2), form(THREE, 4)])
    new = keyed([form(TWO, 0), form(ONE, 2), form(THREE, 4)], list(old.values()))
    assert {key: item.signature for key, item in new.items()} == {key: item.signature for key, item in old.items()}
    assert reordered(old, new) == {"read"}
    assert reordered(old, old) == set()


def test_very_many_forms_are_compared_in_their_order() -> None:
    many = [form(f"read(a{number})", 2 * number) for number in range(MAX_FORMS)]
    assert [key[1] for key in keyed(many, many[1:])] == list(range(MAX_FORMS))


@pytest.mark.parametrize(("row", "expected"), [(0, 0), (2, None), (3, None), (4, 3), (9, 10), (12, 13)])
def test_rows_of_the_old_text_in_the_new_one(row: int, expected: int | None) -> None:
    hunks = (Hunk(2, 2, 2, 1, ("a", "b"), ("c",)), Hunk(6, 0, 5, 2, (), ("d", "e")))
    assert rows_of(FileDiff("a", "M", hunks=hunks))(row) == expected


def test_the_definition_around_one() -> None:
    assert outer_of(("Shop.read", 3)) == ("Shop", 0)
    assert outer_of(("read", 0)) == ("", 0)


def test_the_forms_that_lines_touch() -> None:
    symbols = keyed([form(ONE, 0), form(TWO, 2)])
    rows = DefinitionRows(symbols.values())
    assert touched_keys(symbols, rows, [(3, 1)]) == {("read", 1)}
    assert touched_keys(symbols, rows, [(0, 4)]) == {("read", 0), ("read", 1)}
    assert touched_keys(symbols, rows, []) == set()
