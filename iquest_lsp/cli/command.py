"""What all commands have in common: how their errors end, options given ahead of them, and a sign of life."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from iquest_lsp.cli.output import Form, log_to_stderr, tell, tell_error
from iquest_lsp.errors import IQuestError, UsageError, WorkspaceError

#: A command that has said nothing for so long says what it is doing; the start of a model is told to a log only when
#: it takes long.
PATIENCE_S, MODEL_PATIENCE_S = 1.0, 10.0
_WAITING = "iquest_lsp.waiting"
#: What a stream that cannot be written to any more says.
_UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT, errno.EFBIG)


class _Program:
    """A command that is run as a program: every error is one line and an exit code, and an object with `--json`."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        given = sys.argv[1:] if args is None else list(args)
        words = given[: given.index("--")] if "--" in given else given
        form = Form.JSON if "--json" in words else Form.TEXT
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)  # type: ignore[misc]
            if sys.stdout is not None:
                sys.stdout.flush()
        except IQuestError as error:
            tell_error(error, form)
            code = exit_code(error)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            tell_error(_as_ours(error), form)
            code = error.exit_code
        except click.Abort:
            tell("stopped")
            code = 1
        except OSError as error:
            if error.errno in _UNWRITABLE:
                code = _unwritable(error)
            elif isinstance(error, FileNotFoundError) and not _is_somewhere():
                tell_error(IQuestError("The current folder is gone", fix="Change into one that exists"), form)
                code = 1
            else:
                code = _failed(error, form)
        except Exception as error:  # noqa: BLE001  whoever reads the answer is told in the form asked for
            code = _failed(error, form)
        sys.exit(code if isinstance(code, int) else 0)


def _failed(error: Exception, form: Form) -> int:
    """Tells an error that nobody foresaw, with its place, while it is handled; the exit code."""
    tell(traceback.format_exc())
    why = f"{type(error).__name__}: {error}"
    tell_error(IQuestError("This program failed", why=why, fix="Tell its makers, with the lines above"), form)
    return 1


def exit_code(error: IQuestError) -> int:
    """2 for wrong usage, 1 for any other error, a file that is not there among them."""
    return 2 if isinstance(error, UsageError) and not isinstance(error, WorkspaceError) else 1


class Command(_Program, click.Command):
    """A command; `waiting` says what it does where that takes longer than a moment."""

    def __init__(self, *args: Any, waiting: str = "working", **more: Any) -> None:
        super().__init__(*args, **more)
        self._waiting = waiting

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        taken = _taken_over(ctx)
        rest = super().parse_args(ctx, args)
        for name, value in taken.items():
            if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
                ctx.params[name] = value
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        waiting = _Waiting(self._waiting, is_quiet=bool(ctx.params.get("json_")))
        ctx.meta[_WAITING] = waiting
        waiting.say_after(PATIENCE_S)
        try:
            return super().invoke(ctx)
        finally:
            waiting.end()


class _Waiting:
    """A line about what takes so long, once: to a person always, to a log unless it `is_quiet`."""

    def __init__(self, what: str, *, is_quiet: bool) -> None:
        self._what = what
        self._is_seen = sys.stderr is not None and sys.stderr.isatty()
        self._is_quiet = is_quiet and not self._is_seen
        self._timer: threading.Timer | None = None

    def say_after(self, seconds: float) -> None:
        if not self._is_quiet:
            self._timer = threading.Timer(seconds, tell, [f"{self._what} ..."])
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def for_a_model(self) -> None:
        """A log that only records errors and warnings is not disturbed by an ordinary start."""
        if not self._is_seen:
            self.end()
            self.say_after(MODEL_PATIENCE_S)


class Group(_Program, click.Group):
    """A group of commands."""

    command_class = Command
    group_class = type


def command(name: str, waiting: str = "working") -> Callable[[Callable[..., Any]], Command]:
    """Makes a function a command; `waiting` is what it says it does when a second has gone."""
    return click.command(name, cls=Command, waiting=waiting)


def group(name: str) -> Callable[[Callable[..., Any]], Group]:
    """Makes a function a group of commands."""
    return click.group(name, cls=Group)


def shows_progress() -> None:
    """The command shows by itself that it is at work."""
    waiting = _waiting()
    if waiting is not None:
        waiting.end()


def waits_for_a_model() -> None:
    """The command starts the model, or waits until another process has."""
    waiting = _waiting()
    if waiting is not None:
        waiting.for_a_model()


def _waiting() -> _Waiting | None:
    ctx = click.get_current_context(silent=True)
    found = ctx.meta.get(_WAITING) if ctx is not None else None
    return found if isinstance(found, _Waiting) else None


def nobody_is_there() -> bool:
    """Whether stdin can bring nobody who asks: it is closed, or /dev/null."""
    try:
        kind = os.fstat(0).st_mode
    except OSError:
        return True
    return stat.S_ISCHR(kind) and not os.isatty(0)


def log_unless_told(level: str) -> None:
    """Logs from a level on, or from the one that `--log-level` names."""
    ctx = click.get_current_context(silent=True)
    log_to_stderr((ctx.find_root().params.get("log_level") if ctx is not None else None) or level)


def _taken_over(ctx: click.Context) -> dict[str, Any]:
    """Options given ahead of the command, as if they stood behind it; raises UsageError for one it lacks."""
    root = ctx.find_root()
    own = {option.name for option in ctx.command.params if isinstance(option, click.Option)}
    taken = {}
    for option in root.command.params if root is not ctx else ():
        name = option.name or ""
        if root.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if name == "log_level":
            log_to_stderr(root.params[name])
        elif name in own:
            taken[name] = root.params[name]
        else:
            raise UsageError(
                f"{option.opts[0]} means nothing to `{ctx.command_path}`",
                fix=f"`{ctx.command_path} --help` lists its options",
            )
    return taken


def _as_ours(error: click.ClickException) -> IQuestError:
    ctx = getattr(error, "ctx", None)
    fix = f"`{ctx.command_path} --help` says how" if ctx is not None and isinstance(error, click.UsageError) else ""
    # What was meant stands in brackets where there are several.
    what = re.sub(r" \((Did you mean [^()]*\?)\)$", r" \1", error.format_message().replace("\n", " "))
    return IQuestError(what, fix=fix)


def _unwritable(error: OSError) -> int:
    """The reader of our output, `head` for instance, has gone, or the disk is full: nothing more is written."""
    if error.errno != errno.EPIPE:
        tell(f"error: The output cannot be written: {error.strerror}.")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 1


def _is_somewhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True
