"""`serve`: completions by HTTP on this machine, for editors' own extensions for llama.cpp and OpenAI's protocol."""

from __future__ import annotations

import os
from pathlib import Path

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, log_unless_told, shows_progress
from iquest_lsp.cli.output import tell


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
def serve(folders: tuple[Path, ...], port: int, **overrides: str | None) -> None:
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
