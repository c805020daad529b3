"""Options that several commands share, and the settings that they make."""

from __future__ import annotations

import functools
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from iquest_lsp.cli.output import Form, tell
from iquest_lsp.errors import UsageError, WorkspaceError

if TYPE_CHECKING:
    from iquest_lsp.settings import Configuration

    _PathType = click.ParamType[Path]
else:
    _PathType = click.ParamType  # not generic in click 8.1

_Function = Callable[..., Any]


class ExistingPath(_PathType):
    """A file or folder that is there; one that is not is a WorkspaceError (exit code 1), as it is for every command."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        try:
            kind = path.stat().st_mode
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else "") or str(error)
            raise WorkspaceError(f"Cannot read {value}", why=why) from error
        if stat.S_ISDIR(kind) != (self.name == "folder"):
            raise WorkspaceError(f"{value} is not a {self.name}")
        return path.absolute()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="dir" if self.name == "folder" else "file")]


def file_names(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """A shell completes the name of a file, of which FILE:LINE and FILE::SYMBOL say a place."""
    return [CompletionItem(typed, type="file")]


def model_names(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """A shell completes the name of an installed model, else of a file."""
    from iquest_lsp.runtime.models.catalogue import installed

    names = [entry.name for entry in installed() if entry.name.startswith(typed)]
    return [CompletionItem(name) for name in names] or file_names(context, parameter, typed)


engine = click.option(
    "--engine", type=click.Choice(["llama", "fake"]), default=None, help="What runs the model (fake: none, for tests)."
)
model = click.option(
    "--model", default=None, shell_complete=model_names, help="A GGUF file, or the name of an installed model."
)
standalone = click.option(
    "--standalone", is_flag=True, help="In this process alone, with a model of its own; otherwise the editors' is used."
)
filtered = click.option(
    "--include-filtered", is_flag=True, help="Also the commits that the filters leave out, with the reason."
)
deadline = click.option(
    "--deadline-ms", type=click.IntRange(min=1), default=None, help="Answer within this many milliseconds."
)
repository = click.option("--repo", type=ExistingPath("folder"), default=Path(), help="A folder in the repository.")
_json = click.option("--json", "json_", is_flag=True, help="Print one JSON object and nothing else.")
_format = click.option("--format", "format_", type=click.Choice(["terminal", "md"]), default="terminal")


def form(function: _Function) -> _Function:
    """`--json`; the function gets the answer's `form`."""

    @functools.wraps(function)
    def formed(*args: Any, json_: bool, **more: Any) -> Any:
        return function(*args, form=Form.JSON if json_ else Form.TEXT, **more)

    return _json(formed)


def forms(function: _Function) -> _Function:
    """`--json` and `--format`; the function gets the answer's `form`."""

    @functools.wraps(function)
    def formed(*args: Any, json_: bool, format_: str, **more: Any) -> Any:
        if json_ and format_ == "md":
            raise UsageError("Give either --json or --format md, not both")
        chosen = Form.JSON if json_ else Form.MARKDOWN if format_ == "md" else Form.TEXT
        return function(*args, form=chosen, **more)

    return _json(_format(formed))


def given(**options: object) -> dict[str, object]:
    """The options that were given."""
    return {key: value for key, value in options.items() if value is not None}


def configuration(**overrides: object) -> Configuration:
    """The user's settings under the options that were given; what is wrong with them is told."""
    from iquest_lsp.settings import Configuration, user_file

    made = Configuration(given(**overrides), user_file())
    for problem in made.settings()[1]:
        tell(f"warning: {problem}")
    return made
