"""`bench` and `replay`: what this machine and model do, measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, group, log_unless_told, shows_progress
from iquest_lsp.cli.output import Form, emit
from iquest_lsp.errors import UsageError

if TYPE_CHECKING:
    from iquest_lsp.bench.report import BenchProgress, Report
    from iquest_lsp.runtime.base.engine import EngineOptions

_folder, _file = options.ExistingPath("folder"), options.ExistingPath("file")


@command("replay", "typing the history's lines again")
@click.argument("repository", type=_folder, default=Path())
@click.option("--commits", type=click.IntRange(min=1), default=20, show_default=True, help="How far to go back.")
@click.option("--positions", type=click.IntRange(min=1), default=100, show_default=True, help="Lines to type again.")
@click.option("--setting", "chosen", multiple=True, help="One of the settings compared (default: all of them).")
@click.option("--window", "windows", type=click.IntRange(min=256), multiple=True, help="Also a window this large.")
@click.option("--edits", is_flag=True, help="Next edits: take the commits apart into edits, and ask after each.")
@click.option("--names", is_flag=True, help="With --edits: only commits that change a name or a signature.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Also a picture (SVG).")
@options.deadline
@options.engine
@options.model
@options.form
def replay(
    repository: Path,
    chosen: tuple[str, ...],
    windows: tuple[int, ...],
    edits: bool,
    names: bool,
    plot: Path | None,
    form: Form,
    commits: int,
    positions: int,
    **overrides: object,
) -> None:
    """Evaluate on a repository's own history: type the lines that were added again, compare, time."""
    import asyncio

    if names and not edits:
        raise UsageError("--names goes with --edits")
    if edits:
        _replay_edits(repository, commits, names, form)
        return

    from iquest_lsp.bench import replay
    from iquest_lsp.cli.terminal import progress_bar

    unknown = [name for name in chosen if name not in replay.SETTINGS]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is none of: " + ", ".join(replay.SETTINGS))
    settings = {name: replay.SETTINGS[name] for name in chosen} or (None if not windows else dict(replay.SETTINGS))
    if settings is not None:
        settings |= replay.with_windows(windows)
    root, given = repository, options.given(**overrides)
    log_unless_told("error")
    with progress_bar("typing again", shows_progress) as progress:
        answer = asyncio.run(replay.replay(root, commits, positions, given, settings=settings, progress=progress))
    if plot is not None:
        from iquest_lsp.bench.replay_plot import picture

        try:
            atomic_write(plot, picture(answer), mode=0o644)
        except OSError as error:
            raise UsageError(f"{plot} cannot be written", why=error.strerror or str(error)) from error
    emit(form, answer, lambda terminal: terminal.show_replay(answer))


def _replay_edits(repository: Path, commits: int, names: bool, form: Form) -> None:
    from iquest_lsp.bench.next_edits import replay_edits
    from iquest_lsp.cli.terminal import progress_bar

    log_unless_told("error")
    with progress_bar("editing again", shows_progress) as progress:
        answer = replay_edits(repository, commits, only_names=names, progress=progress)
    emit(form, answer, lambda terminal: terminal.show_replayed_edits(answer))


@group("bench")
def bench() -> None:
    """Measure this machine and model: prefill, decode, latency, answers."""


