"""What is not offered again: what was just deleted, what was dismissed."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.unwanted import AROUND, Dismissed, is_deleted
from iquest_lsp.datatypes import Deletion


@pytest.mark.parametrize(
    ("text", "deleted", "expected"),
    [
        ("bar)", "bar)", True),
        ("bar)\nnext()", "bar)", True),
        ("bar", "bar)", True),  # a part of it
        ("    bar)", "bar)\n", True),
        ("baz)", "bar)", False),
        ("urn x", "run", False),  # a slip of the fingers, corrected
        ("bar", "\n    ", False),  # white space is nothing that could be offered again
    ],
)
def test_what_was_deleted(text: str, deleted: str, expected: bool) -> None:
    assert is_deleted(text, 4, Deletion(4, deleted)) is expected
    assert not is_deleted(text, 5, Deletion(4, deleted))
    assert not is_deleted(text, 4, None)


def test_what_was_dismissed_stays_so_where_it_was() -> None:
    dismissed = Dismissed()
    document, offset = "foo()\nbar(", 10
    dismissed.remember(1, "a.py", document, offset, "x, y)")
    assert not dismissed.holds("a.py", document, offset, "x, y)")  # it was only offered
    dismissed.dismiss(1)
    dismissed.dismiss(1)
    dismissed.dismiss(2)  # never heard of
    for suggestion, expected in (("x, y)", True), ("x, y)\nz", True), ("x", True), ("y)", False), ("", False)):
        assert dismissed.holds("a.py", document, offset, suggestion) is expected, suggestion
    assert not dismissed.holds("b.py", document, offset, "x, y)")
    assert not dismissed.holds("a.py", "foo()\nbarx(", offset + 1, "x, y)")
    assert not dismissed.holds("a.py", document + "\n", offset, "x, y)")
    far = "z\n" * AROUND
    dismissed.remember(3, "a.py", far + document, len(far) + offset, "x, y)")
    dismissed.dismiss(3)
    assert dismissed.holds("a.py", far + far + document, 2 * len(far) + offset, "x, y)")  # only what is near counts


def test_what_is_kept_is_bounded() -> None:
    dismissed = Dismissed()
    for number in range(5000):
        dismissed.remember(number, number % 700, "", 0, f"text {number}")
    for number in range(5000):
        dismissed.dismiss(number)
    held = [number for number in range(5000) if dismissed.holds(number % 700, "", 0, f"text {number}")]
    assert 0 < len(held) <= 512
    assert held[-1] == 4999
