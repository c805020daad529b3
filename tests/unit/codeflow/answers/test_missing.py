"""Files that are expected in a diff."""

from __future__ import annotations

from collections import Counter

import pytest

from iquest_lsp.codeflow.answers.missing import fitting, missing_of, with_likely
from iquest_lsp.codeflow.past.cochange import Partner
from iquest_lsp.codeflow.past.likely_files import Likely
from iquest_lsp.codeflow.past.unindexed import Habits
from iquest_lsp.codeflow.wording.explanation import MissingItem, MissingKind, MissingReason


def item(path: str, confidence: float = 0.5) -> MissingItem:
    return MissingItem(path, (MissingReason(MissingKind.NAMES, ("read_all",)),), 3, confidence)


@pytest.mark.parametrize(
    ("paths", "path", "confidence", "fits"),
    [
        (["a.py"], "b.py", 0.5, True),
        (["a.py"], "README.md", 0.5, True),
        (["README.md"], "b.py", 0.5, False),
        (["README.md"], "b.py", 0.9, True),
        (["README.md"], "docs/b.md", 0.5, True),
        (["setup.cfg"], "b.py", 0.5, False),
        (["setup.cfg"], "a.toml", 0.5, True),
    ],
)
def test_documentation_asks_for_no_code(paths: list[str], path: str, confidence: float, fits: bool) -> None:
    some = [item(path, confidence)]
    assert fitting(paths, some) == (some if fits else [])


def test_likely_files_stand_behind_the_expected_ones() -> None:
    expected = [item("a.py", 0.9)]
    likely = [Likely("a.py", 0.5, ("x_y",)), Likely("b.py", 0.9, ("read_all",)), Likely("c.py", 0.4, ())]
    found = with_likely(expected, likely, [])
    assert [one.path for one in found] == ["a.py", "b.py"]
    assert found[1].confidence < found[0].confidence


def test_what_changed_along_is_told_of_a_likely_file() -> None:
    partner = Partner("b.py", "a.py", 3, 4, 3.0, 4.0)
    (found,) = with_likely([], [Likely("b.py", 0.4, ())], [partner])
    assert (found.support, [reason.kind for reason in found.reasons]) == (3, [MissingKind.TOGETHER])


@pytest.mark.parametrize(("changed", "expected"), [("a/b.py", ["CHANGES.md"]), ("tests/test_b.py", [])])
def test_a_test_asks_for_no_changelog(changed: str, expected: list[str]) -> None:
    partner = Partner("CHANGES.md", changed, 9, 10, 9.0, 10.0)
    found = missing_of([changed], [], [partner], Habits(0, Counter()), [], frozenset({"CHANGES.md", changed}), "fix")
    assert [one.path for one in found] == expected
