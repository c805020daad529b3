"""Risks of a diff, in words."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.risks import Risk, RiskKind
from iquest_lsp.codeflow.wording.risks import risk_words


@pytest.mark.parametrize("kind", [kind for kind in RiskKind if kind not in (RiskKind.SIGNATURE, RiskKind.TOO_NEW)])
def test_each_risk_has_words(kind: RiskKind) -> None:
    words = risk_words(Risk(kind, (("a.py", 3),), ("1", "2")))
    assert words
    assert "{" not in words


def test_what_is_too_new_is_told_with_the_promise() -> None:
    risk = Risk(RiskKind.TOO_NEW, (("a.py", 3),), ("match", "3.10", "setup.py", "python", "3.8"))
    assert risk_words(risk) == "a.py:3 uses a match statement, which needs 3.10, but setup.py declares Python 3.8"


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "`f` is removed, but the old name is still used: p0:1"),
        (5, "`f` is removed, but the old name is still used: p0:1, p1:2, p2:3, p3:4 and 1 more"),
    ],
)
def test_only_the_first_places_are_told(count: int, told: str) -> None:
    places = tuple((f"p{number}", number + 1) for number in range(count))
    assert risk_words(Risk(RiskKind.REMOVED, places, ("f",))) == told


def test_one_test_is_told_in_the_singular() -> None:
    assert risk_words(Risk(RiskKind.TESTS_REMOVED, (), ("a",))) == "1 test is removed: `a`"
    assert risk_words(Risk(RiskKind.TESTS_REMOVED, (), ("a", "b"))) == "2 tests are removed: `a`, `b`"


def test_a_file_without_a_line_is_told_as_it_is() -> None:
    assert risk_words(Risk(RiskKind.EXECUTABLE, (("run.sh", 0),))) == "run.sh becomes executable"


def test_a_submodule_whose_commit_is_not_known() -> None:
    assert risk_words(Risk(RiskKind.SUBMODULE, (("kit", 0),), ("",))) == "the submodule kit moves to another commit"
