"""The command line: the only place that prints or exits.

Heavy imports stay inside the commands, so that `iquest-lsp --help` answers at once.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import click

from iquest_lsp import __version__
from iquest_lsp.errors import IQuestError, UsageError

if TYPE_CHECKING:
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.bench.report import Report
    from iquest_lsp.codeflow import DiffExplanation
    from iquest_lsp.daemon.client import DaemonClient
    from iquest_lsp.runtime.base.engine import EngineOptions
    from iquest_lsp.settings import Configuration

T = TypeVar("T")


class Answer(Protocol):
    """What the questions to the history return."""

    def to_json(self) -> dict[str, object]: ...
    def to_markdown(self) -> str: ...


as_json = click.option("--json", "json_", is_flag=True, help="Print one JSON object and nothing else.")
engine_option = click.option(
    "--engine", type=click.Choice(["llama", "fake"]), default=None, help="What runs the model (fake: none, for tests)."
)
filtered_option = click.option(
    "--include-filtered", is_flag=True, help="Also the commits that the filters leave out, with the reason."
)
markdown_option = click.option("--format", "format_", type=click.Choice(["terminal", "md"]), default="terminal")
model_option = click.option("--model", default=None, help="A GGUF file, or the name of an installed model.")
standalone_option = click.option(
    "--standalone", is_flag=True, help="In this process alone, with a model of its own; otherwise the editors' is used."
)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
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
@engine_option
@model_option
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default=None)
@click.pass_context
def cli(
    ctx: click.Context,
    stdio: bool,
    standalone: bool,
    tcp: int | None,
    connect: int | None,
    engine: str | None,
    model: str | None,
    log_level: str | None,
) -> None:
    """A local coding assistant: a language server with a looped code model inside.

    Without a command it is the language server that an editor starts.
    """
    ctx.obj = {"engine": engine, "model": model, "log_level": log_level}
    if ctx.invoked_subcommand is not None:
        return
    overrides = {key: value for key, value in ctx.obj.items() if value is not None}
    if tcp is not None:
        _serve_tcp(overrides, tcp)
        return
    if sys.stdin.isatty():
        click.echo("This is the language server that an editor starts; it waits for one on its stdin now.", err=True)
        click.echo("`iquest-lsp --help` lists the commands. Ctrl-C ends it.", err=True)
    if standalone:
        _serve_alone(overrides)
    else:
        _bridge(overrides, connect)


def _bridge(overrides: dict[str, Any], port: int | None) -> None:
    """Joins the editor to the daemon; without one it is served here, and told why."""
    from iquest_lsp.daemon.bridge import run_bridge, run_tcp_bridge
    from iquest_lsp.errors import DaemonError

    if port is not None:
        ending = _guard(lambda: run_tcp_bridge(port, _token(port)))
    else:
        try:
            ending = run_bridge(overrides)
        except DaemonError as error:
            _serve_alone(overrides, notice=str(error))
            return
    if ending.message:
        click.echo(f"iquest-lsp: {ending.message}", err=True)
    raise SystemExit(ending.code)


def _serve_alone(overrides: dict[str, Any], notice: str = "") -> None:
    from iquest_lsp.server.serve import serve_stdio

    _log_to_stderr(overrides.get("log_level") or "warning")
    raise SystemExit(asyncio.run(serve_stdio(overrides, notice)))


def _serve_tcp(overrides: dict[str, Any], port: int) -> None:
    from iquest_lsp.daemon.tcp import leave_token, serve

    _log_to_stderr(overrides.get("log_level") or "warning")

    left: list[Path] = []

    def ready(bound: int, token: str) -> None:
        left.append(_guard(lambda: leave_token(bound, token)))
        click.echo(f"serving on 127.0.0.1:{bound}; the token is in {left[0]}", err=True)

    try:
        _guard(lambda: serve(overrides, port, os.environ.get("IQUEST_LSP_TOKEN", ""), ready))
    finally:
        for file in left:
            file.unlink(missing_ok=True)


def _token(port: int) -> str:
    from iquest_lsp.daemon.tcp import find_token

    return os.environ.get("IQUEST_LSP_TOKEN") or find_token(port)


# ------------------------------------------------------------------------------------------------- completion


@cli.command()
@click.argument("place", metavar="FILE:LINE[:COL]")
@as_json
@engine_option
@model_option
@click.option("--deadline-ms", type=click.IntRange(min=1), default=None, help="Answer within this many milliseconds.")
@click.option("--max-tokens", type=click.IntRange(min=1), default=None)
@click.option("--multiline", is_flag=True, help="Go on as far as the block at the cursor goes.")
@standalone_option
def complete(
    place: str,
    json_: bool,
    engine: str | None,
    model: str | None,
    deadline_ms: int | None,
    max_tokens: int | None,
    multiline: bool,
    standalone: bool,
) -> None:
    """Complete the code at FILE:LINE[:COL]; COL counts characters from 1 and defaults to the end of the line.

    What is not warm yet is evaluated first; the deadline counts from then on. The answer is the model's best guess,
    however unsure it is.
    """
    file, line, column = _place(place)
    configuration = _configuration(engine=engine, model=model, deadline_ms=deadline_ms, max_tokens=max_tokens)

    async def work(assistant: Assistant) -> dict[str, Any]:
        from iquest_lsp.assistant import CompletionRequest, completion_to_json

        cursor = assistant.cursor(file, line, column)
        request = CompletionRequest(file, cursor, explicit=True, longer=multiline)
        made = await assistant.complete_patiently(request)
        return completion_to_json(made) | {"quiet": str(made.quiet)}

    def ask(client: DaemonClient) -> dict[str, Any]:
        return _answered(client.request("iquest/complete", {**_at(file, line, column), "multiline": multiline}))

    answer = _with_model(configuration, work, None if standalone else ask)
    quiet = str(answer.pop("quiet", ""))
    if json_:
        _print_json(answer)
    else:
        from iquest_lsp.terminal import show_completion

        show_completion(answer, file, line, quiet)


@cli.command()
@click.argument("place", metavar="FILE:LINE[:COL]")
@as_json
@engine_option
@model_option
@standalone_option
def context(place: str, json_: bool, engine: str | None, model: str | None, standalone: bool) -> None:
    """Show what would be sent to the model at FILE:LINE[:COL], and why."""
    file, line, column = _place(place)
    configuration = _configuration(engine=engine, model=model)

    async def work(assistant: Assistant) -> dict[str, Any]:
        from iquest_lsp.assistant import window_to_json

        cursor = assistant.cursor(file, line, column)
        await assistant.ready()
        return window_to_json(await assistant.context(file, cursor))

    def ask(client: DaemonClient) -> dict[str, Any]:
        found = _answered(client.request("iquest/context", _at(file, line, column)))
        del found["root"]
        return found

    answer = _with_model(configuration, work, None if standalone else ask)
    if json_:
        _print_json(answer)
    else:
        from iquest_lsp.terminal import show_window

        show_window(answer)


# --------------------------------------------------------------------------------------------------- history


@cli.command("explain-diff")
@click.argument("target", metavar="[REV | A..B | -]", default="")
@click.option("--staged", is_flag=True, help="What is staged for the next commit.")
@as_json
@markdown_option
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="A folder in the repository.")
@click.option("--facts-only", is_flag=True, help="Without the words of the Instruct model that the settings name.")
@filtered_option
@standalone_option
def explain_diff(
    target: str,
    staged: bool,
    json_: bool,
    format_: str,
    repo: Path,
    facts_only: bool,
    include_filtered: bool,
    standalone: bool,
) -> None:
    """Explain a commit, a range, what is staged, a patch on stdin (-), or (by default) the working tree.

    With `instruct_model` set, a model explains it in words too.
    """
    from iquest_lsp.assistant import explain

    if staged and target:
        _fail(UsageError("Give either --staged or a revision, not both"))
    patch = sys.stdin.buffer.read() if target == "-" else None
    target = "--staged" if staged else target
    explanation = _guard(lambda: explain(repo.absolute(), target, patch, include_filtered=include_filtered))
    if not facts_only:
        explanation = _in_words(repo.absolute(), target, explanation, patch, standalone)
    _show_answer(explanation, json_, format_)


def _in_words(
    root: Path, target: str, facts: DiffExplanation, patch: bytes | None, standalone: bool
) -> DiffExplanation:
    """The explanation with a model's words where one is configured; without them, and a warning, where it fails."""
    from dataclasses import replace

    configuration = _configuration()
    settings = configuration.settings()[0]
    if not (settings.instruct_model or settings.thinking_model):
        return facts

    async def work(assistant: Assistant) -> str | None:
        told = await assistant.explain_in_words(root, target, facts, patch)
        return told.text or None if told is not None else None

    def ask(client: DaemonClient) -> str | None:
        asked: dict[str, object] = {"folder": root.as_uri(), "target": target}
        if patch is not None:
            asked["patch"] = base64.b64encode(patch).decode("ascii")
        words = _answered(client.request("iquest/explainDiff", asked))["model_text"]
        return words if isinstance(words, str) else None

    try:
        words = _model_work(configuration, work, None if standalone else ask)
    except IQuestError as error:
        click.echo(f"warning: not explained in words: {error}", err=True)
        return facts
    return replace(facts, model_text=words)


