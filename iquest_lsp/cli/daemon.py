"""`daemon`: the process that all editors of a user share."""

from __future__ import annotations

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import group
from iquest_lsp.cli.output import Form, emit, say, tell


@group("daemon")
def daemon() -> None:
    """The process that all editors of a user share; an editor starts it, and it ends when it has been idle."""


@daemon.command("status", waiting="waiting for the daemon's answer")
@options.form
@options.engine
@options.model
def status(form: Form, engine: str | None, model: str | None) -> None:
    """Say what the daemon is doing (--engine and --model choose among several)."""
    from iquest_lsp.daemon import control

    report = control.status(options.given(engine=engine, model=model))
    emit(form, report, lambda terminal: terminal.show_daemon(report))


@daemon.command("stop", waiting="waiting for the daemon to end")
@options.engine
@options.model
def stop(engine: str | None, model: str | None) -> None:
    """End the daemon; editors that use it are told, and start it again."""
    from iquest_lsp.daemon import control

    tell(f"stopped process {control.stop(options.given(engine=engine, model=model))}")


@daemon.command("logs")
@click.option("-n", "--lines", type=click.IntRange(min=1), default=100, show_default=True)
@options.engine
@options.model
def logs(lines: int, engine: str | None, model: str | None) -> None:
    """Print the end of the daemon's log."""
    from iquest_lsp.daemon import control

    for line in control.log_lines(options.given(engine=engine, model=model), lines):
        say(line)
