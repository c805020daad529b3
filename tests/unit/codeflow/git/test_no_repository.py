"""A folder in which git finds no repository: why, as one can see it there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import NotARepositoryError
from tests.unit.codeflow.conftest import Script


def error(folder: Path) -> NotARepositoryError:
    with pytest.raises(NotARepositoryError) as failed:
        Repository.open(folder, shows_all)
    assert failed.value.what == f"{folder} is in no git repository"
    return failed.value


def test_a_folder_without_one(tmp_path: Path) -> None:
    assert error(tmp_path).why == "no .git folder was found there or above"


def test_a_worktree_whose_repository_was_moved(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    worktree = script.root.parent / "worktree"
    script.git("worktree", "add", "-q", str(worktree))
    (worktree / "inner").mkdir()
    script.root.rename(script.root.parent / "elsewhere")
    for folder in (worktree, worktree / "inner"):
        told = error(folder)
        assert told.why == f"{worktree}/.git leads to {script.root}/.git/worktrees/worktree, where none is"
        assert "git worktree repair" in told.fix


def test_what_is_left_of_one(script: Script) -> None:
    shutil.rmtree(script.root / ".git" / "objects")
    (script.root / ".git" / "HEAD").unlink()
    assert error(script.root).why == f"{script.root}/.git is no whole repository"
    shutil.rmtree(script.root / ".git")
    (script.root / ".git").write_text("")
    assert error(script.root).why == f"{script.root}/.git leads to nothing, where none is"
