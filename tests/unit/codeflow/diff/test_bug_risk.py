"""Which of two changes is likelier to bring a bug."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.bug_risk import riskiness
from iquest_lsp.codeflow.git.commits import FileDiff
from tests.unit.codeflow.made import diff_of

PLAIN = diff_of("a.py", "x = f(a)\n", "x = g(a)\n")
TEST = diff_of("tests/test_a.py", "", "def test_a(): ...\n")
LEAST = 0.05


@pytest.mark.parametrize(
    "files", [[], [TEST], [diff_of("README.md", "a\n", "b\n")], [FileDiff("a.png", "M", added=-1, removed=-1)]]
)
def test_what_is_no_code_counts_almost_nothing(files: list[FileDiff]) -> None:
    assert riskiness(files) == LEAST


def test_lines_that_only_move_or_are_laid_out_otherwise_count_almost_nothing() -> None:
    assert riskiness([diff_of("a.py", "a(1)\nb(2)\n", "b(2)\na(1)\n")]) == LEAST
    assert riskiness([diff_of("a.py", "a( 1 )\n", "a(1)\n")]) == LEAST


@pytest.mark.parametrize(
    ("more", "less"),
    [
        # A bound that turns is riskier than a name that is another.
        ([diff_of("a.py", "if a < 1:\n", "if a <= 1:\n")], [diff_of("a.py", "b = one\n", "b = other_thing\n")]),
        # A check that goes, than one that comes.
        ([diff_of("a.py", "if a is None:\n    return\n", "")], [diff_of("a.py", "", "if a is None:\n    return\n")]),
        # A change without a test, than with one.
        ([PLAIN], [PLAIN, TEST]),
        # Much, than little.
        (
            [diff_of("a.py", "", "".join(f"call{n}(x)\n" for n in range(200)))],
            [diff_of("a.py", "", "call(x)\n")],
        ),
    ],
)
def test_one_change_is_riskier_than_another(more: list[FileDiff], less: list[FileDiff]) -> None:
    assert riskiness(more) > riskiness(less)


def test_a_promise_to_change_nothing_makes_a_turned_condition_riskier() -> None:
    turned = [diff_of("a.py", "if a < 1:\n", "if a <= 1:\n")]
    assert riskiness(turned, "refactor") > riskiness(turned, "fix")
    assert riskiness([PLAIN], renames=True) < riskiness([PLAIN])
