"""Whatever an answer lacks is said in it: `partial` in the JSON, one line in the document."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.answers import explain, impact, suspects, why
from iquest_lsp.codeflow.diff import risks, sources
from iquest_lsp.codeflow.gaps import LISTS, AnswerPart, Gap, GapKind
from iquest_lsp.codeflow.git import repository
from iquest_lsp.codeflow.past import flow_index, index_access, indexer, unindexed
from iquest_lsp.codeflow.past.following import tracking
from iquest_lsp.codeflow.syntax.linking import references
from iquest_lsp.codeflow.wording.gaps import gap_words
from tests.unit.codeflow.conftest import Script, history_of

USES = "from a import total\n\n\ndef g():\n    return total(1)\n"


@pytest.fixture
def lib(script: Script) -> Script:
    script.commit("First", {"a.py": "def total(x):\n    return x\n", "b.py": USES, "c.py": USES.replace("g", "h")})
    for number in range(6):
        script.commit(f"Change the sum, step {number}", {"a.py": f"def total(x):\n    return x + {number}\n"})
    return script


def said(answer: Any) -> str:
    """The partial of an answer, in both forms the same."""
    told = answer.to_json()["partial"]
    assert told is None or (isinstance(told, list) and all(told))
    text = "; ".join(told or [])
    document = answer.to_markdown()
    assert all(part in document for part in told or [])
    assert ("Partial:" in document) <= bool(told)
    return text


def test_every_kind_has_a_sentence() -> None:
    for kind in GapKind:
        values = tuple(AnswerPart) if kind is GapKind.FAULT else ("3", "7")
        sentences = gap_words([Gap(kind, values)])
        assert all(sentences)
        assert "{" not in "".join(sentences)
        assert ("3" in sentences[0]) or kind not in LISTS or kind is GapKind.FAULT


@pytest.mark.slow
def test_nothing_is_said_where_nothing_is_missing(lib: Script) -> None:
    history = history_of(lib.root)
    lib.write({"a.py": "def total(x):\n    return 7\n"})
    assert said(history.explain_diff()) == said(history.explain_diff("HEAD")) == ""
    assert said(history.why("b.py:5")) == said(history.impact("a.py::total")) == said(history.suspects("a.py:2")) == ""


# ------------------------------------------------------------------------------------------------ the working tree


def test_a_repository_inside_is_no_file(lib: Script) -> None:
    lib.git("init", "-q", "inner one")
    (lib.root / "inner one" / "x.py").write_text("x = 1\n")
    answer = history_of(lib.root).explain_diff()
    assert answer.files == ()
    assert "inner one/" in said(answer)
    assert "repository of its own" in said(answer)


@pytest.mark.slow
def test_untracked_files_past_the_limit_are_counted(lib: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_UNTRACKED", 3)
    lib.write({f"n{number}.py": "n = 1\n" for number in range(3)})
    assert said(history_of(lib.root).explain_diff()) == ""
    lib.write({"n4.py": "n = 1\n"})
    answer = history_of(lib.root).explain_diff()
    assert len(answer.files) == 3
    assert "only 3 of 4 untracked files were read" in said(answer)


@pytest.mark.slow
def test_a_file_that_is_too_large_is_named(lib: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sources, repository):
        monkeypatch.setattr(module, "MAX_BLOB", 200)
    lib.write({"b.py": USES * 40, "new.py": "n = 1\n" * 100})
    told = said(history_of(lib.root).explain_diff())
    assert "`b.py`" in told
    assert "`new.py`" in told
    lib.commit("Large ones")
    assert "`b.py`" in said(history_of(lib.root).explain_diff("HEAD"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_named(lib: Script) -> None:
    lib.write({"new.py": "n = 1\n"})
    (lib.root / "new.py").chmod(0)
    assert "`new.py` cannot be read" in said(history_of(lib.root).explain_diff())


@pytest.mark.slow
def test_files_whose_definitions_are_not_read_are_named(lib: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_TEXTS", 1)
    lib.write({"a.py": "def total(x):\n    return 7\n", "b.py": USES + "# x\n"})
    assert "the definitions in `b.py` were not read" in said(history_of(lib.root).explain_diff())


# ------------------------------------------------------------------------------------------------ limits

LIMITS: list[tuple[str, object, str, int, Callable[[History], Any], str]] = [
    ("range", sources, "MAX_RANGE", 2, lambda h: h.explain_diff("HEAD~4..HEAD"), "of the 4 commits"),
    ("definitions", explain, "MAX_RANGES", 0, lambda h: h.explain_diff("HEAD"), "0 of 1 changed definitions"),
    ("files", explain, "MAX_OLD", 0, lambda h: h.explain_diff("HEAD"), "0 of 1 changed files"),
    ("names", explain, "MAX_NAMES", 0, lambda h: h.explain_diff("HEAD"), "0 of 1 changed names"),
    ("unparsed", references, "MAX_PARSED", 1, lambda h: h.impact("a.py::total"), "2 files with uses"),
    ("uses", references, "MAX_FOUND", 1, lambda h: h.impact("a.py::total"), "stopped after"),
    ("lines", references, "MAX_LINES", 1, lambda h: h.impact("a.py::total"), "stopped after 1"),
    ("places", impact, "MAX_ITEMS", 1, lambda h: h.impact("a.py::total"), "1 of 4 places"),
    ("commits", flow_index, "MAX_DEEPEN", 2, lambda h: h.why("a.py::total"), "newest 2 commits"),
    ("steps", why, "MAX_STORY", 6, lambda h: h.why("a.py::total"), "6 of 7 steps"),
    ("renames", tracking, "MAX_RENAMES", -1, lambda h: h.why("a.py:2"), "time ran out"),
]


@pytest.mark.parametrize(
    ("module", "name", "most", "ask", "words"), [row[1:] for row in LIMITS], ids=lambda x: str(x)[:9]
)
@pytest.mark.slow
def test_a_limit_that_is_met_is_said(
    lib: Script, monkeypatch: pytest.MonkeyPatch, module: object, name: str, most: int, ask: Any, words: str
) -> None:
    history = history_of(lib.root)
    if name == "MAX_NAMES":
        lib.commit("Take another", {"a.py": "def total(x, why):\n    return x\n"})
    if name == "MAX_DEEPEN":
        monkeypatch.setattr(index_access, "SPOT_DEEP", 0)
        monkeypatch.setattr(indexer, "DEEP_BATCH", 1)
        monkeypatch.setattr(flow_index.FlowIndex.deepen, "__defaults__", (most,))
    monkeypatch.setattr(module, name, most)
    assert words in said(ask(history))


@pytest.mark.slow
def test_risks_past_the_limit_are_counted(lib: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risks, "MAX_RISKS", 1)
    lib.write(
        {
            "a.py": "def total(x, y):\n    print(x)\n    breakpoint()\n    return x\n",
            "d.py": "def debug():\n    breakpoint()\n",
        }
    )
    assert "risks are shown" in said(history_of(lib.root).explain_diff())


@pytest.mark.slow
def test_places_of_a_log_past_the_limit_are_counted(lib: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspects, "MAX_FRAMES", 1)
    frames = '  File "b.py", line 5, in g\n  File "a.py", line 2, in total\n'
    log = f"Traceback (most recent call last):\n{frames}ValueError: x\n"
    assert "1 of 2 places in the log" in said(history_of(lib.root).suspects_in_log(log))


@pytest.mark.slow
def test_a_long_log_is_read_from_its_end(lib: Script) -> None:
    log = (
        "- " * 40 + "\n"
    ) * 52_000 + 'Traceback (most recent call last):\n  File "a.py", line 2, in total\nValueError: sum\n'
    answer = history_of(lib.root).suspects_in_log(log)
    assert answer.items
    assert "only the last 4 MB" in said(answer)


# ------------------------------------------------------------------------------------------------ the history


@pytest.mark.slow
def test_a_history_that_is_not_indexed(lib: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_access, "SMALL", 2)
    monkeypatch.setattr(index_access, "WALKED", 2)
    history = history_of(lib.root)
    for answer in (history.why("a.py::total"), history.suspects("a.py:2"), history.impact("a.py::total")):
        assert "not indexed yet: only the newest 400" in said(answer)
    assert "not indexed yet: only the newest 2" in said(history.explain_diff("HEAD"))
    history.update_index()
    assert said(history.why("a.py::total")) == said(history.explain_diff("HEAD")) == ""


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.slow
def test_time_that_ran_out(lib: Script, monkeypatch: pytest.MonkeyPatch, *, indexed: bool) -> None:
    monkeypatch.setattr(flow_index, "FOLLOW_SECONDS", -1.0)
    monkeypatch.setattr(unindexed, "SECONDS", -1.0)
    history = history_of(lib.root)
    if indexed:
        history.update_index()
    assert "time ran out" in said(history.explain_diff("HEAD"))


@pytest.mark.slow
def test_a_shallow_clone(lib: Script, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    lib.git("clone", "-q", "--depth=2", f"file://{lib.root}", str(clone))
    history = history_of(clone)
    for answer in (history.explain_diff("HEAD"), history.impact("a.py::total"), history.suspects("a.py:2")):
        assert "shallow" in said(answer)
        assert "--unshallow" in said(answer)
    assert said(history.why("a.py::total")).count("clone is shallow") == 1


@pytest.mark.parametrize("gone", [True, False], ids=["origin gone", "origin there"])
@pytest.mark.slow
def test_a_clone_without_contents_fetches_nothing(lib: Script, tmp_path: Path, *, gone: bool) -> None:
    lib.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    lib.git("clone", "-q", "--filter=blob:none", f"file://{lib.root}", str(clone))
    if gone:
        lib.root.rename(tmp_path / "elsewhere")
    objects = sorted(str(path) for path in (clone / ".git" / "objects").rglob("*"))
    history = history_of(clone)
    answers = [
        history.explain_diff("HEAD"),
        history.explain_diff("HEAD~2..HEAD"),
        history.why("a.py:2"),
        history.why("a.py::total"),
        history.impact("a.py::total"),
        history.suspects("a.py:2"),
    ]
    for answer in answers:
        assert "lacks the contents" in said(answer)
        assert "time ran out" not in said(answer)
    assert [symbol for file in answers[0].files for symbol in file.symbols] == []  # nothing is taken for new
    assert [file.path for file in answers[0].files] == ["a.py"]
    (clone / "a.py").write_text("def total(x, y):\n    return x\n")
    assert [symbol.change for file in history.explain_diff().files for symbol in file.symbols] == ["signature"]
    assert sorted(str(path) for path in (clone / ".git" / "objects").rglob("*")) == objects
    if not gone:
        subprocess.run(["git", "fetch", "-q", "--refetch", "--no-filter"], cwd=clone, check=True, capture_output=True)
        later = history.why("a.py::total")
        assert said(later) == ""
        assert len(later.story) == 7


@pytest.mark.slow
def test_a_bare_repository(lib: Script, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    lib.git("clone", "-q", "--bare", str(lib.root), str(bare))
    assert said(history_of(bare).explain_diff("HEAD")) == ""


def test_a_patch_outside_every_repository(lib: Script, tmp_path: Path) -> None:
    patch = lib.git("show", "HEAD").encode() + b"\n"
    folder = tmp_path / "nowhere"
    folder.mkdir()
    answer = history_of(folder).explain_diff(patch=patch)
    assert [file.path for file in answer.files] == ["a.py"]
    assert "in no git repository" in said(answer)


@pytest.mark.slow
def test_what_is_not_committed_is_said(lib: Script) -> None:
    lib.write({"new.py": "def n():\n    return 1\n"})
    assert "not committed yet" in said(history_of(lib.root).why("new.py:1"))
