"""A definition's names, and the definition that a line belongs to."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.symbol import Symbol, at_line


@pytest.mark.parametrize(
    ("name", "short", "public"),
    [
        ("read", "read", True),
        ("Shop.read", "read", True),
        ("Shop._read", "_read", False),
        ("_Shop.read", "read", False),
        ("Shop.__init__", "__init__", True),
        ("__secret", "__secret", False),
        ("", "", True),
    ],
)
def test_names_are_short_and_public_by_the_conventions(name: str, short: str, public: bool) -> None:
    symbol = Symbol(name, "function", 0, 1)
    assert (symbol.short, symbol.public) == (short, public)


@pytest.mark.parametrize(("line", "name"), [(0, "Shop"), (1, "Shop.read"), (2, "Shop.read"), (3, "Shop"), (5, None)])
def test_a_line_belongs_to_the_innermost_definition(line: int, name: str | None) -> None:
    symbols = (Symbol("Shop", "class", 0, 5), Symbol("Shop.read", "method", 1, 3))
    for some in (symbols, symbols[::-1]):
        found = at_line(some, line)
        assert (found.name if found else None) == name


def test_of_two_on_the_same_lines_the_last_is_the_inner_one() -> None:
    found = at_line((Symbol("Shop", "class", 0, 1), Symbol("Shop.read", "method", 0, 1)), 0)
    assert found is not None
    assert found.name == "Shop.read"
