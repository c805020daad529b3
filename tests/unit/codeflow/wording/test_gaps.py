"""Sentences about what an answer lacks."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.gaps import AnswerPart, Gap, GapKind
from iquest_lsp.codeflow.wording.gaps import gap_words, partial, partial_lines


@pytest.mark.parametrize("kind", GapKind)
def test_each_gap_has_a_sentence(kind: GapKind) -> None:
    values = tuple(AnswerPart) if kind is GapKind.FAULT else ("3", "7")
    words = gap_words([Gap(kind, values)])
    assert len(words) == (len(AnswerPart) if kind is GapKind.FAULT else 1)
    assert all(words)
    assert "{" not in "".join(words)


def test_paths_are_listed() -> None:
    assert gap_words([Gap(GapKind.LARGE, ("a", "b", "c", "d"))]) == [
        "`a`, `b`, `c` and 1 more are too large and were not read"
    ]
    assert gap_words([Gap(GapKind.LARGE, ("a",))]) == ["`a` is too large and was not read"]


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert partial([]) is None
    assert partial_lines([]) == []


def test_all_gaps_stand_on_one_line() -> None:
    gaps = [Gap(GapKind.USES, ("9",)), Gap(GapKind.BARE)]
    line, empty = partial_lines(gaps)
    assert line.startswith("*Partial:* the search for uses stopped after 9 matches; this repository is bare")
    assert empty == ""
    assert partial(gaps) == gap_words(gaps)
