"""The working tree's changes, and records of the newest commits on some files."""

from __future__ import annotations

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers.work_in_progress import live_records, recent_edits
from tests.unit.codeflow.conftest import Script

READ = "def read(a):\n    b = a + 1\n    return b\n"


def test_changes_are_told_as_the_code_reads_now(script: Script) -> None:
    script.commit("Begin", {"a.py": READ, "b.py": "x = 1\n", "c.py": "y = 1\n"})
    script.write({"a.py": READ.replace("+ 1", "+ 2"), "b.py": None, "c.py": "y = 'hidden'\n"})
    (edit,) = recent_edits(script.root, redact=lambda text: "hidden" in text)
    assert (edit.path, edit.start, edit.end, edit.text) == ("a.py", 1, 2, "    b = a + 2")


def test_an_unchanged_tree_has_none(script: Script) -> None:
    script.commit("Begin", {"a.py": READ})
    assert recent_edits(script.root, redact=shows_all) == []


def test_the_newest_commits_on_files_are_records(script: Script) -> None:
    script.commit("Add the reader of numbers", {"a.py": READ, "b.py": "x = 1\n"})
    script.commit("Fix the reader of large numbers", {"a.py": READ.replace("+ 1", "+ 2")})
    found = live_records(script.root, ["a.py"], redact=shows_all)
    assert found
    assert live_records(script.root, ["none.py"], redact=shows_all) == []
    assert live_records(script.root, ["a.py"], redact=lambda _: True) == []
