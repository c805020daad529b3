"""Where a definition stands in a commit."""

from __future__ import annotations

from typing import Any

import pytest

from iquest_lsp.codeflow.past.following.anchors import NO_ANCHORS, Anchor, Anchors, head_of
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol

TEXT = b"import os\n\n\ndef read(a):\n    return a\n\n\nclass Shop:\n    def read(self):\n        return 1\n"


class Texts:
    """A repository of one file."""

    def __init__(self, text: bytes | None) -> None:
        self.text = text

    def file_at(self, revision: str, path: str) -> bytes | None:
        del revision
        return self.text if path == "a.py" else None


def span(anchor: Anchor, near: tuple[int, int] | None = None, text: bytes | None = TEXT) -> tuple[int, int] | None:
    some: Any = Texts(text)
    return Anchors(some, {"it": anchor}).span("it", "HEAD", "a.py", near)


@pytest.mark.parametrize(
    ("name", "expected"), [("read", (3, 5)), ("Shop.read", (8, 10)), ("Shop", (7, 10)), ("write", None)]
)
def test_the_lines_of_a_definition(name: str, expected: tuple[int, int] | None) -> None:
    assert span(Anchor(name)) == expected


def test_the_head_alone() -> None:
    assert span(Anchor("read", head_only=True)) == (3, 4)


def test_of_several_forms_the_one_at_hand() -> None:
    text = b"if a:\n    def read(): ...\nelse:\n    def read(): ...\n"
    assert span(Anchor("read"), (1, 2), text) == (1, 2)
    assert span(Anchor("read"), (3, 4), text) == (3, 4)


def test_inside_a_function_what_is_around_may_have_another_name() -> None:
    text = b"def outer():\n    def inner():\n        return 1\n    return inner\n"
    assert span(Anchor("former.inner", inside=True), text=text) == (1, 3)
    assert span(Anchor("former.inner"), text=text) is None


def test_a_file_that_is_not_there_has_no_definition() -> None:
    assert span(Anchor("read"), text=b"") is None
    some: Any = Texts(TEXT)
    anchors = Anchors(some, {"it": Anchor("read")})
    assert "it" in anchors
    assert anchors
    assert not Anchors(some, NO_ANCHORS)


def test_a_head_is_what_stands_below_the_comment() -> None:
    assert head_of(Symbol("f", "function", 2, 9, head=5, doc=(2, 4))) == (4, 5)
    assert head_of(Symbol("f", "function", 2, 9, head=3, doc=(3, 4))) == (2, 3)
    assert head_of(Symbol("f", "function", 2, 3)) == (2, 3)
