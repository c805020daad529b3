"""The project's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.dropped import DropKind
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.tree import Tree, walk


def made(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    return root


def left_out(tree: Tree) -> dict[str, DropKind]:
    return {item.path: item.why.kind for item in tree.left_out}


def test_files_are_listed_in_order_without_gits_own(tmp_path: Path) -> None:
    root = made(tmp_path, "b.py", "a/c.py", "a/.git", ".git/HEAD", "ü.py")
    assert walk(root, IgnoreRules(root)) == Tree(("a/c.py", "b.py", "ü.py"))


def test_what_rules_ignore_is_noted(tmp_path: Path) -> None:
    root = made(tmp_path, "a.py", "b.log", "out/c.py")
    (root / ".gitignore").write_text("*.log\nout/\n")
    tree = walk(root, IgnoreRules(root))
    assert tree.paths == (".gitignore", "a.py")
    assert left_out(tree) == {"b.log": DropKind.IGNORED, "out/": DropKind.IGNORED}


def test_a_cut_tree_keeps_what_lies_near_the_root(tmp_path: Path) -> None:
    root = made(tmp_path, "a/a/a.py", "a/b.py", "z.py")
    tree = walk(root, IgnoreRules(root), max_files=2)
    assert (tree.paths, tree.complete) == (("a/b.py", "z.py"), False)


def test_folders_that_lie_too_deep_are_noted(tmp_path: Path) -> None:
    root = made(tmp_path, "a/b/c.py", "a/d.py")
    tree = walk(root, IgnoreRules(root), max_depth=1)
    assert (tree.paths, left_out(tree)) == (("a/d.py",), {"a/b/": DropKind.TOO_DEEP})


def test_a_walk_that_is_cancelled_is_not_complete(tmp_path: Path) -> None:
    assert walk(made(tmp_path, "a.py"), IgnoreRules(tmp_path), cancelled=lambda: True) == Tree((), complete=False)


def test_a_folder_that_is_not_there_is_noted(tmp_path: Path) -> None:
    tree = walk(tmp_path / "none", IgnoreRules(tmp_path))
    assert left_out(tree) == {".": DropKind.UNREADABLE}


@pytest.mark.skipif(os.name == "nt", reason="links and names of POSIX")
def test_links_to_folders_are_not_followed_and_odd_names_are_noted(tmp_path: Path) -> None:
    root = made(tmp_path, "a/b.py", "c\nd.py")
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to(root / "self")
    (root / "file").symlink_to(root / "a" / "b.py")
    tree = walk(root, IgnoreRules(root))
    assert "a/b.py" in tree.paths
    assert "file" in tree.paths
    assert not any(path.startswith("loop") for path in tree.paths)
    found = left_out(tree)
    assert found["loop"] == DropKind.LINK_TO_FOLDER
    assert found["c\nd.py"] == DropKind.BAD_NAME
