"""What a watcher waits with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.workspace.batch import Batch, FileEvent
from iquest_lsp.workspace.disk_state import Changes
from iquest_lsp.workspace.ignore import IgnoreRules


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / ".gitignore").write_text("*.log\nout/\n")
    return made


def batch(root: Path, max_paths: int = 100) -> Batch:
    return Batch(root, [root / ".git"], [root.parent], IgnoreRules(root), max_paths)


def after(root: Path, *paths: str, is_folder: bool = False, is_deletion: bool = False, most: int = 100) -> Batch:
    found = batch(root, most)
    for path in paths:
        found.add(FileEvent([os.path.normpath(root / path)], is_folder, is_deletion))
    return found


def test_nothing_is_no_batch(root: Path) -> None:
    assert not batch(root)
    assert batch(root).take() is None


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["b.py", "a.py", "b.py"], Changes(("a.py", "b.py"))),
        (["a.log", "out/b.py", "../c.py"], None),
        ([".git/HEAD"], Changes(head=True)),
        ([".git/refs/heads/main"], Changes(head=True)),
        ([".git/index"], None),
        ([".git/info/exclude"], Changes(everything=True, rules=True)),
        ([".gitignore"], Changes(everything=True, rules=True)),
        (["../.gitignore"], Changes(everything=True, rules=True)),
    ],
)
def test_what_anybody_wants_to_know(root: Path, paths: list[str], expected: Changes | None) -> None:
    assert after(root, *paths).take() == expected


def test_too_much_is_everything(root: Path) -> None:
    assert after(root, *(f"{number}.py" for number in range(5)), most=3).take() == Changes(everything=True)


def test_a_folder_that_came_is_looked_through(root: Path) -> None:
    (root / "new" / "deep").mkdir(parents=True)
    (root / "new" / "deep" / "a.py").write_text("")
    found = after(root, "new", is_folder=True)
    assert found.take() == Changes(("new/deep/a.py",))
    assert found.come(FileEvent([str(root / "new")], True, False)) == [str(root / "new")]
    assert found.come(FileEvent([str(root / "new" / "deep")], True, False)) == []


def test_of_a_folder_that_went_the_tree_tells(root: Path) -> None:
    assert after(root, "gone", is_folder=True, is_deletion=True).take() == Changes(everything=True)
    assert after(root, "out", is_folder=True, is_deletion=True).take() is None


def test_a_repository_that_came_is_noted(root: Path) -> None:
    assert after(root, ".git", is_folder=True).repository
