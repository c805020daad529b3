"""Diffs of files between pairs of commits."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.pair_diffs import PairDiffs, pair_diffs
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import MissingContentsError
from tests.unit.codeflow.conftest import Script


def test_each_pair_has_its_own_answer(script: Script) -> None:
    ids = [script.commit(f"Step {number}", {"a.py": f"{number}\n", "b.py": f"{number}\n"}) for number in range(3)]
    with pair_diffs(Repository.open(script.root, shows_all), ("a.py",)) as pairs:
        for old, new in ((0, 1), (0, 2), (1, 1)):
            found = pairs.read(ids[old], ids[new])
            told = [(item.path, item.hunks[0].removed, item.hunks[0].added) for item in found]
            assert told == ([] if old == new else [("a.py", (str(old),), (str(new),))])


def test_without_a_patch_renames_of_whole_commits_are_found(script: Script) -> None:
    old = script.commit("Begin", {"a.py": "one\ntwo\nthree\n"})
    new = script.commit("Rename it", {"a.py": None, "b.py": "one\ntwo\nthree\n"})
    with pair_diffs(Repository.open(script.root, shows_all), (), patch=False) as pairs:
        (found,) = pairs.read(old, new)
    assert (found.status, found.old_path, found.path, found.hunks) == ("R", "a.py", "b.py", ())


@pytest.mark.parametrize("is_partial", [True, False])
def test_where_git_ends_contents_are_missing(is_partial: bool) -> None:
    process: Any = SimpleNamespace(stdin=io.BytesIO(), stdout=io.BytesIO(b":100644 100644 1 2 M\ta.py\n"))
    with pytest.raises(MissingContentsError):
        PairDiffs(process, is_partial=is_partial).read("a", "b")
