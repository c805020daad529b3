"""Each reason has a sentence that all of its values stand in."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import EditKind, NextEdit, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort
from iquest_lsp.nextedit.wording import as_markdown, reason_words

VALUES = {
    ReasonKind.RENAMED: ("old", "new"),
    ReasonKind.RENAMED_IN: ("old", "new", "a.py"),
    ReasonKind.PARAMETER_RENAMED: ("old", "new", "total"),
    ReasonKind.LIKE: ("old", "new"),
    ReasonKind.MOVED: ("a.py", "b.py"),
    ReasonKind.PARAMETER_REMOVED: ("total", "member"),
    ReasonKind.PARAMETER_ADDED: ("total", "member"),
    ReasonKind.ASYNC: ("load",),
    ReasonKind.AWAITS: ("page",),
    ReasonKind.REORDERED: ("total",),
    ReasonKind.OVERRIDE: ("total",),
    ReasonKind.GONE: ("total",),
    ReasonKind.MISFIT: ("total",),
    ReasonKind.PART: ("Point", "z"),
    ReasonKind.RESULTS: ("total", "2"),
    ReasonKind.REPEATED: ("3",),
    ReasonKind.UNUSED_IMPORT: ("os",),
    ReasonKind.MISSING_IMPORT: ("os", "path"),
    ReasonKind.NOT_IMPORTED: ("os",),
    ReasonKind.MISSING_IMPORT_OF_LANGUAGE: ("os", "python"),
    ReasonKind.GUESSED: ("Zeta 2",),
}

RENAMING = Sort.of(PredictorKind.RENAME)


@pytest.mark.parametrize("kind", ReasonKind)
def test_every_reason_has_its_sentence(kind: ReasonKind) -> None:
    words = reason_words(Reason(kind, VALUES[kind]))
    assert all(value in words for value in VALUES[kind])


def test_a_renamed_parameter_is_told_in_order() -> None:
    words = reason_words(Reason(ReasonKind.PARAMETER_RENAMED, ("old", "new", "total")))
    assert words == "the parameter `old` of `total` is `new` now"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([4], "`a.py:5`"),
        ([4, 4, 8], "`a.py:5`, 9"),
        (list(range(10)), "`a.py:1`, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
        (list(range(11)), "`a.py:1`, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more lines"),
    ],
)
def test_lines_of_a_file_that_ask_for_the_same_stand_together(lines: list[int], told: str) -> None:
    reason = Reason(ReasonKind.RENAMED, ("old", "new"))
    items = [
        NextEdit("a.py", line, 3, "old", "new", EditKind.RENAME, reason, RENAMING, confidence=0.9) for line in lines
    ]
    other = NextEdit("b.py", 0, 3, "old", "new", EditKind.RENAME, reason, RENAMING, confidence=0.9)
    text = as_markdown([*items, other], [], []).split("\n")
    assert text[2:4] == [f"- {path} `old` → `new`: `old` is `new` now (90%)" for path in (told, "`b.py:1`")]


def test_places_are_told_apart_from_edits() -> None:
    reason = Reason(ReasonKind.MISFIT, ("total",))
    those = [
        Place("a.py", line, line, EditKind.SIGNATURE, reason, Sort.of(PredictorKind.MISFIT), confidence=0.95)
        for line in (2, 5)
    ]
    text = as_markdown([], those, [])
    assert "Nothing was found" not in text
    assert (
        "Places to look at, where what is to be written cannot be told:\n\n- `a.py:3`, 6: `total` takes other" in text
    )
