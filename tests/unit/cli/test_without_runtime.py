"""Without a runtime the history answers, and `context` shows the window; `complete` says what is missing."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from iquest_lsp.cli import cli
from iquest_lsp.runtime.port import build

CODE = "def area(width, height):\n    return width * height\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one commit, on a machine without a runtime."""
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))

    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(build, "PRIVATE", tmp_path / "_runtime")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shapes.py").write_text(CODE, "utf-8")
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.invalid"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Areas"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.slow
def test_the_window_is_shown_and_counted_by_bytes(project: Path) -> None:
    done = CliRunner().invoke(cli, ["context", "shapes.py:2", "--standalone", "--json"])
    assert done.exit_code == 0, done.stderr
    assert "there is no runtime, so tokens are counted by their bytes" in done.stderr
    window = json.loads(done.stdout)
    assert {chunk["path"] for chunk in window["chunks"]} >= {"shapes.py"}


@pytest.mark.slow
def test_the_history_answers(project: Path) -> None:
    done = CliRunner().invoke(cli, ["why", "shapes.py:1", "--json"])
    assert done.exit_code == 0, done.stderr
    assert "Areas" in done.stdout
