"""`iquest-lsp` without a command: the language server that an editor starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from iquest_lsp import __version__
from iquest_lsp.cli import options
from iquest_lsp.cli.command import Group, nobody_is_there
from iquest_lsp.cli.output import log_to_stderr, tell
from iquest_lsp.errors import DaemonError, UsageError

#: The first of each makes no sense beside the others. The service that --connect joins has its model and log already.
CONTRADICTIONS = (
    ("--tcp", "--connect", "--standalone", "--stdio"),
    ("--connect", "--standalone", "--engine", "--model", "--log-level"),
)


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="iquest-lsp")
@click.option("--stdio", is_flag=True, help="Serve an editor over stdin and stdout (the default).")
@click.option("--standalone", is_flag=True, help="Serve in this process alone, for debugging.")
@click.option(
    "--tcp",
    type=click.IntRange(0, 65535),
    default=None,
    metavar="PORT",
    help="Serve on this machine's loopback, to clients that know the token (IQUEST_LSP_TOKEN).",
)
@click.option(
    "--connect",
    type=click.IntRange(1, 65535),
    default=None,
    metavar="PORT",
    help="Join an editor on stdin and stdout to a service started with --tcp.",
)
@options.engine
@options.model
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default=None)
def cli(standalone: bool, tcp: int | None, connect: int | None, stdio: bool, **given: str | None) -> None:
    """A local coding assistant: a language server with a looped code model inside.

    Without a command it is the language server that an editor starts.
    """
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        return
    overrides = options.given(**given)
    _refuse_contradictions(ctx)
    if tcp is not None:
        _serve_tcp(overrides, tcp)
        return
    if nobody_is_there():
        raise DaemonError(
            "This is the language server that an editor starts",
            why="no editor is on its stdin",
            fix="`iquest-lsp --help` lists the commands",
        )
    if sys.stdin is not None and sys.stdin.isatty():
        tell("This is the language server that an editor starts; it waits for one on its stdin now.")
        tell("`iquest-lsp --help` lists the commands. Ctrl-C ends it.")
    if standalone:
        _serve_alone(overrides)
    else:
        _bridge(overrides, connect)


def _refuse_contradictions(ctx: click.Context) -> None:
    """Raises UsageError for two options of which one would have no effect."""
    given = {option.opts[0] for option in ctx.command.params if _is_given(ctx, option.name or "")}
    for one, *others in CONTRADICTIONS:
        for other in others:
            if {one, other} <= given:
                raise UsageError(f"Give either {one} or {other}, not both")


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _bridge(overrides: dict[str, Any], port: int | None) -> None:
    """Joins the editor to the daemon; without one it is served here, and told why."""
    from iquest_lsp.daemon.bridge import run_bridge, run_tcp_bridge

    if port is not None:
        ending = run_tcp_bridge(port, _token(port))
    else:
        try:
            ending = run_bridge(overrides)
        except DaemonError as error:
            _serve_alone(overrides, notice=str(error))
            return
    if ending.message:
        tell(f"iquest-lsp: {ending.message}")
    raise SystemExit(ending.code)


def _serve_alone(overrides: dict[str, Any], notice: str = "") -> None:
    import asyncio

    from iquest_lsp.server.serve import serve_stdio

    log_to_stderr(overrides.get("log_level") or "warning")
    raise SystemExit(asyncio.run(serve_stdio(overrides, notice)))


def _serve_tcp(overrides: dict[str, Any], port: int) -> None:
    from iquest_lsp.daemon.tcp import leave_token, serve

    log_to_stderr(overrides.get("log_level") or "warning")

    left: list[Path] = []

    def ready(bound: int, token: str) -> None:
        left.append(leave_token(bound, token))
        tell(f"serving on 127.0.0.1:{bound}; the token is in {left[0]}")

    try:
        serve(overrides, port, os.environ.get("IQUEST_LSP_TOKEN", ""), ready)
    finally:
        for file in left:
            file.unlink(missing_ok=True)


def _token(port: int) -> str:
    from iquest_lsp.daemon.tcp import find_token

    return os.environ.get("IQUEST_LSP_TOKEN") or find_token(port)
