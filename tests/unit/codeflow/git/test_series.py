"""Diffs that follow one another: together they are what git shows between the first state and the last."""

from __future__ import annotations

import difflib
import itertools
import random
import subprocess
from dataclasses import replace

import pytest

from iquest_lsp.codeflow.diff.patches import apply, read_patch
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.git.series import as_one
from tests.unit.codeflow.conftest import Script, history_of

SHORT = "def f():\n    return 1\n\n\ndef g():\n    return 2\n\n\ndef h():\n    return 3\n"
MOVED = "".join(f"moved = {number}\n" for number in range(9))


def hunks(old: list[str], new: list[str]) -> tuple[Hunk, ...]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        Hunk(i1, i2 - i1, j1, j2 - j1, tuple(old[i1:i2]), tuple(new[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def test_three_edits_of_any_text_are_one() -> None:
    source = random.Random(5)
    for _ in range(400):
        texts = [[source.choice("abcd") for _ in range(source.randrange(9))]]
        for _ in range(3):
            text = texts[-1].copy()
            for _ in range(source.randrange(1, 4)):
                at = source.randrange(len(text) + 1)
                text[at : at + source.randrange(3)] = [source.choice("abcdef") for _ in range(source.randrange(3))]
            texts.append(text)
        pairs = [pair for pair in itertools.pairwise(texts) if pair[0] != pair[1]]
        steps = [FileDiff("a", "M", hunks=hunks(*pair)) for pair in pairs]
        told = as_one(steps, newest_first=False)
        assert told == as_one(steps[::-1], newest_first=True)
        assert len(told) == 1 or texts[0] == texts[-1]
        for item in told:
            assert apply(texts[0], item.hunks) == texts[-1]
            assert all(hunk.new_start == at for hunk, at in zip(item.hunks, _new_starts(item.hunks), strict=True))


def _new_starts(told: tuple[Hunk, ...]) -> list[int]:
    shift, starts = 0, []
    for hunk in told:
        starts.append(hunk.old_start + shift)
        shift += hunk.new_count - hunk.old_count
    return starts


def output(script: Script, *args: str) -> bytes:
    return subprocess.run(["git", *args], cwd=script.root, capture_output=True, check=True).stdout


def shape(text: bytes) -> set[tuple[object, ...]]:
    return {(item.path, item.status, item.old_path, item.added, item.removed) for item in read_patch(text).files}


@pytest.fixture
def series(script: Script) -> Script:
    """Two changes of one file, one of them taken back; files that come, go, move and change at once, or come back."""
    script.commit(
        "Begin", {"a.py": SHORT, "moved.py": MOVED, "back.py": SHORT, "gone.py": "z = 2\n", "again.py": SHORT}
    )
    script.git("tag", "begin")
    script.write({"a.py": SHORT.replace("1", "10").replace("3", "30"), "new.py": "x = 1\n", "brief.py": "y = 1\n"})
    script.write({"back.py": SHORT.replace("2", "20"), "gone.py": "z = 3\n", "again.py": None})
    script.git("mv", "moved.py", "there.py")
    script.commit("First", {})
    script.write({"a.py": SHORT.replace("1", "11"), "new.py": "x = 2\nz = 3\n", "brief.py": None})
    script.write({"back.py": SHORT, "gone.py": None, "again.py": SHORT.replace("3", "4")})
    script.write({"there.py": MOVED.replace("1", "10")})
    script.commit("Second", {})
    script.git("mv", "there.py", "at_last.py")
    script.commit("Third", {})
    return script


@pytest.mark.parametrize(
    "form",
    [
        ["format-patch", "--stdout", "begin"],
        ["log", "--patch", "begin..HEAD"],
        ["log", "--patch", "--reverse", "begin..HEAD"],
        ["log", "--patch", "--reverse", "--full-index", "begin..HEAD"],
        ["log", "--patch", "--format=", "begin..HEAD"],
    ],
    ids=" ".join,
)
def test_several_commits_are_what_they_do_together(series: Script, form: list[str]) -> None:
    together = shape(output(series, "diff", "begin", "HEAD"))
    assert ("at_last.py", "R", "moved.py", 1, 1) in together
    assert shape(output(series, *form)) == together


def test_what_is_not_staged_and_what_is(series: Script) -> None:
    series.write({"a.py": SHORT.replace("1", "12")})
    series.git("add", "a.py")
    series.write({"a.py": SHORT.replace("1", "13")})
    both = output(series, "diff") + output(series, "diff", "--staged")
    assert shape(both) == shape(output(series, "diff", "HEAD")) == {("a.py", "M", "", 1, 1)}


def test_what_does_not_follow_stays_apart() -> None:
    one = FileDiff("a", "M", added=1, removed=1, hunks=(Hunk(0, 1, 0, 1, ("x",), ("y",)),))
    other = replace(one, hunks=(Hunk(0, 1, 0, 1, ("z",), ("w",)),))
    assert as_one([one, other], newest_first=False) == (one, other)
    new = replace(one, status="A")
    assert as_one([one, new], newest_first=False) == (one, new)


def test_a_file_that_becomes_a_link_is_of_another_type(script: Script) -> None:
    script.commit("Begin", {"a.py": SHORT, "b.py": "x = 1\n"})
    (script.root / "a.py").unlink()
    (script.root / "a.py").symlink_to("b.py")
    (file,) = read_patch(output(script, "diff")).files
    assert (file.path, file.status, file.added, file.removed) == ("a.py", "T", 1, 10)


def test_a_file_that_two_lines_of_development_changed_is_told_once(script: Script) -> None:
    script.commit("Begin", {"a.py": SHORT})
    script.git("checkout", "-q", "-b", "side")
    script.commit("Side", {"a.py": SHORT.replace("1", "10")})
    script.git("checkout", "-q", "main")
    script.commit("Main", {"a.py": SHORT.replace("1", "11")})
    script.git("merge", "-q", "-s", "ours", "side")
    told = history_of(script.root).explain_diff("-", output(script, "log", "--patch", "main~2.."))
    assert [(file.path, file.added, file.removed) for file in told.files] == [("a.py", 2, 2)]
