"""`mcp`: the questions to the history and the workspace as tools for coding agents."""

from __future__ import annotations

from pathlib import Path

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, log_unless_told, nobody_is_there, shows_progress
from iquest_lsp.errors import UsageError


@command("mcp")
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=options.ExistingPath("folder"))
@options.engine
@options.model
def mcp(folders: tuple[Path, ...], **overrides: str | None) -> None:
    """Serve coding agents over stdin and stdout, by the Model Context Protocol.

    Agents may ask about the repositories in the FOLDERs: without any, in the folders that the agent's program has
    open, or else in the current one.
    """
    from iquest_lsp.mcp_server import server

    shows_progress()
    log_unless_told("warning")
    server.check_installed()
    if nobody_is_there():
        raise UsageError(
            "This is the server that a coding agent starts",
            why="no agent is on its stdin",
            fix="docs/mcp.md says how agents are told of it",
        )
    server.serve(options.configuration(**overrides), folders)
