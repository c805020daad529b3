"""What is kept of commits too wide to be read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past import index_access, indexer, question_reader
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.store import Store
from iquest_lsp.errors import StoreError
from tests.unit.codeflow.conftest import Script, history_of


def test_a_definition_that_came_in_a_wide_commit_has_a_story(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "MAX_DEEP_FILES", 3)
    script.commit("Release 1.0", {f"m{number}.py": f"def f{number}():\n    return 1\n" for number in range(6)})
    script.git("tag", "v1.0")
    script.git("mv", "m0.py", "n0.py")
    script.commit("Move it", {})
    story = history_of(script.root, folder=tmp_path).why("n0.py::f0")
    assert next(item.subject for item in story.story) == "Release 1.0"
    assert story.since == "v1.0"


def test_what_came_deprecated_in_a_wide_commit_is(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "MAX_DEEP_FILES", 3)
    text = "@deprecated('use g')\ndef f{0}():\n    return 1\n"
    script.commit("Release 1.0", {f"m{number}.py": text.format(number) for number in range(6)})
    script.git("tag", "v1.0")
    assert history_of(script.root, folder=tmp_path).why("m0.py::f0").deprecated_in == "v1.0"


def test_commits_read_by_one_that_died_and_pruned_since_stop_nobody(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.commit("First", {"a.py": "X = 1\n"})
    script.git("tag", "v1.0")
    script.commit("Second", {"a.py": "X = 2\n"})

    def index() -> FlowIndex:
        return FlowIndex.open(Repository.open(script.root, shows_all), tmp_path / "store")

    with index() as first:
        first.update()
    lost = script.commit("Lost", {"a.py": "X = 3\n"})

    def dies(*_: object) -> None:
        raise StoreError("The code flow store cannot be written")

    with monkeypatch.context() as patch, index() as second:
        patch.setattr(indexer, "assign_releases", dies)
        with pytest.raises(StoreError):
            second.update()
    script.git("reset", "-q", "--hard", "HEAD~1")
    kept = script.commit("Kept", {"b.py": "Y = 1\n"})
    script.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    script.git("gc", "-q", "--prune=now")
    with index() as third:
        assert third.update().complete
        assert third.head == kept
        assert [item.oid for item in third.entries("c.oid IN (?,?)", lost, kept)] == [kept]
        assert third.store.value("SELECT release FROM commits WHERE oid=?", kept) == ""


def test_a_history_of_which_only_the_last_commit_is_left_is_left_behind(script: Script, tmp_path: Path) -> None:
    """What `git repack -ad` makes of commits that were packed, and of the one after them that was not."""
    script.commit("First", {"a.py": "X = 1\n"})
    script.commit("Packed", {"a.py": "X = 2\n"})
    script.commit("Packed too", {"a.py": "X = 3\n"})
    script.git("repack", "-adq")
    left = script.commit("Left", {"a.py": "X = 4\n"})
    history = history_of(script.root, folder=tmp_path / "store")
    assert history.update_index().commits == 4
    script.git("reset", "-q", "--hard", "HEAD~3")
    script.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    script.commit("Another", {"a.py": "X = 5\n"})
    script.git("repack", "-adq")
    assert script.git("cat-file", "-t", left) == "commit"
    assert history.update_index().commits == 1
    assert [step.subject for step in history.why("a.py:1").story] == ["First", "Another"]


@pytest.mark.parametrize("is_small", [True, False], ids=["indexed on the spot", "too large for that"])
def test_releases_are_those_of_todays_tags_whoever_died_before(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_small: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if not is_small:
        monkeypatch.setattr(index_access, "SMALL", 0)
    history = history_of(script.root)
    script.commit("First", {"a.py": "X = 1\n"})
    script.git("tag", "v1.0")
    assert history.why("a.py:1").since == "v1.0"
    script.commit("Second", {"a.py": "X = 1\nY = 1\n"})
    script.git("tag", "v2.0")

    def dies(*_: object) -> None:
        raise StoreError("The code flow store cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(indexer, "assign_releases", dies)
        patch.setattr(question_reader, "assign_releases", dies)
        patch.setattr(Store, "writing", lambda self, work: work())
        with pytest.raises(StoreError):
            history.why("a.py:2")
    assert history.why("a.py:2").since == "v2.0"
    script.git("tag", "-d", "v2.0")
    assert history.why("a.py:2").since is None
    script.git("tag", "v3.0")
    assert history.why("a.py:2").since == "v3.0"
