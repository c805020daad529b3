"""`complete` and `context`: what the model would write at a place, and what it would be shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command
from iquest_lsp.cli.output import Form, emit, tell
from iquest_lsp.cli.sharing import answered, with_model
from iquest_lsp.numbers_in_text import whole_number

if TYPE_CHECKING:
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.daemon.client import DaemonClient
    from iquest_lsp.settings import Settings

#: About as many are one token of a code model (runtime/remote/text_tokens.py).
BYTES_PER_TOKEN = 3
#: The largest number that the protocol knows.
MOST = 2**31 - 1
_MOST_DIGITS = 19
WAITING = "reading the workspace and loading the model"


@command("complete", WAITING)
@click.argument("place", shell_complete=options.file_names, metavar="FILE:LINE[:COL]")
@options.form
@options.engine
@options.model
@options.deadline
@click.option("--max-tokens", type=click.IntRange(min=1), default=None)
@click.option("--multiline", is_flag=True, help="Go on as far as the block at the cursor goes.")
@options.standalone
def complete(place: str, form: Form, multiline: bool, standalone: bool, **overrides: object) -> None:
    """Complete the code at FILE:LINE[:COL]; COL counts characters from 1 and defaults to the end of the line.

    What is not warm yet is evaluated first; the deadline counts from then on. The answer is the model's best guess,
    however unsure it is.
    """
    file, line, column = parse_place(place)

    async def work(assistant: Assistant) -> dict[str, Any]:
        from iquest_lsp.assistant import CompletionRequest, completion_to_json

        session = assistant.session()
        cursor = session.buffers.cursor(file, line, column)
        request = CompletionRequest(file, cursor, explicit=True, longer=multiline)
        made = await session.complete_patiently(request)
        return completion_to_json(made) | {"quiet": str(made.quiet)}

    def ask(client: DaemonClient) -> dict[str, Any]:
        return answered(client.request("iquest/complete", {**_at(file, line, column), "multiline": multiline}))

    answer = with_model(options.configuration(**overrides), work, None if standalone else ask)
    quiet = str(answer.pop("quiet", ""))
    emit(form, answer, lambda terminal: terminal.show_completion(answer, file, line, quiet))


@command("context", WAITING)
@click.argument("place", shell_complete=options.file_names, metavar="FILE:LINE[:COL]")
@options.form
@options.engine
@options.model
@options.standalone
def context(place: str, form: Form, standalone: bool, **overrides: object) -> None:
    """Show what would be sent to the model at FILE:LINE[:COL], and why."""
    file, line, column = parse_place(place)

    async def work(assistant: Assistant) -> dict[str, Any]:
        from iquest_lsp.assistant import window_to_json

        session = assistant.session()
        cursor = session.buffers.cursor(file, line, column)
        await assistant.engine.ready()
        return window_to_json(await session.context(file, cursor))

    def ask(client: DaemonClient) -> dict[str, Any]:
        found = answered(client.request("iquest/context", _at(file, line, column)))
        del found["root"]
        return found

    configuration = options.configuration(**overrides)
    if instead := _without_runtime(configuration.settings()[0]):
        tell("warning: there is no runtime, so tokens are counted by their bytes; run `iquest-lsp doctor`")
        configuration = options.configuration(**{**overrides, **instead})
    answer = with_model(configuration, work, None if standalone else ask)
    emit(form, answer, lambda terminal: terminal.show_window(answer))


def _without_runtime(settings: Settings) -> dict[str, object]:
    """The options under which a window is put together where no model can run; {} where one can."""
    from iquest_lsp.doctor import installed_runtime
    from iquest_lsp.runtime.models.planner import CPU_WINDOW

    if settings.engine == "fake" or settings.remote or installed_runtime():
        return {}
    return {"engine": "fake", "window_tokens": BYTES_PER_TOKEN * (settings.window_tokens or CPU_WINDOW)}


def parse_place(text: str) -> tuple[Path, int, int | None]:
    """FILE:LINE[:COL] as a path, a 0-based line, and a 0-based column or None; raises click.UsageError."""
    parts = text.rsplit(":", 2)
    if len(parts) == 3 and _is_number(parts[1]) and _is_number(parts[2]):
        name, line, column = parts[0], _number(parts[1]), _number(parts[2])
    else:
        parts = text.rsplit(":", 1)
        if len(parts) != 2 or not _is_number(parts[1]):
            raise click.UsageError(f"{text!r} is not FILE:LINE or FILE:LINE:COL")
        name, line, column = parts[0], _number(parts[1]), 0
        if line < 1:
            raise click.UsageError("LINE counts from 1")
        return Path(name).absolute(), line - 1, None
    if line < 1 or column < 1:
        raise click.UsageError("LINE and COL count from 1")
    return Path(name).absolute(), line - 1, column - 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _number(digits: str) -> int:
    """The largest number that the protocol knows stands for all beyond it: no file has as many lines."""
    number = whole_number(digits, _MOST_DIGITS)
    return MOST if number is None else min(number, MOST)


def _at(file: Path, line: int, column: int | None) -> dict[str, object]:
    return {"textDocument": {"uri": file.as_uri()}, "place": {"line": line, "column": column}}
