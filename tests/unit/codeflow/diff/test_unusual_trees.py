"""Working trees and indexes that are not as usual are told as they are, or said not to be read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from iquest_lsp.codeflow.git.blob_reader import MAX_BLOB
from iquest_lsp.errors import NoSuchFileError, UsageError
from tests.unit.codeflow.conftest import Script, history_of

CODE = "def area(side):\n    return side * side\n"


def test_a_file_that_is_only_announced_is_read_from_the_disk(script: Script) -> None:
    script.commit("First", {"a.py": CODE})
    script.write({"b.py": CODE})
    script.git("add", "-N", "b.py")
    told = history_of(script.root).explain_diff("").to_json()
    assert told["partial"] is None
    (file,) = told["files"]
    assert (file["path"], file["status"]) == ("b.py", "added")
    assert [symbol["name"] for symbol in file["symbols"]] == ["area"]


def test_a_file_in_conflict_is_not_told_as_no_change(script: Script) -> None:
    script.commit("First", {"a.py": CODE, "b.py": CODE})
    script.git("checkout", "-q", "-b", "other")
    script.commit("Other", {"a.py": CODE.replace("side * side", "side ** 2")})
    script.git("checkout", "-q", "main")
    script.commit("Ours", {"a.py": CODE.replace("side * side", "pow(side, 2)")})
    with pytest.raises(Exception, match="merge"):
        script.git("merge", "-q", "other")
    told = history_of(script.root).explain_diff("--staged").to_json()
    assert told["partial"] == ["`a.py` is in conflict: what changes in it was not read"]
    assert [file["status"] for file in told["files"]] == ["conflicted"]


@pytest.mark.slow
def test_a_file_that_a_sparse_checkout_leaves_out_has_its_history(script: Script) -> None:
    script.commit("First", {"a/a.py": CODE, "b/b.py": CODE})
    script.commit("Name the side", {"b/b.py": CODE.replace("side", "length")})
    script.git("sparse-checkout", "set", "a")
    assert not (script.root / "b").exists()
    told = history_of(script.root).why("b/b.py:2").to_json()
    assert [step["subject"] for step in told["story"]][-1] == "Name the side"


def test_a_file_that_was_deleted_is_said_to_be(script: Script) -> None:
    script.commit("First", {"a.py": CODE})
    (script.root / "a.py").unlink()
    with pytest.raises(NoSuchFileError, match="deleted since the last commit"):
        history_of(script.root).why("a.py:1")
    with pytest.raises(NoSuchFileError, match="not in the repository"):
        history_of(script.root).why("b.py:1")


def test_a_folder_is_said_to_be_one(script: Script) -> None:
    script.commit("First", {"a/a.py": CODE})
    with pytest.raises(NoSuchFileError, match="it is a folder"):
        history_of(script.root).why("a:1")


@pytest.mark.slow
def test_a_name_that_is_nowhere_is_not_told_as_uncommitted(script: Script, tmp_path: Path) -> None:
    """Where history is missing it may have been there; that is all that can be said."""
    script.commit("First", {"a.py": CODE})
    script.commit("Second", {"a.py": CODE + CODE.replace("area", "cube")})
    subprocess.run(["git", "clone", "-q", "--depth", "1", script.root.as_uri(), tmp_path / "clone"], check=True)
    told = history_of(tmp_path / "clone").why("a.py::nope").to_json()
    assert told["story"] == []
    assert len(told["partial"]) == 1
    assert "shallow" in told["partial"][0]
    with pytest.raises(UsageError, match="defines no nope"):
        history_of(script.root).why("a.py::nope")


def in_conflict(script: Script) -> None:
    """A merge that stopped: both sides of `a.py` between marks."""
    script.commit("First", {"a.py": CODE, "b.py": CODE})
    script.git("checkout", "-q", "-b", "other")
    script.commit("Other", {"a.py": CODE.replace("side * side", "side ** 2")})
    script.git("checkout", "-q", "main")
    script.commit("Ours", {"a.py": CODE.replace("side * side", "pow(side, 2)")})
    with pytest.raises(subprocess.CalledProcessError):
        script.git("merge", "-q", "other")


def test_both_sides_of_a_conflict_are_not_read_as_code(script: Script) -> None:
    in_conflict(script)
    history = history_of(script.root)
    for target in ("", "--staged"):
        told = history.explain_diff(target)
        assert told.to_json()["partial"] == ["`a.py` is in conflict: what changes in it was not read"]
        assert [(item.status, item.symbols) for item in told.files] == [("conflicted", ())]
        assert "parses" not in " ".join(told.risks)
        assert "side ** 2" not in told.summary
        assert history.impact_of_diff(target).to_json()["partial"] == told.to_json()["partial"]
        with pytest.raises(UsageError, match="in conflict"):
            history.commit_message(target)
    assert history.explain_diff().risks == ("a.py:2 holds a conflict marker",)


def test_a_line_of_what_is_merged_is_not_told_as_uncommitted(script: Script) -> None:
    in_conflict(script)
    lines = (script.root / "a.py").read_text().split("\n")
    theirs = next(number for number, line in enumerate(lines, 1) if "side ** 2" in line)
    assert "comes from what is being merged" in history_of(script.root).why(f"a.py:{theirs}").note
    script.git("merge", "--abort")
    with (script.root / "a.py").open("a") as file:
        file.write("\n\nNEW = 1\n")
    assert history_of(script.root).why("a.py:5").note == "It is not committed yet."


def test_marks_alone_are_no_conflict(script: Script) -> None:
    script.commit("First", {"a.py": CODE, "b.py": CODE})
    script.write({"a.py": CODE + '\n\nMARK = """\n<<<<<<< ours\n"""\n'})
    assert [item.status for item in history_of(script.root).explain_diff().files] == ["modified"]


def test_what_is_staged_first_has_no_history(script: Script) -> None:
    script.write({"a.py": CODE})
    script.git("add", "a.py")
    for target in ("a.py:1", "a.py::area", "a.py"):
        assert history_of(script.root).why(target).note == "It is not committed yet."


@pytest.mark.slow
def test_uses_that_a_sparse_checkout_leaves_out_are_missed(script: Script) -> None:
    script.commit("First", {"in/a.py": CODE, "out/b.py": "from a import area\n\narea(1)\n"})
    assert history_of(script.root).impact("in/a.py::area").to_json()["partial"] != [SPARSE]
    script.git("sparse-checkout", "set", "in")
    assert SPARSE in (history_of(script.root).impact("in/a.py::area").to_json()["partial"] or ())
    script.git("sparse-checkout", "disable")
    assert SPARSE not in (history_of(script.root).impact("in/a.py::area").to_json()["partial"] or ())


SPARSE = "files that the sparse checkout leaves out were not searched for uses"


def test_a_new_file_that_is_too_large_to_be_read_is_not_said_to_be_binary(script: Script) -> None:
    script.commit("First", {"a.py": CODE})
    script.write({"big.txt": "a line\n" * (MAX_BLOB // 6)})
    (script.root / "big.dat").write_bytes(b"\0" * (MAX_BLOB + 1))
    os.mkfifo(script.root / "pipe")
    (script.root / "to_pipe").symlink_to("pipe")
    told = history_of(script.root).explain_diff()
    shown = told.to_markdown()
    assert "- `big.dat`: added (binary)\n" in shown
    assert "- `big.txt`: added\n" in shown
    assert "- `to_pipe`: added\n" in shown
    assert told.to_json()["partial"] == ["`big.dat`, `big.txt` are too large and were not read"]
