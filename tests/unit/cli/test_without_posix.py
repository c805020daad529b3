"""What needs no daemon works, and completions without one, where the system has no users by number and no file locks.

Windows is such a system. This stands for it as far as that is possible elsewhere: the names that Python does not have
there are taken away before the program is loaded; the libraries that it uses have been loaded before, as each of them
knows Windows by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = """
import asyncio, multiprocessing.connection, multiprocessing.spawn, multiprocessing.util, os, shutil, signal, socket
import multiprocessing.popen_fork, subprocess, sys, tempfile, types
import git, numpy, platformdirs.unix, psutil, pygls.lsp.server, watchdog.observers
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"):
    sys.modules[name] = None
for name in ("chown", "fchmod", "fork", "getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "killpg",
             "nice", "sched_getaffinity", "setpgid", "setsid", "statvfs",
             "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"):
    if hasattr(os, name):
        delattr(os, name)
multiprocessing.popen_fork.signal = types.SimpleNamespace(**vars(signal))  # Windows has other code in its place
for name in ("SIGHUP", "SIGKILL", "SIGUSR1"):
    if hasattr(signal, name):
        delattr(signal, name)
from iquest_lsp.cli import main
sys.argv = ["iquest-lsp", *sys.argv[1:]]
main()
"""
pytestmark = pytest.mark.skipif(os.name == "nt", reason="stands for Windows elsewhere")

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


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    homes = {name: str(project.parent / name) for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *words],
        cwd=project,
        env={**os.environ, **homes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_history_questions_are_answered(project: Path) -> None:
    why = run(project, "why", "shapes.py:2", "--json")
    assert why.returncode == 0, why.stderr[-2000:]
    assert [step["subject"] for step in json.loads(why.stdout)["story"]] == ["Areas", "Sums"]
    explained = run(project, "explain-diff", "HEAD", "--json")
    assert explained.returncode == 0, explained.stderr[-2000:]
    assert "area" in explained.stdout


def test_the_daemon_says_that_there_is_none(project: Path) -> None:
    examined = run(project, "doctor", "--json")
    assert examined.returncode == 1
    (daemon,) = [check for check in json.loads(examined.stdout)["checks"] if check["name"] == "daemon"]
    assert "There is no daemon on this system" in daemon["detail"]


def test_a_completion_and_its_window_are_made_without_the_daemon(project: Path) -> None:
    for words in (["context", "shapes.py:2"], ["complete", "shapes.py:2"]):
        done = run(project, *words, "--engine", "fake", "--json")
        assert done.returncode == 0, done.stderr[-2000:]
        assert "There is no daemon on this system" in done.stderr
        assert json.loads(done.stdout)
