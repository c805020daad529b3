"""Where a project begins, and by which names its folder is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.project.roots import ROOT_MARKS, RootNames, is_marked, root_of


@pytest.mark.parametrize("mark", ROOT_MARKS)
def test_a_mark_makes_a_folder_a_root(tmp_path: Path, mark: str) -> None:
    inner = tmp_path / "work" / "a" / "b"
    inner.mkdir(parents=True)
    assert not is_marked(tmp_path / "work")
    (tmp_path / "work" / mark).write_text("")
    assert is_marked(tmp_path / "work")
    assert root_of(inner) == root_of(inner / "c.py") == tmp_path / "work"


def test_the_nearest_mark_counts(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "iquest.toml").write_text("")
    (tmp_path / "a" / "go.mod").write_text("")
    assert root_of(tmp_path / "a" / "b") == tmp_path / "a"
    assert root_of(tmp_path / "c.py") == tmp_path


def test_a_folder_that_is_reached_by_a_link_has_two_names(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "a").mkdir(parents=True)
    link.symlink_to(real)
    names = RootNames(link)
    assert names.path_of(link / "a" / "b.py") == names.path_of(real / "a" / "b.py") == "a/b.py"
    assert names.hold(real / "c.py")
    assert not names.hold(tmp_path / "c.py")


def test_another_name_is_learned_from_a_file(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    (root / "a").mkdir(parents=True)
    other.symlink_to(root / "a")
    names = RootNames(root)
    assert not names.hold(other / "b.py")
    assert names.learn(other / "b.py")
    assert names.path_of(other / "b.py") == "a/b.py"
    assert not names.learn(tmp_path / "b.py")


def test_a_name_may_be_added(tmp_path: Path) -> None:
    names = RootNames(tmp_path / "root")
    names.add(tmp_path / "more")
    assert names.path_of(tmp_path / "more" / "a.py") == "a.py"
    assert names.path_of(Path("a.py")) == "a.py"
