"""What of a generated text is inserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.completion import shape
from iquest_lsp.datatypes import Document, Finish, Position, Snapshot


def at(text: str) -> Snapshot:
    """A snapshot of the text with the cursor where | stands."""
    before, _, after = text.partition("|")
    lines = before.split("\n")
    return Snapshot(Path("/w"), Document("a.py", before + after), Position(len(lines) - 1, len(lines[-1])))


@pytest.mark.parametrize(
    ("generated", "where", "finish", "expected"),
    [
        ("b + c", "a = |", Finish.STOP, "b + c"),
        ("b + c   ", "a = |", Finish.STOP, "b + c"),
        ("b)", "f(a, |)", Finish.STOP, "b"),
        ("b):", "if f(a, |):", Finish.STOP, "b"),
        ("b)", "f(a, |", Finish.STOP, "b)"),
        ("    return 1", "def f():\n|\n    return 1\n", Finish.STOP, ""),
        ("x = 1\n    return x", "def f():\n    |\n    return x\n", Finish.STOP, "x = 1"),
        ("first\nsecond\nthi", "|", Finish.LIMIT, "first\nsecond"),
        ("self.value + self.oth", "return |", Finish.DEADLINE, "self.value + self."),
        ("oth", "return |", Finish.DEADLINE, ""),
        ("   \n", "a|", Finish.STOP, ""),
        ('T, "b", "b", "b", "b", "b"', "super(|", Finish.LIMIT, ""),
        ("[" + "0, " * 12 + "0]", "a = |", Finish.STOP, ""),
        ("x" + " " * 40 + "= 1", "|", Finish.STOP, "x" + " " * 40 + "= 1"),
        ("b\nc", "a|\r\nd\r\n", Finish.STOP, "b\r\nc"),
    ],
)
def test_shape(generated: str, where: str, finish: Finish, expected: str) -> None:
    assert shape(generated, at(where), finish=finish) == expected
