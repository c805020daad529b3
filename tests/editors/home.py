"""What the tests in real editors share: a small repository, the server's command, what the editor said."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.home import PROGRAM, Home
from tests.waiting import PATIENCE_S, PATIENT_MS

SHAPES = "def area(width, height):\n    return width * height\n"


def left_out(reason: str) -> None:
    """Skips the test, or fails it where the editor was promised to be there."""
    if os.environ.get("IQUEST_EDITOR_REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


def environment(home: Home) -> dict[str, str]:
    """An environment in which no daemon, setting or start-up file of the user's own is reached.

    Every answer has all the time it needs: what is said is tested, not how fast a busy machine says it.
    """
    settings = home.folder / "config" / "iquest-lsp" / "settings.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(f"deadline_ms = {PATIENT_MS}\n")
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, **home.environment, "HOME": str(home.folder), "XDG_CACHE_HOME": str(home.folder / "cache")}


def command() -> str:
    """The server's command line, on the fake engine."""
    return " ".join([*PROGRAM, "--engine", "fake", "--stdio"])


def newest(program: str) -> Path:
    """A program of Debian's newest suite, by its wrapper in the cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("IQUEST_EDITORS") or cache / "iquest-lsp" / "editors")
    wrapper = folder / "newest" / "bin" / program
    if not wrapper.exists():
        left_out(f"{program} is not installed (tests/editors/install newest)")
    return wrapper


def on_path(home: Home) -> dict[str, str]:
    """An environment in which `iquest-lsp` is on PATH, as a configuration that is taken literally expects it."""
    program = home.folder / "bin" / "iquest-lsp"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} --engine fake "$@"\n')
    program.chmod(0o755)
    known = environment(home)
    return {**known, "PATH": os.pathsep.join([str(program.parent), known["PATH"]])}


def repository(folder: Path) -> Path:
    """A repository with one commit; returns its one file."""
    folder.mkdir(parents=True)
    file = folder / "shapes.py"
    file.write_text(SHAPES)
    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Compute areas"], check=True)
    return file


def emacs(home: Home, script: Path, file: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A script played in a real Emacs in batch, in the folder of a file; `more` are variables beside COMMAND, FILE."""
    if shutil.which("emacs") is None:
        left_out("Emacs is not installed (tests/editors/install emacs)")
    (home.folder / ".emacs.d").mkdir()
    return subprocess.run(
        ["emacs", "--batch", "-q", "-l", str(script)],
        env={**environment(home), "COMMAND": command(), "FILE": str(file), **more},
        cwd=file.parent,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE_S,
        check=False,
    )


def said(output: str) -> dict[str, str]:
    """The key=value lines that an editor printed."""
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
