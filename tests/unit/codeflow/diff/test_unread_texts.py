"""Files of a diff whose lines are not read: those that are too large, and those that Git LFS keeps."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from iquest_lsp.harmless_git import LARGEST_TEXT
from tests.unit.codeflow.conftest import Script, history_of


def pointer(content: str, size: int) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{content * 64}\nsize {size}\n"


def test_no_line_of_a_pointer_is_told_as_a_line(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n", "model.bin": pointer("a", 12_000_000)})
    script.commit("Train longer", {"a.py": "x = 2\n", "model.bin": pointer("b", 13_000_000)})
    script.commit("Drop it", {"model.bin": None})
    history = history_of(script.root)
    for revision, files, told in (
        ("HEAD~2", 2, "`model.bin`: added (in Git LFS)"),
        ("HEAD~1", 2, "`model.bin`: modified (in Git LFS)"),
        ("HEAD", 1, "`model.bin`: deleted (in Git LFS)"),
    ):
        answer = history.explain_diff(revision)
        assert [(item.added, item.removed) for item in answer.files if item.path == "model.bin"] == [(0, 0)]
        assert len(answer.files) == files
        assert told in answer.to_markdown()
    assert "Deletes a file in Git LFS (model.bin)" in answer.summary
    patch = script.git("diff", "HEAD~2", "HEAD~1").encode() + b"\n"
    assert "`model.bin`: modified (in Git LFS)" in history.explain_diff(patch=patch).to_markdown()


@pytest.fixture
def large(script: Script) -> Script:
    script.commit("Begin", {"a.py": "x = 1\n", "data.csv": "1,2\n" * 10, "old.csv": "3,4\n" * (LARGEST_TEXT // 4 + 1)})
    (script.root / "film.mov").write_bytes(b"\0\1" * (LARGEST_TEXT // 2 + 1))
    script.write({"a.py": "x = 2\n", "data.csv": "1,2\n" * (LARGEST_TEXT // 4 + 1), "old.csv": "3,4\n"})
    return script


@pytest.mark.parametrize("asked", ["worktree", "staged", "revision"])
def test_a_text_that_is_too_large_is_neither_read_nor_binary(large: Script, asked: str) -> None:
    target = ""
    if asked != "worktree":
        large.git("add", "-A")
        target = "--staged"
    if asked == "revision":
        large.commit("Grow")
        target = "HEAD"
    answer = history_of(large.root).explain_diff(target)
    told = {item.path: (item.added, item.removed, item.binary) for item in answer.files}
    assert told == {
        "a.py": (1, 1, False),
        "data.csv": (0, 0, False),
        "old.csv": (0, 0, False),
        "film.mov": (0, 0, True),
    }
    assert "`data.csv`, `old.csv` are too large and were not read" in answer.to_markdown()


def test_a_large_text_in_a_repository_without_a_commit(script: Script, tmp_path: Path) -> None:
    script.write({"data.csv": "1,2\n" * (LARGEST_TEXT // 4 + 1)})
    script.git("add", "-A")
    answer = history_of(script.root).explain_diff("--staged")
    assert [(item.path, item.added, item.binary) for item in answer.files] == [("data.csv", 0, False)]
    bare = tmp_path / "bare.git"
    script.commit("Begin")
    subprocess.run(["git", "clone", "-q", "--bare", str(script.root), str(bare)], check=True)
    answer = history_of(bare).explain_diff("HEAD")
    assert [(item.path, item.added, item.binary) for item in answer.files] == [("data.csv", 0, False)]
