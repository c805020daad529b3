from __future__ import annotations

import pytest

from iquest_lsp.bench.edit_distance import is_on_the_way


@pytest.mark.parametrize(
    ("old", "taken", "new", "right"),
    [
        ("f(a, b)", "g(a, b)", "g(a, c)", True),
        ("f(a, b)", "g(a, b)", "h(a, b)", False),
        ("f(a, b)", "f(a)", "f(a)", True),
        ("f(a, b)", "g(a, b)", "", False),
        ("f(a)", "f(a, c)", "f(a, c, d)", True),
        ("f(a)", "f(a)", "f(b)", False),
    ],
)
def test_a_suggestion_is_right_where_it_lies_on_the_way(old: str, taken: str, new: str, right: bool) -> None:
    assert is_on_the_way(old, taken, new) is right
