"""Which definitions and which hunks lie on the rows of a file."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.syntax.outline.rows import DefinitionRows, HunkRows, touched
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol

SHOP = Symbol("Shop", "class", 0, 8)
READ = Symbol("Shop.read", "method", 1, 4)
WRITE = Symbol("Shop.write", "method", 5, 8)
LAST = Symbol("last", "function", 9, 11)
ALL = (SHOP, READ, WRITE, LAST)


@pytest.mark.parametrize(
    ("start", "count", "names"),
    [
        (0, 1, ["Shop"]),
        (2, 1, ["Shop.read"]),
        (3, 3, ["Shop", "Shop.read", "Shop.write"]),  # the row between them is the class's own
        (8, 1, []),
        (0, 20, ["Shop", "Shop.read", "Shop.write", "last"]),
        # A gap between two rows.
        (2, 0, ["Shop.read"]),
        (1, 0, ["Shop"]),
        (0, 0, []),
        (9, 0, []),
        (100, 5, []),
    ],
)
def test_the_innermost_definitions_of_some_rows(start: int, count: int, names: list[str]) -> None:
    assert [symbol.name for symbol in touched(ALL, start, count)] == names


def test_the_rows_inside_a_definition_are_those_of_others() -> None:
    rows = DefinitionRows(ALL)
    assert rows.inside(SHOP) == {1, 2, 3, 5, 6, 7}
    assert rows.inside(READ) == set()


def hunk(old: int, new: int) -> Hunk:
    return Hunk(old, 1, new, 1, ("a",), ("b",))


@pytest.mark.parametrize(
    ("hunks", "expected"),
    [
        ([], []),
        ([hunk(0, 0), hunk(3, 3), hunk(9, 9)], [0, 1]),  # one before it may reach into it
        ([hunk(20, 20)], []),
        # A patch whose hunks are in no order is looked at as a whole.
        ([hunk(9, 9), hunk(0, 0)], [0, 1]),
    ],
)
def test_the_hunks_near_a_definition(hunks: list[Hunk], expected: list[int]) -> None:
    found = HunkRows(hunks).touching(READ, READ)
    assert found == [hunks[at] for at in expected]