def _lengths(least: int, long: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--tokens`, `--long` and `--repeat`, as benchmarks of the engine alone have them."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        each = click.option(
            "--tokens", "lengths", type=click.IntRange(min=least), multiple=True, help="A prompt length (repeatable)."
        )
        more = click.option("--long", is_flag=True, help=long)
        repeat = click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True)
        return each(more(repeat(function)))

    return add


@bench.command("prefill", waiting="measuring")
@_lengths(32, "Also 131072 tokens, once.")
@click.option(
    "--cases",
    type=click.Choice(["all", "passes", "engine"]),
    default="all",
    show_default=True,
    help="What passes cost, what the engine pays (cold, warm, saved, restored), or both.",
)
@options.engine
@options.model
@options.form
def bench_prefill(
    lengths: tuple[int, ...], long: bool, repeat: int, cases: str, form: Form, **overrides: object
) -> None:
    """Compare reading a prompt with one pass, with all passes, and as the engine does it."""
    from iquest_lsp.bench import prefill

    sizes = _sizes(lengths, long)
    _measure(form, overrides, lambda engine, progress: prefill.run(engine, sizes, repeat, progress, cases))


@bench.command("decode", waiting="measuring")
@_lengths(64, "Also 131072 tokens.")
@click.option("--prompts", type=click.IntRange(min=1), default=8, show_default=True, help="Prompts of each kind.")
@click.option("--new", type=click.IntRange(min=2), default=48, show_default=True, help="Tokens of an answer.")
@options.engine
@options.model
@options.form
def bench_decode(
    lengths: tuple[int, ...], long: bool, repeat: int, prompts: int, new: int, form: Form, **overrides: object
) -> None:
    """Compare writing answers with one pass, one token a step, and with drafts; on ordinary code and on copies."""
    from iquest_lsp.bench import decode

    sizes = _sizes(lengths, long)
    _measure(
        form, overrides, lambda engine, progress: decode.run(engine, sizes, repeat, progress, prompts=prompts, new=new)
    )


@bench.command("answers", waiting="measuring")
@_lengths(64, "Also 131072 tokens, once.")
@options.engine
@options.model
@options.form
def bench_answers(lengths: tuple[int, ...], long: bool, repeat: int, form: Form, **overrides: object) -> None:
    """Time answers by the engine alone to prompts of real code: cold, warm, restored."""
    from iquest_lsp.bench import answers

    sizes = _sizes(lengths, long)
    _measure(form, overrides, lambda engine, progress: answers.run(engine, sizes, repeat, progress))


@bench.command("latency", waiting="typing")
@click.argument("workspace", type=_folder, default=Path())
@click.option("--keys", type=click.IntRange(min=20), default=300, show_default=True, help="Keys to type.")
@click.option("--cold", "colds", type=click.IntRange(min=1), default=3, show_default=True, help="Starts of the daemon.")
@click.option("--file", "files", type=_file, multiple=True)
@click.option("--window", type=click.IntRange(min=512), default=None, help="Tokens in the window.")
@click.option("--lines", type=click.IntRange(min=1), default=8, show_default=True, help="Lines between two jumps.")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep evaluated windows in this folder.")
@click.option("--tell/--no-tell", "tells", default=True, help="Whether the editor says where the person looks.")
@options.deadline
@click.option("--speed", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Times a person's.")
@click.option("--seed", type=int, default=0, show_default=True)
@options.engine
@options.model
@options.form
def bench_latency(
    workspace: Path,
    window: int | None,
    deadline_ms: int | None,
    engine: str | None,
    model: str | None,
    form: Form,
    **session: Any,
) -> None:
    """Type in a workspace's files as a person would, through the socket, and time every answer.

    The files are typed in memory only; nothing in the workspace is changed.
    """
    import asyncio

    from iquest_lsp.bench import latency
    from iquest_lsp.cli.terminal import progress_bar

    client = latency.PlayedEditor(
        workspace,
        tuple(
            text
            for name, value in options.given(engine=engine, model=model).items()
            for text in (f"--{name}", str(value))
        ),
        options.given(windowTokens=window, deadlineMs=deadline_ms),
    )
    typed = latency.Typing(**session)
    log_unless_told("error")
    with progress_bar("typing", shows_progress) as progress:
        report = asyncio.run(latency.run(client, typed, progress)).to_json()
    emit(form, report, lambda terminal: terminal.show_bench(report))


def _sizes(lengths: tuple[int, ...], long: bool) -> list[int]:
    """The prompt lengths of a benchmark."""
    from iquest_lsp.bench.prefill import LENGTHS, LONG

    return [*(lengths or LENGTHS), *((LONG,) if long else ())]


def _measure(form: Form, overrides: dict[str, object], work: Callable[[EngineOptions, BenchProgress], Report]) -> None:
    """Runs a benchmark with the engine as the settings would start it, and shows its report."""
    from iquest_lsp.cli.terminal import progress_bar
    from iquest_lsp.engines import engine_options
    from iquest_lsp.runtime.client.child import SLEEPING_THREADS

    for name, value in SLEEPING_THREADS.items():  # as the engine's process has it, before the runtime is loaded
        os.environ.setdefault(name, value)

    settings = options.configuration(**overrides).settings()[0]
    log_unless_told("error")
    with progress_bar("measuring", shows_progress) as progress:
        report = work(engine_options(settings), progress).to_json()
    emit(form, report, lambda terminal: terminal.show_bench(report))
