"""An edit, a suggestion, and a place to look at."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import EditKind, NextEdit, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

REASON = Reason(ReasonKind.RENAMED, ("a", "b"))


def suggestion(line: int, column: int, old: str, new: str = "x") -> NextEdit:
    return NextEdit(
        "a.py", line, column, old, new, EditKind.RENAME, REASON, Sort.of(PredictorKind.RENAME), trigger=("b.py", 3)
    )


@pytest.mark.parametrize(
    ("item", "end"),
    [
        (suggestion(2, 3, ""), (2, 3)),
        (suggestion(2, 3, "abc"), (2, 6)),
        (suggestion(2, 3, "ab\n"), (3, 0)),
        (suggestion(2, 3, "ab\ncd\ne"), (4, 1)),
        (suggestion(0, 0, "字ü"), (0, 2)),
    ],
)
def test_where_the_old_text_ends(item: NextEdit, end: tuple[int, int]) -> None:
    assert item.end == end


@pytest.mark.parametrize(
    ("item", "text", "expected"),
    [
        (suggestion(1, 2, "b"), "a\n  b\nc", "a\n  x\nc"),
        (suggestion(0, 0, ""), "", "x"),
        (suggestion(1, 0, "b\n"), "a\nb\nc", "a\nxc"),
        (suggestion(0, 1, "字"), "ü字", "üx"),
        (suggestion(1, 0, "b"), "a\nc", None),
        (suggestion(9, 0, ""), "a", None),
    ],
)
def test_a_text_with_the_suggestion_taken(item: NextEdit, text: str, expected: str | None) -> None:
    assert item.applied_to(text) == expected


@pytest.mark.parametrize(("old", "end"), [("a", 2), ("a\n", 2), ("a\nb", 3), ("", 2)])
def test_the_place_of_a_suggestion(old: str, end: int) -> None:
    place = Place.of(suggestion(2, 0, old))
    assert (place.line, place.end, place.trigger, place.confidence) == (2, end, ("b.py", 3), 0.0)
