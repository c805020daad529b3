"""`next-edit`: what the changes made ask for elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command
from iquest_lsp.cli.output import Form, emit
from iquest_lsp.errors import WorkspaceError


@command("next-edit", "looking for what the changes ask for")
@click.option("--patch", metavar="FILE | -", default="", help="A patch in place of the working tree's changes.")
@options.repository
@options.forms
def next_edit(patch: str, repo: Path, form: Form) -> None:
    """List the edits that the working tree's changes, or a patch, ask for elsewhere."""
    from iquest_lsp.nextedit.predict import next_edits
    from iquest_lsp.workspace.secret_scan import has_secret

    answer = next_edits(repo, patch=_read(patch) if patch else None, redact=has_secret)
    emit(form, answer.to_json(), lambda terminal: terminal.show_markdown(answer.to_markdown()), answer.to_markdown)


def _read(patch: str) -> bytes:
    if patch == "-":
        return sys.stdin.buffer.read() if sys.stdin is not None else b""
    try:
        return Path(patch).read_bytes()
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise WorkspaceError(f"Cannot read {patch}", why=why) from error
