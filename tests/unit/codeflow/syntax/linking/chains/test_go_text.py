"""Pieces of signatures and types as Go writes them."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.linking.chains.go_text import after_parameters, bracketed, several, split


@pytest.mark.parametrize(
    ("text", "inside", "behind"), [("(a (b), c) d", "a (b), c", "d"), ("[T]x", "T", "x"), ("(a", "a", "")]
)
def test_what_stands_in_brackets(text: str, inside: str, behind: str) -> None:
    assert bracketed(text) == (inside, behind)


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("(a int) *Box {", "*Box"),
        ("(a int) (*Box, error) {", "(*Box, error)"),
        ("(a int) {", ""),
        ("() Box // one", "Box"),
    ],
)
def test_what_stands_behind_parameters(text: str, results: str) -> None:
    assert after_parameters(text) == results


def test_parts_of_a_list() -> None:
    assert split("a, map[b]c, func(d, e)") == ["a", "map[b]c", "func(d, e)"]
    assert several("(a, b *Box, err error)") == ["*Box", "*Box", "error"]
    assert several("(*Box, error)") == ["*Box", "error"]
