"""Where a block that comes or goes is taken to begin."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.slides import slid
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk

BEFORE = "def a():\n    return 1\n\ndef c():\n    return 3\n"
AFTER = "def a():\n    return 1\n\ndef b():\n    return 2\n\ndef c():\n    return 3\n"


def moved(before: str | None, after: str | None, hunk: Hunk) -> Hunk:
    texts = [None if text is None else text.encode() for text in (before, after)]
    return slid(FileDiff("a.py", "M", hunks=(hunk,)), *texts).hunks[0]


def test_a_block_begins_with_its_head_and_not_with_the_end_of_another() -> None:
    before = "f {\n  a\n}\n"
    after = "f {\n  a\n}\ng {\n  b\n}\n"
    hunk = Hunk(2, 0, 2, 3, (), ("}", "g {", "  b"))
    assert moved(before, after, hunk) == Hunk(3, 0, 3, 3, (), ("g {", "  b", "}"))


def test_an_empty_line_belongs_behind_the_block() -> None:
    hunk = Hunk(2, 0, 2, 3, (), ("", "def b():", "    return 2"))
    assert moved(BEFORE, AFTER, hunk) == Hunk(3, 0, 3, 3, (), ("def b():", "    return 2", ""))


def test_what_goes_is_moved_alike() -> None:
    hunk = Hunk(2, 3, 2, 0, ("", "def b():", "    return 2"), ())
    assert moved(AFTER, BEFORE, hunk) == Hunk(3, 3, 3, 0, ("def b():", "    return 2", ""), ())


@pytest.mark.parametrize(
    ("before", "after"), [(None, AFTER), (BEFORE, None), ("a\n", "b\n")], ids=["added", "deleted", "replaced"]
)
def test_what_has_one_place_stays(before: str | None, after: str | None) -> None:
    hunk = Hunk(0, 1, 0, 1, ("a",), ("b",))
    assert moved(before, after, hunk) == hunk


def test_no_block_reaches_into_the_next_hunk() -> None:
    hunks = (Hunk(1, 0, 1, 1, (), ("x",)), Hunk(2, 1, 3, 1, ("b",), ("c",)))
    item = FileDiff("a", "M", hunks=hunks)
    assert slid(item, b"x\nx\nb\n", b"x\nx\nx\nc\n").hunks[1] == hunks[1]
    first = slid(item, b"x\nx\nb\n", b"x\nx\nx\nc\n").hunks[0]
    assert first.new_end <= hunks[1].new_start
