"""Scripted repositories."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.answers import work_in_progress
from iquest_lsp.codeflow.past import flow_index, unindexed
from tests.waiting import PATIENCE_S


@functools.cache
def _empty_repository() -> Path:
    """The git folder of a repository without a commit, made once: it is copied faster than git makes one."""
    made = Path(tempfile.mkdtemp(prefix="iquest-empty-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    subprocess.run(["git", "init", "-q", "--template=", "-b", "main", str(made)], check=True)
    folder = made / ".git"
    for name in ("info", "hooks"):
        (folder / name).mkdir()
    with (folder / "config").open("a") as config:
        config.write("[user]\n\tname = Ada\n\temail = ada@example.org\n[maintenance]\n\tauto = false\n")
    return folder


class Script:
    """A repository made by commands; every commit is a day after the last."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.day = 0
        root.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_empty_repository(), root / ".git")

    def git(self, *args: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.root,
            input=stdin,
            text=True,
            capture_output=True,
            check=True,
            env={**os.environ, **(env or {})},
        )
        return done.stdout.strip()

    def made_anew(self, count: int, generation: int = 0) -> None:
        """The whole history as so many commits, quickly; another generation is another history, as a force-push or a
        filter over all commits leaves it."""
        lines = ["reset refs/heads/main\n"]
        for number in range(count):
            text = f"def f():\n    return {number}, {generation}\n"
            message = f"Step {number} of {generation}"
            lines.append(
                f"commit refs/heads/main\ncommitter Ada <a@x.org> {1_700_000_000 + number} +0000\n"
                f"data {len(message)}\n{message}\n"
                f"M 100644 inline a{number % 7}.py\ndata {len(text)}\n{text}\n"
            )
        self.git("fast-import", "--quiet", "--force", stdin="".join(lines))
        self.git("reset", "-q", "--hard", "main")

    def write(self, files: Mapping[str, str | None]) -> None:
        for name, text in files.items():
            path = self.root / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def commit(self, message: str, files: Mapping[str, str | None] | None = None, author: str = "") -> str:
        """Writes files (None deletes), commits everything, returns the id."""
        self.write(files or {})
        self.git("add", "-A")
        date = f"{1_700_000_000 + self.day * 86400} +0000"
        self.day += 1
        extra = ["--author", author] if author else []
        self.git(
            "commit",
            "-q",
            "--allow-empty",
            "--allow-empty-message",
            "-m",
            message,
            *extra,
            env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        )
        return self.head()

    def head(self) -> str:
        """The id of the commit that is checked out, read from git's files where it stands there as it mostly does."""
        folder = self.root / ".git"
        with contextlib.suppress(OSError):
            said = (folder / "HEAD").read_text().strip()
            return (folder / said.removeprefix("ref: ")).read_text().strip() if said.startswith("ref: ") else said
        return self.git("rev-parse", "HEAD")  # packed, or in another folder


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's git configuration."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No walk ends early because the machine is busy."""
    monkeypatch.setattr(unindexed, "SECONDS", PATIENCE_S)
    monkeypatch.setattr(work_in_progress, "LIVE_SECONDS", PATIENCE_S)
    monkeypatch.setattr(flow_index, "FOLLOW_SECONDS", PATIENCE_S)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path / "repository")


@pytest.fixture
def new_script(tmp_path: Path) -> Callable[[str], Script]:
    return lambda name: Script(tmp_path / name)


def history_of(
    root: Path,
    folder: Path | None = None,
    redact: Callable[[str], bool] = lambda text: False,
    *,
    include_filtered: bool = False,
) -> History:
    """A history of which everything may be shown, unless the test says otherwise."""
    return History(root, redact, folder, include_filtered)
