"""Where a repository keeps its things, and what git is told about ignoring."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.workspace.git_places import (
    ignore_settings,
    is_repository,
    mark_of,
    own_places,
    places_of,
    tracked_but_ignored,
)
from tests.unit.codeflow.conftest import Script


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path / "work")


def test_a_folder_in_a_repository_has_its_places(script: Script) -> None:
    (script.root / "a").mkdir()
    found = places_of(script.root / "a")
    assert found is not None
    assert (found.top, found.git_dir, found.common_dir) == (script.root, script.root / ".git", script.root / ".git")
    assert is_repository(found)
    assert mark_of(script.root / "a") == str(script.root / ".git")


def test_a_folder_in_none_has_none(tmp_path: Path) -> None:
    assert places_of(tmp_path) is None
    assert own_places(tmp_path) is None


def test_another_work_tree_shares_what_is_common(script: Script, tmp_path: Path) -> None:
    script.commit("Begin", {"a": ""})
    script.git("worktree", "add", "-q", str(tmp_path / "other"))
    found, by_files = places_of(tmp_path / "other"), own_places(tmp_path / "other")
    assert found == by_files
    assert found is not None
    assert found.common_dir == script.root / ".git"


@pytest.mark.parametrize("text", ["", "gitdir:", "gitdir: nowhere", "gitdir: \0", "something"])
def test_a_file_that_leads_nowhere_marks_no_repository(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git").write_text(text)
    assert own_places(tmp_path) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True),
        ("yes", True),
        ("1", True),
        ("0", False),
        ("00", False),
        ("false", False),
        ("9" * 5000, True),
        ("x", False),
    ],
)
def test_whether_case_matters(script: Script, value: str, expected: bool) -> None:
    with (script.root / ".git" / "config").open("a") as config:
        config.write(f"[core]\n\tignoreCase = {value}\n")
    assert ignore_settings(script.root, places_of(script.root)).ignore_case is expected


def test_the_users_own_rules(script: Script, tmp_path: Path) -> None:
    places = places_of(script.root)
    assert ignore_settings(script.root, places).excludes_file == tmp_path / "xdg" / "git" / "ignore"
    script.git("config", "core.excludesFile", "own")
    assert ignore_settings(script.root, places).excludes_file == script.root / "own"
    script.git("config", "core.excludesFile", "")
    assert ignore_settings(script.root, places).excludes_file is None


def test_files_that_are_tracked_although_rules_ignore_them(script: Script) -> None:
    script.commit("Begin", {"a.log": "", "b.py": ""})
    script.write({".gitignore": "*.log\n"})
    places = places_of(script.root)
    assert places is not None
    assert tracked_but_ignored(places) == {b"a.log"}
