"""A history typed again: states, cursors and expectations are those of the commits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.past.retyping import check_out, checked_out, retyped_lines

VERSIONS = (
    "import os\n\n\ndef first(value):\n    return value\n",
    "import os\nimport sys\n\n\ndef first(value, other):\n    return value + other\n\n\n"
    "def second(value):\n    return first(value, value)\n",
    "import sys\n\n\ndef first(value, other):\n    total = value + other\n    return total\n\n\n"
    "def second(value):\n    return first(value, value)\n",
)


def git(root: Path, *args: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q")
    for version in VERSIONS:
        (folder / "code.py").write_text(version)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "change")
    return folder


def test_each_line_was_really_typed_there(root: Path) -> None:
    lines = retyped_lines(root, 10, 100, withhold=shows_all)
    assert len(lines) >= 5
    assert lines == retyped_lines(root, 10, 100, withhold=shows_all)
    texts = {git(root, "show", f"{line.commit}:code.py") for line in lines}
    for line in lines:
        assert git(root, "rev-parse", f"{line.commit}~1") == line.parent
        document = line.text.split("\n")
        assert len(document[line.line]) == line.column
        finished = document[line.line] + line.expected
        committed = git(root, "show", f"{line.commit}:code.py").split("\n")
        assert committed[line.line] == finished
        assert document[: line.line] == committed[: line.line]
        # What follows is the parent's end: nothing of the commit is given away.
        before = git(root, "show", f"{line.parent}:code.py").split("\n")
        rest = "\n".join(document[line.line + 1 :]).strip()
        assert "\n".join(before).strip().endswith(rest)
    assert len(texts) == 2


def test_the_sample_is_spread_over_commits(root: Path) -> None:
    assert len({line.commit for line in retyped_lines(root, 10, 2, withhold=shows_all)}) == 2


def test_states_are_checked_out_beside_the_repository(root: Path) -> None:
    before = git(root, "status", "--porcelain=v2", "--branch")
    first = git(root, "rev-list", "--max-parents=0", "HEAD")
    with checked_out(root, shows_all) as folder:
        check_out(folder, shows_all, first)
        assert (folder / "code.py").read_text() == VERSIONS[0]
        assert check_out(folder, shows_all, git(root, "rev-parse", "HEAD")) == ["code.py"]
        assert (folder / "code.py").read_text() == VERSIONS[-1]
        assert check_out(folder, shows_all, git(root, "rev-parse", "HEAD")) == []
    assert not folder.exists()
    assert git(root, "status", "--porcelain=v2", "--branch") == before


def test_what_was_written_before_a_line_is_work_in_progress(root: Path) -> None:
    for name in ("another.py", "code.py", "zero.py"):
        (root / name).write_text(f"def {name[:-3]}(value):\n    return value\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "more")
    lines = [line for line in retyped_lines(root, 1, 100, withhold=shows_all) if line.path == "code.py"]
    assert lines
    assert {line.finished for line in lines} == {("another.py",)}
    with checked_out(root, shows_all) as folder:
        check_out(folder, shows_all, lines[0].parent)
        assert check_out(folder, shows_all, lines[0].parent, lines[0].commit, lines[0].finished) == ["another.py"]
        assert git(folder, "status", "--porcelain") == "?? another.py"
        assert (folder / "code.py").read_text() == VERSIONS[-1]
        assert check_out(folder, shows_all, lines[0].parent) == ["another.py"]
        assert not (folder / "another.py").exists()
