"""The parameters of functions whose languages have no grammar here."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.heads import head_effects
from iquest_lsp.codeflow.wording.effects import effect_words


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("def read(a)\n  a\nend", "def read(a, b = 1)\n  a\nend", ["takes the new parameter `b`"]),
        ("def read(a, b)\nend", "def read(a)\nend", ["no longer takes `b`"]),
        ("fun read(\n  a: Int,\n) {\n}", "fun read(\n  a: Int,\n  b: Int,\n) {\n}", ["takes the new parameter `b`"]),
        ("int Read(A a) {", "int Read(B a) {", ["`A a` becomes `B a`"]),
        # Where more than the parameters changes, the lines say it.
        ("private int Read(int a) {", "public int Read(int a, int b) {", []),
        ("fun read(a: Int) = a", "fun read(b: Int) = b", []),
        ("def read\nend", "def read(a)\nend", []),
        ("def read(a)\nend", "def read( a )\nend", []),
        ("def read(a\nend", "def read(a, b\nend", []),
        ("", "", []),
    ],
)
def test_what_becomes_of_the_parameters(before: str, after: str, told: list[str]) -> None:
    name = "Box.Read" if "Read" in before else "Box.read"
    found, lines = head_effects(name, before.split("\n"), after.split("\n"))
    assert [effect_words(item) for item in found] == told
    assert bool(lines) == bool(told)
