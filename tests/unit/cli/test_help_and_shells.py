"""Every command's help fits a terminal of 80 columns, and shells complete commands, options, files and models."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from iquest_lsp.cli import cli

SHELLS = ("bash", "zsh", "fish")


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield from commands(below, (*path, name))


ALL = dict(commands(cli))


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "iquest-lsp")
def test_the_help_fits_80_columns(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command = ALL[path]
    parent = click.Context(cli, info_name="iquest-lsp") if path else None
    context = click.Context(command, info_name=" ".join(path) or "iquest-lsp", parent=parent, terminal_width=80)
    text = command.get_help(context)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert "Usage: iquest-lsp" in text


def test_all_commands_are_looked_at() -> None:
    assert len(ALL) > 25
    assert ("models", "add") in ALL


def shell(kind: str, **more: str) -> list[str]:
    environment = {**os.environ, "_IQUEST_LSP_COMPLETE": kind, **more}
    code = "import sys; sys.argv = ['iquest-lsp']; import iquest_lsp.cli; iquest_lsp.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_gets_a_script_that_calls_the_program(name: str) -> None:
    script = "\n".join(shell(f"{name}_source"))
    assert f"_IQUEST_LSP_COMPLETE={name}_complete" in script


@pytest.mark.slow
def test_commands_options_files_and_models_are_completed(tmp_path: Path) -> None:
    folder = tmp_path / "iquest-lsp" / "models"
    folder.mkdir(parents=True)
    for words, wanted in (
        (("iquest-lsp", "do"), ["plain,doctor"]),
        (("iquest-lsp", "daemon", "s"), ["plain,status", "plain,stop"]),
        (("iquest-lsp", "doctor", "--f"), ["plain,--fix"]),
        (("iquest-lsp", "complete", "sh"), ["file,sh"]),
        (("iquest-lsp", "why", "sh"), ["file,sh"]),
        (("iquest-lsp", "models", "use", "na"), ["plain,nano"]),
        (("iquest-lsp", "complete", "--model", "na"), ["plain,nano"]),
        (("iquest-lsp", "models", "use", "./x"), ["file,./x"]),
        (("iquest-lsp", "impact", "--repo", "d"), ["dir,d"]),
    ):
        given = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        assert shell("bash_complete", **given) == wanted, words


@pytest.mark.parametrize("name", SHELLS)
def test_the_documentation_says_how_each_shell_is_set_up(name: str) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "cli.md").read_text("utf-8")
    assert f"_IQUEST_LSP_COMPLETE={name}_source" in text
