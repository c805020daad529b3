"""What the environment, the user's configuration and git's hooks bring with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp import harmless_git
from iquest_lsp.codeflow.answers.lines import origin_of
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.retyping import check_out, checked_out
from iquest_lsp.errors import RepositoryError
from tests.unit.codeflow.conftest import Script, history_of


def test_a_hook_is_told_what_will_be_committed(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git commit --only b.py` gives a hook an index beside the repository's own, `-a` one with everything."""
    script.commit("Begin", {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    script.write({"a.py": "x = 2\n", "b.py": "y = 2\n"})
    script.git("add", "a.py")
    script.git("read-tree", "HEAD", env={"GIT_INDEX_FILE": ".git/next-index-1.lock"})
    script.git("add", "b.py", env={"GIT_INDEX_FILE": ".git/next-index-1.lock"})
    assert [item.path for item in history_of(script.root).explain_diff("--staged").files] == ["a.py"]
    for given in (".git/next-index-1.lock", str(script.root / ".git" / "next-index-1.lock")):
        monkeypatch.setenv("GIT_INDEX_FILE", given)
        assert [item.path for item in history_of(script.root).explain_diff("--staged").files] == ["b.py"]
        assert history_of(script.root).commit_message("--staged").text == "Change y from 1 to 2\n"
    # What a hook left in the environment of a process that outlives it.
    (script.root / ".git" / "next-index-1.lock").unlink()
    assert [item.path for item in history_of(script.root).explain_diff("--staged").files] == ["a.py"]


def test_no_repository_of_a_hook_outlasts_it() -> None:
    outer = {
        "GIT_DIR": "/x",
        "GIT_INDEX_FILE": "/x/index",
        "GIT_PREFIX": "a/",
        "PATH": "/bin",
        "GIT_AUTHOR_NAME": "Ada",
    }
    assert harmless_git.led_by_folder(outer) == {"PATH": "/bin", "GIT_AUTHOR_NAME": "Ada"}


@pytest.mark.parametrize("name", ["GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"])
def test_paths_are_names_whatever_the_environment_says(
    script: Script, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    script.commit("Begin", {"[a].py": "x = 1\n"})
    monkeypatch.setenv(name, "1")
    assert [event.subject for event in history_of(script.root).why("[a].py:1").story] == ["Begin"]


def test_files_that_a_configuration_names_may_be_missing(script: Script, tmp_path: Path) -> None:
    before = script.commit("Begin", {"a.py": "one\ntwo\n"})
    passed = script.commit("Lay out", {"a.py": "one\ntwo \n"})
    script.git("config", "diff.orderFile", str(tmp_path / "none"))
    script.git("config", "blame.ignoreRevsFile", "none")
    repository = Repository.open(script.root, shows_all)
    assert [item.path for item in history_of(script.root).explain_diff("HEAD").files] == ["a.py"]
    assert history_of(script.root).why("a.py:1").story
    assert origin_of(repository, "a.py:2", buffer=None, redact=shows_all).commit == passed
    (script.root / "none").write_text(f"{passed}\n")
    assert origin_of(repository, "a.py:2", buffer=None, redact=shows_all).commit == before  # as `git blame` has it


def test_no_text_is_binary_for_its_size(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    script.git("config", "core.bigFileThreshold", "1")
    assert history_of(script.root).explain_diff("HEAD").files[0].added == 1


def test_a_broken_configuration_is_told_as_one(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    with (script.root / ".git" / "config").open("a") as config:
        config.write("[user\n")
    for asked in ("HEAD", ""):
        with pytest.raises(RepositoryError, match="bad config line"):
            history_of(script.root).explain_diff(asked)


@pytest.mark.slow
def test_a_user_whose_configuration_is_broken_is_told(script: Script, tmp_path: Path) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    (tmp_path / "gitconfig").write_text("[user\n")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    command = [sys.executable, "-m", "iquest_lsp.cli", "explain-diff"]
    done = subprocess.run(command, cwd=script.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error: git does not run: fatal: bad config line 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_states_of_a_history_with_longer_names_are_checked_out(tmp_path: Path) -> None:
    root = tmp_path / "long"
    made = subprocess.run(["git", "init", "-q", "--object-format=sha256", str(root)], check=False)
    if made.returncode:
        pytest.skip("this git knows one form of names only")
    (root / "a.py").write_text("x = 1\n")
    for command in (["add", "-A"], ["-c", "user.name=Ada", "-c", "user.email=a@x.org", "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    head = Repository.open(root, shows_all).head()
    assert len(head) == 64
    with checked_out(root, shows_all) as folder:
        check_out(folder, shows_all, head)
        assert (folder / "a.py").read_text() == "x = 1\n"
