"""`mcp` and `serve`: for programs other than editors with a language client: coding agents, and clients of HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, log_unless_told, nobody_is_there, shows_progress
from iquest_lsp.cli.output import tell
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


@command("serve", "starting the daemon")
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=options.ExistingPath("folder"))
@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65535),
    required=True,
    metavar="PORT",
    help="The port; 0 for any that is free.",
)
@options.engine
@options.model
def serve_http(folders: tuple[Path, ...], port: int, **overrides: str | None) -> None:
    """Complete by HTTP, on this machine alone: /infill as llama.cpp's server, /v1/completions as OpenAI's.

    For llama.vim, llama.vscode and Zed, in the FOLDERs: without any, in the current one. Clients send the token in the
    header `Authorization: Bearer TOKEN`; it is the one in IQUEST_LSP_TOKEN, or one made once and kept in a file.
    """
    from iquest_lsp.daemon.client import require_model
    from iquest_lsp.http_server import server

    log_unless_told("warning")
    configuration = options.configuration(**overrides)
    require_model(configuration.settings()[0])
    token, where = os.environ.get("IQUEST_LSP_TOKEN", ""), "in IQUEST_LSP_TOKEN"
    if not token:
        token, file = server.kept_token()
        where = f"in {file}"
    roots = [folder.resolve() for folder in folders or (Path.cwd(),)]

    def ready(bound: int) -> None:
        shows_progress()
        tell(f"completing on http://127.0.0.1:{bound}; the token is {where}")

    server.serve(configuration.overrides, port, roots, token, ready)
