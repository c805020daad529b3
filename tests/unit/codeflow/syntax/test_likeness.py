"""How alike two definitions are, and which may have become which."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.likeness import code_lines, may_become, similarity
from iquest_lsp.codeflow.syntax.symbols import Symbol


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("function", "function", True),
        ("test", "function", True),
        ("method", "test", True),
        ("function", "method", False),
        ("test", "class", False),
    ],
)
def test_a_test_may_become_what_tests_call(old: str, new: str, expected: bool) -> None:
    assert may_become(old, new) is expected


def test_definitions_are_alike_by_their_lines_under_one_name() -> None:
    assert similarity(["def a(x):", "return x"], ["def b(x):", "return x"], "a", "b") == 1.0
    assert similarity(["def a(x):", "return x"], ["def b(x):", "return x"], "", "") == 0.5
    assert similarity([], ["a"], "", "") == 0.0


def test_lines_are_compared_without_indentation_and_signs() -> None:
    assert code_lines([b"f {", b"  a\xff", b"}"], Symbol("f", "function", 0, 3)) == ("f {", "a\ufffd")
