"""A history without an index: no more is read of it than a question needs, and nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.answers.likely.of_file import changes_of_file
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past import index_access, indexer
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from tests.unit.codeflow.conftest import Script, history_of


def text(first: int, second: int) -> str:
    return f"def near():\n    return {first}\n\n\ndef far():\n    return {second}\n"


@pytest.fixture
def wide(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Ten commits on one file, two of them on `far`, each with other files; its store lies in the cache."""
    monkeypatch.setattr(index_access, "SMALL", 2)
    monkeypatch.setattr(index_access, "default_folder", lambda _: tmp_path / "cache")
    for number in range(10):
        script.commit(f"Step {number}", {"a.py": text(number, number // 5), "b.py": text(-1, number)})
        if number in (0, 5):
            script.git("tag", f"v1.{number}")
    return script


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose definitions are compared before and after a commit."""
    found: list[str] = []
    compare = indexer.symbol_changes
    monkeypatch.setattr(
        indexer, "symbol_changes", lambda diff, *texts: found.append(diff.path) or compare(diff, *texts)
    )
    return found


def stories(history: History) -> list[tuple[str, str, str | None]]:
    return [(item.commit, item.change, item.release) for item in history.why("a.py::far").story]


@pytest.mark.slow
def test_only_what_changed_the_definition_is_read(wide: Script, reads: list[str], tmp_path: Path) -> None:
    history = history_of(wide.root, folder=tmp_path / "store")
    story = history.why("a.py::far")
    assert [item.subject for item in story.story] == ["Step 0", "Step 5"]
    assert story.since == "v1.0"
    # One file of the one commit, all of the other: there the definition might have come from elsewhere.
    assert len(reads) <= 4


@pytest.mark.slow
def test_with_and_without_an_index_the_story_is_the_same(wide: Script, tmp_path: Path) -> None:
    lone = stories(history_of(wide.root, folder=tmp_path / "store"))
    whole = history_of(wide.root, folder=tmp_path / "whole")
    whole.update_index()
    assert lone == stories(whole)


@pytest.mark.slow
def test_a_question_asked_again_reads_nothing(wide: Script, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(wide.root, lambda _: False)
    first = history.why("a.py::far")
    reads.clear()

    def walk(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the history is walked again")

    for name in ("log", "reachable", "simplified"):
        monkeypatch.setattr(Repository, name, walk)
    assert history.why("a.py::far") == first
    assert reads == []


@pytest.mark.slow
def test_no_answer_depends_on_what_was_asked_before(wide: Script, tmp_path: Path) -> None:
    history = History(wide.root, lambda _: False)
    history.why("b.py::far")
    history.suspects("a.py")
    assert stories(history) == stories(history_of(wide.root, folder=tmp_path / "store"))


@pytest.mark.slow
def test_a_new_commit_and_a_new_tag_are_seen(wide: Script) -> None:
    history = History(wide.root, lambda _: False)
    assert len(stories(history)) == 2
    wide.commit("Step 10", {"a.py": text(0, 7)})
    assert [release for *_, release in stories(history)] == ["v1.0", "v1.5", None]
    wide.git("tag", "v2.0")
    assert [release for *_, release in stories(history)] == ["v1.0", "v1.5", "v2.0"]


def test_a_branch_that_was_released_before_it_was_read(script: Script, tmp_path: Path) -> None:
    script.commit("One", {"a.py": text(0, 0)})
    script.git("checkout", "-q", "-b", "old")
    script.commit("Mend far", {"a.py": text(0, 1)})
    script.git("tag", "v1.1")
    script.git("checkout", "-q", "main")
    history = history_of(script.root, folder=tmp_path / "store")
    history.update_index()
    script.git("checkout", "-q", "old")
    assert history.why("a.py:6").since == "v1.1"


@pytest.mark.slow
def test_suspects_of_a_file_need_no_definitions(wide: Script, reads: list[str], tmp_path: Path) -> None:
    history = history_of(wide.root, folder=tmp_path / "store")
    assert history.suspects("a.py").items[0].subject == "Step 9"
    assert history.suspects("a.py:6").items[0].subject == "Step 5"
    assert reads == []


@pytest.mark.slow
def test_of_a_files_changes_one_of_many_lines_is_likelier_than_one_of_many_files(script: Script) -> None:
    script.commit("Begin", {f"m{number}.py": text(number, number) for number in range(30)})
    script.commit("Rework far", {"m0.py": text(0, 0) + "\n\ndef more(x):\n    y = x + 1\n    return y\n"})
    every = {f"m{number}.py": text(number, number) + "# end\n" for number in range(1, 30)}
    script.commit(
        "End all alike", {**every, "m0.py": text(0, 0) + "\n\ndef more(x):\n    y = x + 1\n    return y\n# end\n"}
    )
    items = history_of(script.root).suspects("m0.py").items
    assert items[0].subject == "Rework far"
    assert sum(item.score for item in items) == pytest.approx(1.0, abs=0.01)


def test_what_was_undone_later_is_suspected_of_what_was_before(script: Script, tmp_path: Path) -> None:
    script.commit("Begin", {"a.py": text(0, 0)})
    bad = script.commit("Mend far", {"a.py": text(0, 1)})
    script.commit(f'Revert "Mend far"\n\nThis reverts commit {bad}.', {"a.py": text(0, 0)})
    repository = Repository.open(script.root, shows_all)
    with FlowIndex.open(repository, tmp_path) as index:
        index.update()
        assert index.reverted() == {bad}
        assert index.until(bad)
        assert index.reverted() == set()


def test_how_long_ago_a_change_was_does_not_depend_on_the_commits_of_other_releases(wide: Script) -> None:
    wide.git("checkout", "-q", "-b", "old", "v1.0")
    for number in range(20):
        wide.commit(f"Backport {number}", {"c.py": text(number, number)})
    wide.git("tag", "v1.0.1")
    wide.git("checkout", "-q", "main")
    wide.commit("Step 10", {"a.py": text(10, 10)})
    repository = Repository.open(wide.root, shows_all)
    with index_access.index_of(repository, None, ["a.py"]) as index:
        assert [change.later for change in changes_of_file(index, "a.py")] == list(range(11))
