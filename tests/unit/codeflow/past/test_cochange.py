"""Files that change together."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.past.cochange import MAX_FILES, Partner, partners, usual, wilson_bound


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 0, 0, 0), (0, 10, 0, 0.01), (10, 10, 0.85, 0.87), (1, 2, 0.15, 0.2), (1, 1, 0.37, 0.39)],
)
def test_a_share_is_at_least_so_much(hits: float, total: float, low: float, high: float) -> None:
    assert low <= wilson_bound(hits, total) <= high


def test_partners_are_counted_over_the_commits_of_a_file() -> None:
    found = partners([["a", "b"], ["a", "b", "c"], ["a"], ["b", "c"]], ["a"])
    assert [(item.path, item.support, item.total) for item in found] == [("b", 2, 3), ("c", 1, 3)]
    assert found[0].confidence == pytest.approx(2 / 3)


def test_a_commit_that_names_a_file_twice_counts_once() -> None:
    (found,) = partners([["a", "b", "a"]], ["a"])
    assert (found.support, found.total) == (1, 1)


def test_sweeps_say_nothing_and_wide_commits_little() -> None:
    assert partners([[f"f{number}" for number in range(MAX_FILES + 1)]], ["f0"]) == []
    wide = partners([["a", "b", *(f"f{number}" for number in range(20))]], ["a"])
    assert all(item.weight < 0.2 for item in wide)
    assert partners([[]], ["a"]) == []


def test_only_what_is_seen_often_enough_is_usual() -> None:
    def names(commits: list[list[str]], present: list[str] | None = None) -> list[str]:
        return [item.path for item in usual(partners(commits, ["a.py"]), present or ["a.py"])]

    assert names([["a.py", "b.py"]] * 5) == ["b.py"]
    assert names([["a.py", "b.py"]] * 2) == []
    assert names([["a.py", "b.py"]] * 5, ["a.py", "b.py"]) == []
    assert names([["a.py", "poetry.lock"]] * 9) == []
    assert names([["a.py", "b.py"]] * 5 + [["a.py"]] * 30) == []


def test_a_file_that_never_changed_has_no_share() -> None:
    assert Partner("b", "a", 0, 0, 0.0, 0.0).confidence == 0.0
    assert Partner("b", "a", 0, 0, 0.0, 0.0).bound == 0.0
