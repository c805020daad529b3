"""Repositories in every state: each a clear error or a handled case; nothing of theirs is run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.commits import commits, unquote
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import NotARepositoryError, RepositoryError, RevisionError
from tests.unit.codeflow.conftest import Script, history_of


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError) as caught:
        Repository.open(tmp_path, shows_all)
    assert caught.value.why
    assert caught.value.fix


def test_empty_repository(script: Script) -> None:
    script.write({"a.py": "x = 1\n"})
    assert history_of(script.root).head() == ""
    explanation = history_of(script.root).explain_diff()
    assert [item.path for item in explanation.files] == ["a.py"]
    with pytest.raises(RevisionError):
        history_of(script.root).explain_diff("HEAD")


def test_bare_repository(script: Script, tmp_path: Path) -> None:
    oid = script.commit("one", {"a.py": "x = 1\n"})
    script.git("clone", "-q", "--bare", str(script.root), str(tmp_path / "bare.git"))
    assert history_of(tmp_path / "bare.git").head() == oid
    with pytest.raises(RepositoryError, match="bare"):
        history_of(tmp_path / "bare.git").explain_diff()
    assert history_of(tmp_path / "bare.git").explain_diff("HEAD").files[0].path == "a.py"


def test_shallow_repository(script: Script, tmp_path: Path) -> None:
    script.commit("one", {"a.py": "x = 1\n"})
    script.commit("two", {"a.py": "x = 2\n"})
    script.git("clone", "-q", "--depth=1", f"file://{script.root}", str(tmp_path / "shallow"))
    repository = Repository.open(tmp_path / "shallow", shows_all)
    assert repository.shallow
    with pytest.raises(RevisionError, match="shallow"):
        repository.resolve("HEAD~1")
    assert history_of(tmp_path / "shallow").explain_diff("HEAD").files == ()


def test_broken_repository(script: Script) -> None:
    oid = script.commit("one", {"a.py": "x = 1\n"})
    shutil.rmtree(script.root / ".git" / "objects" / oid[:2])
    with pytest.raises(RepositoryError):
        history_of(script.root).explain_diff("HEAD")
    (script.root / ".git" / "HEAD").write_text("nonsense\n")
    with pytest.raises(RepositoryError):
        history_of(script.root).head()


def test_detached_head_and_linked_worktree(script: Script, tmp_path: Path) -> None:
    one = script.commit("one", {"a.py": "x = 1\n"})
    two = script.commit("two", {"a.py": "x = 2\n"})
    script.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), one)
    repository = Repository.open(tmp_path / "linked", shows_all)
    assert repository.head() == one
    assert repository.branch() == ""
    assert repository.git_dir != repository.common_dir
    assert history_of(script.root).head() == two
    (tmp_path / "linked" / "a.py").write_text("x = 3\n")
    assert [edit.text for edit in history_of(tmp_path / "linked").recent_edits()] == ["x = 3"]
    assert history_of(script.root).recent_edits() == []


def test_the_environment_does_not_redirect_git(
    script: Script, new_script: Callable[[str], Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_script("other")
    wrong = other.commit("other", {"b.py": "y = 1\n"})
    right = script.commit("one", {"a.py": "x = 1\n"})
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        place = {
            "GIT_WORK_TREE": other.root,
            "GIT_INDEX_FILE": other.root / ".git/index",
            "GIT_OBJECT_DIRECTORY": other.root / ".git/objects",
        }.get(name, other.root / ".git")
        monkeypatch.setenv(name, str(place))
        assert history_of(script.root).head() == right != wrong, name
        (script.root / "a.py").write_text("x = 2\n")
        assert [edit.path for edit in history_of(script.root).recent_edits()] == ["a.py"], name
        (script.root / "a.py").write_text("x = 1\n")
        monkeypatch.delenv(name)


@pytest.mark.slow
def test_nothing_of_the_repository_runs(script: Script, tmp_path: Path) -> None:
    """A configuration that would run a program on every occasion: none of them leaves its mark."""
    script.commit("one", {"a.py": "x = 1\n", ".gitattributes": "*.py diff=evil filter=evil\n"})
    mark = tmp_path / "mark"
    program = tmp_path / "program.sh"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {mark}\ncat\n')
    program.chmod(0o755)
    for key in (
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.process",
        "core.fsmonitor",
        "core.pager",
        "credential.helper",
        "gpg.program",
        "core.sshCommand",
        "core.askPass",
    ):
        script.git("config", key, str(program))
    script.git("config", "log.showSignature", "true")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(program, hooks / hook)
    script.git("config", "core.hooksPath", str(hooks))
    (script.root / "a.py").write_text("x = 2\n")
    explanation = history_of(script.root).explain_diff()
    assert explanation.files[0].path == "a.py"
    assert explanation.files[0].added == 1
    history_of(script.root).explain_diff("HEAD")
    history_of(script.root).explain_diff("--staged")
    history_of(script.root).recent_edits()
    assert not mark.exists(), mark.read_text()


def test_the_index_is_not_written(script: Script) -> None:
    script.commit("one", {"a.py": "x = 1\n"})
    index = script.root / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns
    os.utime(script.root / "a.py", (1, 1))
    history_of(script.root).recent_edits()
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


@pytest.mark.slow
def test_odd_names(script: Script) -> None:
    names = ["with space.py", "tab\there.py", 'quo"te.py', "ünï/çödé.py", "new\nline.py", "{a => b}.py", "-dash.py"]
    oid = script.commit("odd", dict.fromkeys(names, "x = 1\n"))
    raw = os.fsencode(script.root) + b"/bad\xff.py"
    with open(raw, "wb") as file:  # noqa: PTH123  # a pathlib path cannot hold these bytes portably
        file.write(b"x = 1\n")
    second = script.commit("not UTF-8")
    repository = Repository.open(script.root, shows_all)
    (first,) = commits(repository, commits=[oid])
    assert sorted(item.path for item in first.files) == sorted(names)
    assert all(item.added == 1 for item in first.files)
    (odd,) = commits(repository, commits=[second], patch=True)
    assert odd.files[0].path == "bad\\xff.py"
    assert odd.files[0].hunks[0].added == ("x = 1",)
    history_of(script.root).explain_diff(second).to_json()
    with open(raw, "wb") as file:  # noqa: PTH123  # as above
        file.write(b"x = 2\n")
    assert history_of(script.root).explain_diff().files[0].added == 1


def test_hostile_revisions(script: Script) -> None:
    script.commit("one", {"a.py": "x = 1\n"})
    for text in ("--output=/tmp/x", "no-such-branch", "HEAD:a.py", "", "a b", "HEAD\0", "-p", "..zzz"):
        if not text:
            continue
        with pytest.raises((RevisionError, RepositoryError, ValueError)) as caught:
            Repository.open(script.root, shows_all).resolve(text)
        assert not isinstance(caught.value, ValueError)


def test_history_rewritten_under_us(script: Script) -> None:
    script.commit("one", {"a.py": "x = 1\n"})
    old = script.commit("two", {"a.py": "x = 2\n"})
    repository = Repository.open(script.root, shows_all)
    script.git("commit", "-q", "--amend", "-m", "two, better")
    script.git("reflog", "expire", "--expire=now", "--all")
    script.git("gc", "-q", "--prune=now")
    assert repository.head() != old
    assert not repository.has(old)
    with pytest.raises(RevisionError):
        repository.resolve(old)


def test_messages_in_other_encodings(script: Script) -> None:
    (script.root / "a.py").write_text("x = 1\n")
    script.git("add", "-A")
    script.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "-F", "-", stdin="é")
    (commit,) = commits(Repository.open(script.root, shows_all), revisions=["HEAD"])
    assert commit.subject


def test_messages_cannot_steer_a_terminal(script: Script) -> None:
    script.commit("Fix\x1b]0;title\x07 the\x9b31m colour\n\nBody\x1b[2J\tok", {"a.py": "x = 1\n"})
    (commit,) = commits(Repository.open(script.root, shows_all), revisions=["HEAD"])
    assert commit.subject == "Fix]0;title the31m colour"
    assert commit.body == "Body[2J\tok"


def test_type_change_and_binary(script: Script) -> None:
    script.commit("one", {"a.py": "x = 1\n", "b.bin": "a\0b", "c.py": "y = 1\n"})
    (script.root / "a.py").unlink()
    (script.root / "a.py").symlink_to("c.py")
    oid = script.commit("two", {"b.bin": "a\0c", "c.py": "y = 2\n"})
    (commit,) = commits(Repository.open(script.root, shows_all), commits=[oid], patch=True)
    found = {item.path: item for item in commit.files}
    assert found["a.py"].status == "T"
    assert found["b.bin"].binary
    assert found["c.py"].hunks[0].added == ("y = 2",)


@pytest.mark.slow
def test_submodule_is_listed_not_read(script: Script, new_script: Callable[[str], Script]) -> None:
    other = new_script("other")
    other.commit("inner", {"b.py": "y = 1\n"})
    script.commit("one", {"a.py": "x = 1\n"})
    script.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "sub")
    oid = script.commit("add a submodule")
    explanation = history_of(script.root).explain_diff(oid)
    assert {item.path for item in explanation.files} == {"sub", ".gitmodules"}
    assert any("submodule" in risk for risk in explanation.risks)
    assert history_of(script.root / "sub").head() != history_of(script.root).head()


def test_unquote() -> None:
    assert unquote(rb'"a\tb\303\274\\\""') == b'a\tb\xc3\xbc\\"'
    assert unquote(b"plain") == b"plain"
