"""Everything works where the system has no users by number, no file locks of flock and no fork, as on Windows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.without_posix import without_posix

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="stands for Windows elsewhere")]

CODE = "def area(width, height):\r\n    return width * height\r\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of two commits, with line ends of Windows."""
    folder = tmp_path / "project"
    folder.mkdir()
    for text, message in ((CODE, "Areas"), (CODE.replace("*", "+"), "Sums")):
        (folder / "shapes.py").write_bytes(text.encode())
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", message]):
            who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.invalid", "-c", "core.autocrlf=false"]
            subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)
    return folder


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(project: Path) -> Iterator[Run]:
    """Runs the program in the project; what it starts ends with the test."""
    names = ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    homes = {name: str(project.parent / name) for name in names} | without_posix(project.parent / "site")

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "iquest_lsp.cli", *words],
            cwd=project,
            env={**os.environ, **homes},
            capture_output=True,
            text=True,
            check=False,
        )

    yield command
    command("daemon", "stop", "--engine", "fake")


def test_history_questions_are_answered(run: Run) -> None:
    why = run("why", "shapes.py:2", "--json")
    assert why.returncode == 0, why.stderr[-2000:]
    assert [step["subject"] for step in json.loads(why.stdout)["story"]] == ["Areas", "Sums"]
    explained = run("explain-diff", "HEAD", "--json")
    assert explained.returncode == 0, explained.stderr[-2000:]
    assert "area" in explained.stdout


def test_the_doctor_looks_for_a_daemon(run: Run) -> None:
    examined = run("doctor", "--json")
    (daemon,) = [check for check in json.loads(examined.stdout)["checks"] if check["name"] == "daemon"]
    assert daemon["ok"]
    assert daemon["detail"] == "none is running"


def test_a_completion_and_its_window_are_made_by_one_daemon(run: Run) -> None:
    for words in (["context", "shapes.py:2"], ["complete", "shapes.py:2"]):
        done = run(*words, "--engine", "fake", "--json")
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stderr == ""
        assert json.loads(done.stdout)
    shown = json.loads(run("daemon", "status", "--engine", "fake", "--json").stdout)
    assert (shown["model"], shown["state"]) == ("fake", "ready")
    stopped = run("daemon", "stop", "--engine", "fake")
    assert f"stopped process {shown['pid']}" in stopped.stderr
    assert "No daemon is running" in run("daemon", "status", "--engine", "fake").stderr


def test_a_completion_is_made_without_the_daemon_too(run: Run) -> None:
    done = run("complete", "shapes.py:2", "--engine", "fake", "--json", "--standalone")
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)
    assert "No daemon is running" in run("daemon", "status", "--engine", "fake").stderr
