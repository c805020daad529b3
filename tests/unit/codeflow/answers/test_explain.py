"""explain-diff on every kind of target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iquest_lsp.codeflow.diff.patches import apply, read_patch, reverse
from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.past.following.hunk_lines import before
from iquest_lsp.errors import UsageError
from tests.unit.codeflow.conftest import Script, history_of

LIBRARY = '''def load(path):
    """Reads a file."""
    with open(path) as file:
        return file.read()


def save(path, text):
    with open(path, "w") as file:
        file.write(text)
'''
CALLER = "from lib import load\n\n\ndef main():\n    print(load('x'))\n"


@pytest.fixture
def library(script: Script) -> Script:
    script.commit(
        "Add the library",
        {
            "lib.py": LIBRARY,
            "app.py": CALLER,
            "tests/test_lib.py": "def test_a(): pass\n",
            "docs/guide.md": "Call `load` first.\n",
        },
    )
    for number in range(4):
        script.commit(
            f"Fix reading, part {number}",
            {
                "lib.py": LIBRARY.replace("read()", f"read({number})"),
                "tests/test_lib.py": f"def test_a(): assert {number}\n",
            },
        )
    return script


@pytest.mark.slow
def test_commit(library: Script) -> None:
    explanation = history_of(library.root).explain_diff("HEAD")
    answer = explanation.to_json()
    assert set(answer) == {"summary", "intent", "files", "history", "missing", "risks", "model_text", "partial"}
    assert answer["intent"] == "fix"
    assert answer["model_text"] is None
    files = {item["path"]: item for item in json.loads(json.dumps(answer))["files"]}
    assert files["lib.py"] == {
        "path": "lib.py",
        "status": "modified",
        "symbols": [{"name": "load", "kind": "function", "change": "body"}],
    }
    assert files["tests/test_lib.py"]["symbols"] == [{"name": "test_a", "kind": "test", "change": "test"}]
    assert [item.subject for item in explanation.history][-1] == "Add the library"
    assert "added `load`" in explanation.history[-1].reason
    assert len(explanation.history) == 4
    markdown = explanation.to_markdown()
    assert all(word in markdown for word in ("load", "fix", "Related history", explanation.history[0].commit[:10]))


@pytest.mark.slow
def test_working_tree_says_what_is_missing(library: Script) -> None:
    changed = LIBRARY.replace("def load(path)", "def load(path, encoding)")
    library.write({"lib.py": changed, "new.py": "def fresh(): pass\n"})
    explanation = history_of(library.root).explain_diff()
    by_path = {item.path: item for item in explanation.files}
    assert by_path["new.py"].status == "added"
    assert [(item.name, item.change) for item in by_path["lib.py"].symbols] == [("load", "signature")]
    missing = {item.path: item for item in explanation.missing}
    assert missing["tests/test_lib.py"].support == 5
    assert missing["tests/test_lib.py"].confidence == 1.0
    assert "load" in missing["docs/guide.md"].reason
    assert any("app.py:5" in risk and "signature" in risk for risk in explanation.risks)
    assert "encoding" in explanation.summary


@pytest.mark.slow
def test_staged_and_range_and_patch_agree(library: Script, tmp_path: Path) -> None:
    library.write({"lib.py": LIBRARY.replace("def save(path, text)", "def store(path, text)")})
    library.git("add", "-A")
    staged = history_of(library.root).explain_diff("--staged")
    patch = library.git("diff", "--cached") + "\n"
    piped = history_of(library.root).explain_diff("-", patch.encode())
    oid = library.commit("Rename save to store")
    ranged = history_of(library.root).explain_diff(f"{oid}~1..{oid}")
    expected = [("save", "renamed", "store"), ("load", "body", "load")]
    for explanation in (staged, piped, ranged):
        found = [(item.old_name or item.name, item.change, item.name) for item in explanation.files[0].symbols]
        assert sorted(found) == sorted(expected)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    outside = history_of(elsewhere).explain_diff("-", patch.encode())
    assert outside.files[0].path == "lib.py"
    assert outside.history == ()


@pytest.mark.slow
def test_merge_is_what_it_brings(library: Script) -> None:
    library.git("checkout", "-q", "-b", "side", "HEAD~1")
    library.commit("Add a file", {"side.py": "def side(): pass\n"})
    library.git("checkout", "-q", "main")
    library.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
    explanation = history_of(library.root).explain_diff("HEAD")
    assert explanation.intent == "merge"
    assert [item.path for item in explanation.files] == ["side.py"]


def test_nothing_changes(library: Script) -> None:
    assert history_of(library.root).explain_diff().summary.startswith("Nothing changes")


def test_bad_input(library: Script) -> None:
    with pytest.raises(UsageError):
        history_of(library.root).explain_diff("--output=x")
    with pytest.raises(UsageError, match="no diff"):
        read_patch(b"hello\n")


@pytest.mark.slow
def test_risks_in_new_code(library: Script) -> None:
    library.write({"app.py": CALLER + "\n<<<<<<< ours\nbreakpoint()\n", "lib.py": "def load(:\n"})
    risks = "\n".join(history_of(library.root).explain_diff().risks)
    assert "conflict marker" in risks
    assert "app.py:8" in risks
    assert "lib.py no longer parses as python" in risks


@pytest.mark.slow
def test_secrets_are_withheld(library: Script) -> None:
    library.commit("Set password hunter2", {"lib.py": LIBRARY.replace("read()", "read('hunter2')")})

    def redact(text: str) -> bool:
        return "hunter2" in text

    shown = history_of(library.root, redact=redact).explain_diff("HEAD")
    assert "hunter2" not in json.dumps(shown.to_json())
    assert "hunter2" not in shown.to_markdown()
    assert any("looks like a secret" in risk for risk in shown.risks)
    library.write({"lib.py": LIBRARY.replace("read()", "read('hunter2', 1)")})
    assert history_of(library.root, redact=redact).recent_edits() == []
    assert all("hunter2" not in str(item) for item in history_of(library.root, redact=redact).flow_records(["lib.py"]))
    history = history_of(library.root, redact=redact).explain_diff().history
    assert all("hunter2" not in str(item) for item in history)


def test_records_and_edits_are_relative_to_the_folder(script: Script) -> None:
    script.commit("Add reading", {"pkg/lib.py": LIBRARY, "top.py": "x = 1\n"})
    script.commit("Fix reading of large files", {"pkg/lib.py": LIBRARY.replace("read()", "read(10)")})
    script.commit("wip", {"pkg/lib.py": LIBRARY.replace("read()", "read(11)")})
    script.commit("Bump x", {"pkg/lib.py": LIBRARY.replace("read()", "read(12)")}, author="dependabot[bot] <b@x.org>")
    records = history_of(script.root / "pkg").flow_records(["lib.py"])
    assert [item.subject for item in records] == ["Fix reading of large files", "Add reading"]
    assert records[0].paths == ("lib.py",)
    assert records[0].kind == "fix"
    assert "load" in records[0].symbols
    script.write({"pkg/lib.py": LIBRARY.replace("read()", "read(13)"), "top.py": "x = 2\n", "pkg/n.py": "y = 1\n"})
    edits = {item.path: item for item in history_of(script.root / "pkg").recent_edits()}
    assert set(edits) == {"lib.py", "n.py"}
    assert (edits["lib.py"].start, edits["lib.py"].end, edits["lib.py"].symbols) == (3, 4, ("load",))


def test_patches_apply_and_reverse() -> None:
    patch = read_patch(
        b"From 123 Mon Sep 17 00:00:00 2001\nFrom: A <a@x>\nSubject: [PATCH 1/2] Fix a\n thing\n\nBecause.\n---\n"
        b"diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n"
        b"@@ -1,4 +1,5 @@ def f():\n a\n-b\n+B\n c\n+C\n d\n"
    )
    assert (patch.subject, patch.body) == ("Fix a thing", "Because.")
    assert (patch.files[0].added, patch.files[0].removed) == (2, 1)
    after = apply(["a", "b", "c", "d"], patch.files[0].hunks)
    assert after == ["a", "B", "c", "C", "d"]
    assert apply(after, reverse(patch.files[0].hunks)) == ["a", "b", "c", "d"]
    assert apply(["a", "x", "c", "d"], patch.files[0].hunks) is None
    plain = read_patch(
        b"--- old/x.c\t2020\n+++ new/x.c\t2020\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/y.c\n@@ -0,0 +1 @@\n+z\n"
    )
    assert [(item.path, item.status) for item in plain.files] == [("new/x.c", "M"), ("y.c", "A")]


def test_lines_are_followed_back() -> None:
    hunks = (Hunk(2, 1, 2, 3), Hunk(10, 2, 12, 0))
    assert before(hunks, (0, 2)) == (0, 2)
    assert before(hunks, (5, 6)) == (3, 4)
    assert before(hunks, (3, 4)) == (2, 3)
    assert before(hunks, (12, 14)) == (12, 14)
    assert before((Hunk(4, 0, 4, 2),), (4, 6)) is None


@pytest.mark.slow
def test_code_too_new_for_the_declared_version_is_a_risk(library: Script) -> None:
    library.write(
        {
            "pyproject.toml": '[project]\nrequires-python = ">=3.8"\n',
            "lib.py": "match 1:\n    case 1:\n        pass\n" + LIBRARY,
        }
    )
    risks = history_of(library.root).explain_diff().risks
    assert any("lib.py:1 uses a match statement, which needs 3.10" in risk and "3.8" in risk for risk in risks)


def test_false_citations_are_known(library: Script) -> None:
    oid = library.git("rev-parse", "HEAD")
    history = history_of(library.root)
    cited = [oid[:10], "deadbeef12", "20240131", oid, "0123456789abcdef"]
    assert history.unknown_commits(cited) == ["deadbeef12", "0123456789abcdef"]  # a date is no commit
    assert history.unknown_commits([oid]) == []


def test_blank_lines_are_called_so_and_other_packages_tests_are_not_missed(script: Script) -> None:
    code = "package {}\n\nfunc Size() int {{\n\treturn {}\n}}\n"
    test = 'package {}\n\nimport "testing"\n\nfunc TestSize(t *testing.T) {{}}\n'
    files = {"mem/file.go": code.format("mem", 1), "sftp/file.go": code.format("sftp", 1)}
    script.commit("Begin", files | {"mem/file_test.go": test.format("mem")})
    script.commit("Space", {"mem/file.go": "\n" + code.format("mem", 1)})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "Changes only blank lines (mem/file.go)." in told
    assert "modified (+1 −0), blank lines only" in told
    script.commit("Count", {"sftp/file.go": code.format("sftp", 2)})
    assert "a test of sftp/file.go" not in history_of(script.root).explain_diff("HEAD").to_markdown()
    script.commit("Count here too", {"mem/file.go": code.format("mem", 2)})
    assert "is by its name a test of mem/file.go" in history_of(script.root).explain_diff("HEAD").to_markdown()
