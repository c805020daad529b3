"""The command line, a module a group of commands: the only place that prints or exits.

Heavy imports stay inside the commands, so that `iquest-lsp --help` answers at once.
"""

from iquest_lsp.cli.ask import ask
from iquest_lsp.cli.bench import bench, replay
from iquest_lsp.cli.complete import complete, context
from iquest_lsp.cli.daemon import daemon
from iquest_lsp.cli.history import explain_diff, impact, next_edit, suspects, why
from iquest_lsp.cli.installation import cache, doctor, runtime
from iquest_lsp.cli.models import models
from iquest_lsp.cli.output import lend_no_programs, name_files_in_utf8, survive_any_stream
from iquest_lsp.cli.serve import cli
from iquest_lsp.cli.services import mcp, serve_http

__all__ = ["cli", "explain_this_diff", "main"]

for _command in (complete, context, explain_diff, next_edit, ask, why, impact, suspects, mcp, replay, bench):
    cli.add_command(_command)
for _command in (serve_http, doctor, daemon, cache, runtime, models):
    cli.add_command(_command)


def main() -> None:
    """Entry point of `iquest-lsp`."""
    name_files_in_utf8()
    survive_any_stream()
    lend_no_programs()
    cli(prog_name="iquest-lsp")


def explain_this_diff() -> None:
    """Entry point of `explain-this-diff`: the same as `iquest-lsp explain-diff`."""
    name_files_in_utf8()
    survive_any_stream()
    lend_no_programs()
    explain_diff(prog_name="explain-this-diff")
