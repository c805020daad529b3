"""What the tests in real editors share: a home of the test's own, a small repository, the server's command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHAPES = "def area(width, height):\n    return width * height\n"


def left_out(reason: str) -> None:
    """Skips the test, or fails it where the editor was promised to be there."""
    if os.environ.get("IQUEST_EDITOR_REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


def environment(home: Path) -> dict[str, str]:
    """An environment in which no daemon or setting of the user's own is reached."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    folders = {f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    return {**kept, **folders, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home)}


def command(*arguments: str) -> list[str]:
    """The server's command line, on the fake engine."""
    return [sys.executable, "-P", "-m", "iquest_lsp.cli", "--engine", "fake", *arguments, "--stdio"]


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


def said(output: str) -> dict[str, str]:
    """The key=value lines that an editor printed."""
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
