"""Lines followed back, compared with `git blame` itself."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.answers.targets import find_target
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.following.anchors import Anchor
from iquest_lsp.codeflow.past.following.tracking import follow
from iquest_lsp.errors import UsageError
from tests.unit.codeflow.conftest import Script


def blamed(script: Script, path: str, line: int) -> str:
    return script.git("blame", "-s", "-l", "--root", f"-L{line + 1},{line + 1}", "HEAD", "--", path)[:40]


def subjects(script: Script, path: str, line: int) -> list[str]:
    walked = follow(Repository.open(script.root, shows_all), "HEAD", [("line", path, (line, line + 1))])
    assert walked.complete
    return [script.git("log", "-1", "--format=%s", touch.oid) for touch in walked.touches]


class RandomHistory:
    """Two branches that edit, move and merge a few files; every text line is unlike the others."""

    def __init__(self, script: Script, seed: int) -> None:
        self.script, self.rng = script, random.Random(seed)
        self.count = 0
        first = {f"{name}.txt": [self.line() for _ in range(12)] for name in "ab"}
        script.commit("First", {name: "\n".join(lines) + "\n" for name, lines in first.items()})
        for _ in range(12):
            getattr(self, self.rng.choice(["edit", "edit", "edit", "side", "rename", "reformat"]))()

    def line(self) -> str:
        self.count += 1
        return f"{self.rng.getrandbits(64):x} {self.count}"

    def edit(self, message: str = "Edit") -> None:
        path = self.rng.choice(sorted(self.script.root.glob("*.txt")))
        lines = path.read_text().split("\n")[:-1]
        at = self.rng.randrange(len(lines))
        length = self.rng.randrange(3)
        lines[at : at + length] = [self.line() for _ in range(self.rng.randrange(4))]
        text = "".join(f"{line}\n" for line in lines or [self.line()])
        self.script.commit(message, {path.name: text})

    def side(self) -> None:
        self.script.git("checkout", "-q", "-b", "side")
        for _ in range(self.rng.randrange(1, 3)):
            self.rng.choice([self.edit, self.edit, self.rename])()
        self.script.git("checkout", "-q", "main")
        for _ in range(self.rng.randrange(2)):
            self.rng.choice([self.edit, self.edit, self.rename])()
        try:
            self.script.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
        except subprocess.CalledProcessError:
            # A conflict is settled by keeping both sides with the marks between them.
            self.script.commit("Merge")
        self.script.git("branch", "-q", "-D", "side")

    def rename(self) -> None:
        path = self.rng.choice(sorted(self.script.root.glob("*.txt")))
        self.count += 1
        self.script.git("mv", path.name, f"moved{self.count}.txt")
        self.script.commit("Rename")

    def reformat(self) -> None:
        path = self.rng.choice(sorted(self.script.root.glob("*.txt")))
        lines = path.read_text().split("\n")[:-1]
        self.script.commit("Reformat", {path.name: "".join(f"  {line.strip()}\n" for line in lines)})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_the_last_change_of_every_line_is_the_one_that_blame_names(script: Script, seed: int) -> None:
    RandomHistory(script, seed)
    repository, checked = Repository.open(script.root, shows_all), 0
    for path in sorted(script.root.glob("*.txt")):
        for line in range(len(path.read_text().splitlines())):
            touches = follow(repository, "HEAD", [("line", path.name, (line, line + 1))]).touches
            assert touches, (path.name, line)
            assert touches[0].oid == blamed(script, path.name, line), (path.name, line)
            checked += 1
    assert checked >= 5


@pytest.mark.slow
def test_all_commits_that_blame_names_for_some_lines_touched_them(script: Script) -> None:
    RandomHistory(script, 100)
    for path in sorted(script.root.glob("*.txt")):
        count = len(path.read_text().splitlines())
        touches = follow(Repository.open(script.root, shows_all), "HEAD", [("all", path.name, (0, count))]).touches
        assert {blamed(script, path.name, line) for line in range(count)} <= {touch.oid for touch in touches}


def test_a_line_moved_on_one_side_and_changed_on_the_other(script: Script) -> None:
    lines = [f"line {n}" for n in range(1, 13)]
    script.commit("First", {"a.txt": "\n".join(lines) + "\n"})
    script.git("checkout", "-q", "-b", "side")
    script.commit("Change line eight", {"a.txt": "\n".join([*lines[:7], "line 8 changed", *lines[8:]]) + "\n"})
    script.git("checkout", "-q", "main")
    script.commit("Put three lines at the top", {"a.txt": "\n".join(["x", "y", "z", *lines]) + "\n"})
    script.git("merge", "-q", "--no-edit", "side")
    assert subjects(script, "a.txt", 10) == ["Change line eight", "First"]
    assert subjects(script, "a.txt", 0) == ["Put three lines at the top"]


def test_a_file_renamed_on_one_side_and_changed_on_the_other(script: Script) -> None:
    lines = [f"line {n}" for n in range(1, 13)]
    script.commit("First", {"a.txt": "\n".join(lines) + "\n"})
    script.git("checkout", "-q", "-b", "side")
    script.commit("Change line eight", {"a.txt": "\n".join([*lines[:7], "line 8 changed", *lines[8:]]) + "\n"})
    script.git("checkout", "-q", "main")
    script.git("mv", "a.txt", "b.txt")
    script.commit("Rename", {"b.txt": "\n".join(["top", *lines]) + "\n"})
    script.git("merge", "-q", "--no-edit", "side")
    assert subjects(script, "b.txt", 8) == ["Change line eight", "First"]


def test_a_line_resolved_in_the_merge_belongs_to_the_merge(script: Script) -> None:
    script.commit("First", {"a.txt": "a\nb\nc\n"})
    script.git("checkout", "-q", "-b", "side")
    script.commit("Side", {"a.txt": "a\nb of the side\nc\n"})
    script.git("checkout", "-q", "main")
    script.commit("Main", {"a.txt": "a\nb of main\nc\n"})
    script.git("merge", "-q", "-s", "ours", "--no-commit", "side")
    script.commit("Merge", {"a.txt": "a\nb of main and of the side\nc\n"})
    assert subjects(script, "a.txt", 1) == ["Merge", "Main", "First"]


def test_clocks_that_ran_backwards_hide_nothing(script: Script) -> None:
    script.commit("First", {"a.txt": "a\nb\n", "b.txt": "b\n"})
    for number in range(4):
        script.day -= 3
        script.commit(f"Step {number}", {"a.txt": f"a {number} of a line\nb\n"})
    assert subjects(script, "a.txt", 0)[:4] == ["Step 3", "Step 2", "Step 1", "Step 0"]


def test_a_wide_commit_changes_lines_like_any_other(script: Script) -> None:
    script.commit("First", {f"f{n}.txt": "a\nb\nc\n" for n in range(250)})
    script.commit("All of them", {f"f{n}.txt": "a\nb, reworded\nc\n" for n in range(250)})
    script.commit("One", {"f7.txt": "0\na\nb, reworded\nc\n"})
    assert subjects(script, "f7.txt", 2) == ["All of them", "First"]


def test_a_move_that_is_staged_keeps_the_past(script: Script) -> None:
    script.commit("First", {"a.py": "a = 1\nb = 2\nc = 3\n"})
    script.git("mv", "a.py", "b.py")
    target = find_target(Repository.open(script.root, shows_all), "b.py:2")
    assert (target.path, target.head_path, target.line_committed) == ("b.py", "a.py", 1)
    (script.root / "b.py").write_text("new = 0\na = 1\nb = 2\nc = 3\n")
    target = find_target(Repository.open(script.root, shows_all), "b.py:3")
    assert (target.head_path, target.line_committed) == ("a.py", 1)
    assert find_target(Repository.open(script.root, shows_all), "b.py:1").line_committed is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.slow
def test_the_lines_of_a_buffer_are_meant(script: Script, newline: str) -> None:
    script.commit("First", {"a.py": "a = 1\nb = 2\nc = 3\n"})
    changed = script.commit("Change c", {"a.py": "a = 1\nb = 2\nc = 4\n"})
    script.write({"a.py": "saved = 0\na = 1\nb = 2\nc = 4\n"})
    past = History(script.root, lambda text: False)
    buffer = newline.join(["# new", "# new", "saved = 0", "a = 1", "c = 4", ""])
    assert past.last_change("a.py:5", buffer=buffer) == changed
    assert [item.subject for item in past.why("a.py:5", buffer=buffer).story] == ["First", "Change c"]
    assert [past.last_change(f"a.py:{line}", buffer=buffer) for line in (1, 2, 3)] == ["", "", ""]
    with pytest.raises(UsageError, match="no line 7"):
        past.why("a.py:7", buffer=buffer)
    assert past.last_change("a.py:4") == changed


def test_a_file_that_is_only_in_an_editor_has_no_past(script: Script) -> None:
    script.commit("First", {"a.py": "a = 1\n"})
    assert History(script.root, lambda text: False).last_change("new.py:1", buffer="x = 1\n") == ""


def test_time_that_ran_out_is_said(script: Script, tmp_path: Path) -> None:
    script.commit("First", {"a.txt": "a\n"})
    script.commit("Second", {"a.txt": "a\nb\n"})
    assert not follow(
        Repository.open(script.root, shows_all), "HEAD", [("line", "a.txt", (0, 1))], seconds=-1.0
    ).complete


def test_lines_that_grew_a_definition_do_not_bear_it(script: Script) -> None:
    head, end = "def f(x):\n", "    return x\n"
    script.commit("Born", {"a.py": head + end})
    script.commit("Grown", {"a.py": head + "    if not x:\n        x = 1\n" + end})
    script.commit("Changed", {"a.py": head + "    if not x:\n        x = 2\n" + end})
    repository = Repository.open(script.root, shows_all)
    found = follow(repository, repository.head(), [("f", "a.py", (0, 4))]).touches
    told = [(script.git("log", "-1", "--format=%s", touch.oid), touch.born) for touch in found]
    assert told == [("Changed", False), ("Grown", False), ("Born", True)]


def test_a_definition_that_stands_where_another_stood_is_followed_by_its_name(script: Script) -> None:
    def read(name: str, word: str) -> str:
        return f"def {name}(file):\n    {word} = file.{word}()\n    return {word} or not_{word}(file)\n\n\n"

    middle = "def between(one, other):\n    return one < other\n\n\n"
    script.commit("Begin", {"lib.py": read("first", "head") + middle})
    script.commit("Read the last one too", {"lib.py": read("first", "head") + middle + read("last", "tail")})
    script.commit("Read by other means", {"lib.py": read("last", "lines") + middle + read("first", "peek")})
    walked = follow(
        Repository.open(script.root, shows_all), "HEAD", [("own", "lib.py", (0, 3))], anchors={"own": Anchor("last")}
    )
    found = [(script.git("log", "-1", "--format=%s", touch.oid), touch.born) for touch in walked.touches]
    assert found == [("Read by other means", False), ("Read the last one too", True)]