@cli.command()
@click.argument("question")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[FILE...]")
@click.option("--think", is_flag=True, help="Ask the Thinking model, and show what it thinks.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="A folder of the project.")
@as_json
@engine_option
@model_option
@standalone_option
def ask(
    question: str,
    files: tuple[Path, ...],
    think: bool,
    repo: Path,
    json_: bool,
    engine: str | None,
    model: str | None,
    standalone: bool,
) -> None:
    """Ask about the code: answered from its files and its history, with both cited.

    Needs a model that follows instructions (`instruct_model`, or --model FILE); the embedded one only continues code.
    """
    from iquest_lsp.terminal import words_as_they_come

    configuration = _configuration(engine=engine, model=model, instruct_model=model)
    places, root = tuple(path.absolute() for path in files), repo.absolute()

    async def work(assistant: Assistant) -> dict[str, Any]:
        from iquest_lsp.assistant import Question, Role

        asked = Question(question, places, role=Role.THINKING if think else Role.INSTRUCT)
        with words_as_they_come(shown=not json_, thinking=think) as listen:
            return (await assistant.ask(root, asked, listen)).to_json()

    def ask_daemon(client: DaemonClient) -> dict[str, Any]:
        asked = {"question": question, "folder": root.as_uri(), "files": [place.as_uri() for place in places]}
        with words_as_they_come(shown=not json_, thinking=think) as listen:
            made = client.request(
                "iquest/ask", {**asked, "think": think}, lambda part: listen(str(part["kind"]), str(part["text"]))
            )
        return _answered(made)

    answer = _with_model(configuration, work, None if standalone else ask_daemon)
    if json_:
        _print_json(answer)
    else:
        from iquest_lsp.terminal import show_sources

        show_sources(answer)


@cli.command()
@click.argument("place", metavar="FILE:LINE | FILE::SYMBOL | FILE")
@filtered_option
@as_json
@markdown_option
def why(place: str, include_filtered: bool, json_: bool, format_: str) -> None:
    """Tell how a line, a function or a class came to be, and why."""
    from iquest_lsp import assistant

    _show_answer(_guard(lambda: assistant.why(place, include_filtered=include_filtered)), json_, format_)


@cli.command()
@click.argument("place", metavar="FILE::SYMBOL")
@filtered_option
@as_json
@markdown_option
def impact(place: str, include_filtered: bool, json_: bool, format_: str) -> None:
    """List what else must change if a function or class changes."""
    from iquest_lsp import assistant

    _show_answer(_guard(lambda: assistant.impact(place, include_filtered=include_filtered)), json_, format_)


@cli.command()
@click.argument("place", metavar="FILE[:LINE] | -")
@filtered_option
@as_json
@markdown_option
def suspects(place: str, include_filtered: bool, json_: bool, format_: str) -> None:
    """Rank the recent changes that likely brought a bug: in a file, at a line, or by a test or CI log on stdin (-)."""
    from iquest_lsp import assistant

    log = sys.stdin.buffer.read().decode("utf-8", "replace") if place == "-" else None
    answer = _guard(lambda: assistant.suspects(place, log, include_filtered=include_filtered))
    _show_answer(answer, json_, format_)


@cli.command()
@click.argument("repository", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--commits", type=click.IntRange(min=1), default=20, show_default=True, help="How far to go back.")
@click.option("--positions", type=click.IntRange(min=1), default=100, show_default=True, help="Lines to type again.")
@click.option("--setting", "chosen", multiple=True, help="One of the settings compared (default: all of them).")
@click.option("--window", "windows", type=click.IntRange(min=256), multiple=True, help="Also a window this large.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Also a picture (SVG).")
@click.option("--deadline-ms", type=click.IntRange(min=1), default=None)
@engine_option
@model_option
@as_json
def replay(
    repository: Path,
    commits: int,
    positions: int,
    chosen: tuple[str, ...],
    windows: tuple[int, ...],
    plot: Path | None,
    deadline_ms: int | None,
    engine: str | None,
    model: str | None,
    json_: bool,
) -> None:
    """Evaluate on a repository's own history: type the lines that were added again, compare, time."""
    from iquest_lsp.bench import replay as module

    unknown = [name for name in chosen if name not in module.SETTINGS]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is none of: " + ", ".join(module.SETTINGS))
    settings = {name: module.SETTINGS[name] for name in chosen} or (None if not windows else dict(module.SETTINGS))
    if settings is not None:
        settings |= module.with_windows(windows)
    overrides = {"engine": engine, "model": model, "deadline_ms": deadline_ms}
    given = {key: value for key, value in overrides.items() if value is not None}
    _log_to_stderr("error")

    def work() -> dict[str, Any]:
        from iquest_lsp.terminal import progress_bar

        with progress_bar("typing again") as progress:
            return asyncio.run(
                module.replay(repository.absolute(), commits, positions, given, settings=settings, progress=progress)
            )

    answer = _guard(work)
    if plot is not None:
        from iquest_lsp.bench.replay_plot import picture

        try:
            plot.write_text(picture(answer), "utf-8")
        except OSError as error:
            _fail(UsageError(f"{plot} cannot be written", why=error.strerror or str(error)))
    if json_:
        _print_json(answer)
    else:
        from iquest_lsp.terminal import show_replay

        show_replay(answer)


@cli.group()
def bench() -> None:
    """Measure this machine and model: prefill, decode, latency."""


@bench.command("prefill")
@click.option("--tokens", "lengths", type=click.IntRange(min=32), multiple=True, help="A prompt length (repeatable).")
@click.option("--long", is_flag=True, help="Also 131072 tokens, once.")
@click.option(
    "--cases",
    type=click.Choice(["all", "passes", "engine"]),
    default="all",
    show_default=True,
    help="What passes cost, what the engine pays (cold, warm, saved, restored), or both.",
)
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True)
@engine_option
@model_option
@as_json
def bench_prefill(
    lengths: tuple[int, ...], long: bool, cases: str, repeat: int, engine: str | None, model: str | None, json_: bool
) -> None:
    """Compare reading a prompt with one pass, with all passes, and as the engine does it."""
    from iquest_lsp.bench import prefill

    sizes = _sizes(lengths, long)
    _bench(json_, engine, model, lambda options, progress: prefill.run(options, sizes, repeat, progress, cases))


@bench.command("latency")
@click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--keys", type=click.IntRange(min=20), default=300, show_default=True, help="Keys to type.")
@click.option("--cold", "colds", type=click.IntRange(min=1), default=3, show_default=True, help="Starts of the daemon.")
@click.option("--file", "files", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True)
@click.option("--window", type=click.IntRange(min=512), default=None, help="Tokens in the window.")
@click.option("--lines", type=click.IntRange(min=1), default=8, show_default=True, help="Lines between two jumps.")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep evaluated windows in this folder.")
@click.option("--tell/--no-tell", "tells", default=True, help="Whether the editor says where the person looks.")
@click.option("--deadline-ms", type=click.IntRange(min=1), default=None)
@click.option("--speed", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Times a person's.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--answers", is_flag=True, help="Instead: answers by the engine alone, cold, warm, restored.")
@click.option("--tokens", "lengths", type=click.IntRange(min=64), multiple=True, help="A prompt length for --answers.")
@click.option("--long", is_flag=True, help="With --answers: also 131072 tokens, once.")
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each --answers case.")
@engine_option
@model_option
@as_json
def bench_latency(
    workspace: Path,
    keys: int,
    colds: int,
    files: tuple[Path, ...],
    window: int | None,
    lines: int,
    keep: Path | None,
    tells: bool,
    deadline_ms: int | None,
    speed: float,
    seed: int,
    answers: bool,
    lengths: tuple[int, ...],
    long: bool,
    repeat: int,
    engine: str | None,
    model: str | None,
    json_: bool,
) -> None:
    """Type in a workspace's files as a person would, through the socket, and time every answer.

    The files are typed in memory only; nothing in the workspace is changed. With --answers nothing is typed: the
    engine alone answers prompts of real code.
    """
    if answers:
        from iquest_lsp.bench import answers as module

        sizes = _sizes(lengths, long)
        _bench(json_, engine, model, lambda options, progress: module.run(options, sizes, repeat, progress))
        return
    if lengths or long:
        raise click.UsageError("--tokens and --long belong to --answers")
    from iquest_lsp.bench import latency
    from iquest_lsp.terminal import progress_bar, show_bench

    given = {"--engine": engine, "--model": model}
    arguments = [text for name, value in given.items() if value is not None for text in (name, value)]
    options = {"windowTokens": window, "deadlineMs": deadline_ms}
    _log_to_stderr("error")

    def work() -> dict[str, Any]:
        with progress_bar("typing") as progress:
            running = latency.run(
                workspace.absolute(),
                arguments,
                {name: value for name, value in options.items() if value is not None},
                keys=keys,
                colds=colds,
                seed=seed,
                speed=speed,
                files=files,
                keep=keep,
                lines=lines,
                tells=tells,
                progress=progress,
            )
            return asyncio.run(running).to_json()

    report = _guard(work)
    if json_:
        _print_json(report)
    else:
        show_bench(report)


@bench.command("decode")
@click.option("--tokens", "lengths", type=click.IntRange(min=64), multiple=True, help="A prompt length (repeatable).")
@click.option("--prompts", type=click.IntRange(min=1), default=8, show_default=True, help="Prompts of each kind.")
@click.option("--new", type=click.IntRange(min=2), default=48, show_default=True, help="Tokens of an answer.")
@click.option("--long", is_flag=True, help="Also 131072 tokens.")
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True)
@engine_option
@model_option
@as_json
def bench_decode(
    lengths: tuple[int, ...],
    prompts: int,
    new: int,
    long: bool,
    repeat: int,
    engine: str | None,
    model: str | None,
    json_: bool,
) -> None:
    """Compare writing answers with one pass, one token a step, and with drafts; on ordinary code and on copies."""
    from iquest_lsp.bench import decode

    sizes = _sizes(lengths, long)
    _bench(
        json_,
        engine,
        model,
        lambda options, progress: decode.run(options, sizes, repeat, progress, prompts=prompts, new=new),
    )


def _sizes(lengths: tuple[int, ...], long: bool) -> list[int]:
    """The prompt lengths of a benchmark."""
    from iquest_lsp.bench.prefill import LENGTHS, LONG

    return [*(lengths or LENGTHS), *((LONG,) if long else ())]


def _bench(
    json_: bool,
    engine: str | None,
    model: str | None,
    work: Callable[[EngineOptions, Callable[[int, int], None]], Report],
) -> None:
    """Runs a benchmark with the engine as the settings would start it, and shows its report."""
    from iquest_lsp.assistant import engine_options
    from iquest_lsp.runtime.client.child import SLEEPING_THREADS
    from iquest_lsp.terminal import progress_bar, show_bench

    for name, value in SLEEPING_THREADS.items():  # as the engine's process has it, before the runtime is loaded
        os.environ.setdefault(name, value)

    settings = _configuration(engine=engine, model=model).settings()[0]
    _log_to_stderr("error")
    with progress_bar("measuring") as progress:
        report = _guard(lambda: work(engine_options(settings), progress)).to_json()
    if json_:
        _print_json(report)
    else:
        show_bench(report)


def _show_answer(answer: Answer, json_: bool, format_: str) -> None:
    if json_:
        _print_json(answer.to_json())
    elif format_ == "md":
        click.echo(answer.to_markdown())
    else:
        from iquest_lsp.terminal import show_markdown

        show_markdown(answer.to_markdown())


# --------------------------------------------------------------------------------------------------- set-up


@cli.command()
@as_json
def doctor(json_: bool) -> None:
    """Check the installation and say what would be done with the model."""
    from iquest_lsp.doctor import examine

    report = examine(_configuration().settings()[0])
    if json_:
        _print_json(report)
    else:
        from iquest_lsp.terminal import show_report

        show_report(report)
    if not all(check["ok"] for check in report["checks"]):
        raise SystemExit(1)


@cli.group()
def daemon() -> None:
    """The process that all editors of a user share; an editor starts it, and it ends when it has been idle."""


@daemon.command("status")
@as_json
@engine_option
@model_option
def daemon_status(json_: bool, engine: str | None, model: str | None) -> None:
    """Say what the daemon is doing (--engine and --model choose among several)."""
    from iquest_lsp.daemon import control

    report = _guard(lambda: control.status(_given(engine=engine, model=model)))
    if json_:
        _print_json(report)
        return
    for key, value in report.items():
        if isinstance(value, list):
            for item in value:
                tokens = f"{item['window_tokens']} tokens in the window, {item['warm_tokens']} warm"
                click.echo(f"{'workspace':12} {item['root']} ({tokens})")
        else:
            click.echo(f"{key:12} {value if value is not None else '-'}")


@daemon.command("stop")
@engine_option
@model_option
def daemon_stop(engine: str | None, model: str | None) -> None:
    """End the daemon; editors that use it are told, and start it again."""
    from iquest_lsp.daemon import control

    pid = _guard(lambda: control.stop(_given(engine=engine, model=model)))
    click.echo(f"stopped process {pid}", err=True)


@daemon.command("logs")
@click.option("-n", "--lines", type=click.IntRange(min=1), default=100, show_default=True)
@engine_option
@model_option
def daemon_logs(lines: int, engine: str | None, model: str | None) -> None:
    """Print the end of the daemon's log."""
    from iquest_lsp.daemon import control

    for line in _guard(lambda: control.log_lines(_given(engine=engine, model=model), lines)):
        click.echo(line)


@cli.group()
def cache() -> None:
    """Evaluated windows that are kept on disk, so that a restart begins warm."""


@cache.command("info")
@as_json
def cache_info(json_: bool) -> None:
    """List what is kept, the last used first."""
    from iquest_lsp.doctor import cache_report

    report = cache_report(_configuration().settings()[0])
    if json_:
        _print_json(report)
    else:
        from iquest_lsp.terminal import show_cache

        show_cache(report)


@cache.command("clear")
def cache_clear() -> None:
    """Remove all of it; the next start evaluates its window anew."""
    from iquest_lsp.doctor import clear_cache

    files, size = _guard(clear_cache)
    click.echo(f"removed {files} files, {size / 1e6:.1f} MB", err=True)


@cli.group()
def runtime() -> None:
    """The patched llama.cpp: what is installed, and how to build it."""


@runtime.command("info")
@as_json
def runtime_info(json_: bool) -> None:
    """Say which runtime is installed and which one this version wants."""
    from iquest_lsp.doctor import runtime_report

    report = runtime_report()
    if json_:
        _print_json(report)
    else:
        for key, value in report.items():
            click.echo(f"{key:12} {value}")


@runtime.command("build")
def runtime_build() -> None:
    """Build the patched runtime (or take it from the cache) and install it into this environment.

    CMAKE_ARGS is passed on, for instance CMAKE_ARGS=-DGGML_CUDA=on.
    """
    from iquest_lsp.doctor import build_runtime

    wheel = _guard(lambda: build_runtime(lambda line: click.echo(line, err=True)))
    click.echo(f"installed {wheel.name}")


@cli.group()
def models() -> None:
    """The models that can be used."""


@models.command("list")
@as_json
def models_list(json_: bool) -> None:
    """List the embedded model, those in the user's model folder, and the published ones with what they need."""
    from iquest_lsp.doctor import model_rows
    from iquest_lsp.runtime.models.manager import known_rows

    rows, known = model_rows(), known_rows()
    if json_:
        _print_json({"models": rows, "known": known})
    else:
        from iquest_lsp.terminal import show_models

        show_models(rows, known)


@models.command("add")
@click.argument("source", metavar="FILE | OWNER/NAME")
@click.option("--name", default="", help="What to call it; default: the file's name.")
@click.option("--file", "pattern", default="", help="Which of a repository's files, such as '*Q4_K_M.gguf'.")
@click.option("--offline", is_flag=True, help="Only what was fetched before.")
@as_json
def models_add(source: str, name: str, pattern: str, offline: bool, json_: bool) -> None:
    """Add a GGUF file, or one from a Hugging Face repository, to the models that can be named.

    A download that was stopped goes on where it was; its checksum is compared.
    """
    from iquest_lsp.runtime.models import manager

    def report(line: str) -> None:
        click.echo(line, err=True)

    path = _guard(lambda: manager.add(source, name, pattern=pattern, offline=offline, progress=report))
    if json_:
        _print_json({"name": path.stem, "path": str(path)})
    else:
        click.echo(f"{path.stem}: {path}")


@models.command("use")
@click.argument("model")
@as_json
def models_use(model: str, json_: bool) -> None:
    """Use a model from now on, if it fits into memory: a name from the list, or a GGUF file."""
    from iquest_lsp.runtime.models import manager
    from iquest_lsp.settings import user_file

    planned = _guard(lambda: manager.use(model, user_file()))
    if json_:
        _print_json({"model": model, "plan": planned, "settings": str(user_file())})
    else:
        click.echo(planned)


@models.command("remove")
@click.argument("name")
@as_json
def models_remove(name: str, json_: bool) -> None:
    """Delete a model from the user's model folder."""
    from iquest_lsp.runtime.models import manager

    path = _guard(lambda: manager.remove(name, _configuration().settings()[0].model))
    if json_:
        _print_json({"removed": str(path)})
    else:
        click.echo(f"removed {path}")


@models.command("info")
@click.argument("model", default="")
@as_json
def models_info(model: str, json_: bool) -> None:
    """Describe one model: a name from the list, or a GGUF file."""
    from iquest_lsp.doctor import model_details

    details = _guard(lambda: model_details(model))
    if json_:
        _print_json(details)
    else:
        for key, value in details.items():
            click.echo(f"{key:20} {value}")


# ------------------------------------------------------------------------------------------------ small parts


def _place(text: str) -> tuple[Path, int, int | None]:
    """FILE:LINE[:COL] as a path, a 0-based line, and a 0-based column or None."""
    parts = text.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        name, line, column = parts[0], int(parts[1]), int(parts[2])
    else:
        parts = text.rsplit(":", 1)
        if len(parts) != 2 or not parts[1].isdigit():
            raise click.UsageError(f"{text!r} is not FILE:LINE or FILE:LINE:COL")
        name, line, column = parts[0], int(parts[1]), 0
        if line < 1:
            raise click.UsageError("LINE counts from 1")
        return Path(name).absolute(), line - 1, None
    if line < 1 or column < 1:
        raise click.UsageError("LINE and COL count from 1")
    return Path(name).absolute(), line - 1, column - 1


def _given(**options: object) -> dict[str, object]:
    return {key: value for key, value in options.items() if value is not None}


def _configuration(**overrides: object) -> Configuration:
    from iquest_lsp.settings import Configuration, user_file

    configuration = Configuration(_given(**overrides), user_file())
    for problem in configuration.settings()[1]:
        click.echo(f"warning: {problem}", err=True)
    return configuration


def _with_model(
    configuration: Configuration,
    work: Callable[[Assistant], Coroutine[Any, Any, T]],
    ask: Callable[[DaemonClient], T] | None,
) -> T:
    """The same, with errors told as a command tells them."""
    return _guard(lambda: _model_work(configuration, work, ask))


def _model_work(
    configuration: Configuration,
    work: Callable[[Assistant], Coroutine[Any, Any, T]],
    ask: Callable[[DaemonClient], T] | None,
) -> T:
    """What needs the model: asked of the daemon, whose model is shared; where there can be none, or `ask` is None, done
    here, with a model of its own."""
    from iquest_lsp.errors import DaemonError
    from iquest_lsp.runtime.models import catalogue

    settings = configuration.settings()[0]
    if settings.engine != "fake" and not settings.remote:
        catalogue.resolve(settings.model)  # a model that does not exist is no reason to start a daemon
    if ask is None:
        return _alone(configuration, work)
    from iquest_lsp.daemon.client import joined

    given = configuration.overrides
    chosen = {key: value for key, value in given.items() if key in ("engine", "model")}
    with contextlib.ExitStack() as stack:
        try:
            own = {key: value for key, value in given.items() if key not in chosen}
            client = stack.enter_context(joined(chosen, own))
        except DaemonError as error:
            click.echo(f"warning: {error}", err=True)
            return _alone(configuration, work)
        failure = ""
        try:
            return ask(client)
        except IQuestError as error:
            failure = str(error)
            raise
        finally:
            for message in client.messages:
                if message != failure:
                    click.echo(f"warning: {message}", err=True)


def _alone(configuration: Configuration, work: Callable[[Assistant], Coroutine[Any, Any, T]]) -> T:
    from iquest_lsp.assistant import Assistant

    _log_to_stderr("error")

    async def run() -> T:
        assistant = Assistant(configuration, watch=False)
        try:
            return await work(assistant)
        finally:
            await assistant.close()

    return asyncio.run(run())


def _at(file: Path, line: int, column: int | None) -> dict[str, object]:
    return {"textDocument": {"uri": file.as_uri()}, "place": {"line": line, "column": column}}


def _answered(result: object) -> dict[str, Any]:
    """A result that is an object, as all of ours are."""
    if not isinstance(result, dict):
        raise IQuestError("The daemon's answer cannot be read", fix="Run `iquest-lsp daemon stop`")
    return result


def _guard(call: Callable[[], T]) -> T:
    """Runs a command's work; one of our errors becomes one line on stderr and exit code 1 (2 for wrong usage)."""
    try:
        return call()
    except IQuestError as error:
        _fail(error)


def _fail(error: IQuestError) -> NoReturn:
    click.echo(f"error: {error}", err=True)
    raise SystemExit(2 if isinstance(error, UsageError) else 1)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs documents, and traces of what clients send wrong


def main() -> None:
    """Entry point of `iquest-lsp`."""
    try:
        cli(prog_name="iquest-lsp")
    except BrokenPipeError:  # the reader of our output, `head` for instance, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def explain_this_diff() -> None:
    """Entry point of `explain-this-diff`: the same as `iquest-lsp explain-diff`."""
    explain_diff(prog_name="explain-this-diff")


if __name__ == "__main__":
    main()
