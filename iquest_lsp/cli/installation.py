"""What is installed and kept on this machine: `doctor`, `runtime`, `cache`."""

from __future__ import annotations

from typing import Any

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, group, shows_progress
from iquest_lsp.cli.output import Form, emit, say, tell


@command("doctor", "examining the installation")
@click.option("--fix", is_flag=True, help="Mend what a program can mend.")
@options.form
@options.model
def doctor(fix: bool, form: Form, model: str | None) -> None:
    """Check the installation and say what would be done with the model.

    Each line that says problem names the command that helps. --fix builds a runtime that is missing or broken, removes
    saved windows that cannot be read, and ends a daemon that does not answer.
    """
    from iquest_lsp.doctor import examine, mend

    settings = options.configuration(model=model).settings()[0]
    report = _with_daemon(examine(settings), model)
    if fix and not all(check["ok"] for check in report["checks"]):
        mend(settings, report, _progress)
        _end_stale_daemon(report, model)
        report = _with_daemon(examine(settings), model)
    emit(form, report, lambda terminal: terminal.show_report(report))
    if not all(check["ok"] for check in report["checks"]):
        raise SystemExit(1)


def _with_daemon(report: dict[str, Any], model: str | None) -> dict[str, Any]:
    """A report with a line about the process that the editors share."""
    from iquest_lsp.daemon import control

    said, wrong = control.stale(options.given(model=model))
    detail = f"{said}: {wrong}; run `iquest-lsp daemon stop`" if wrong else said
    report["checks"].append({"name": "daemon", "ok": not wrong, "detail": detail})
    return report


def _end_stale_daemon(report: dict[str, Any], model: str | None) -> None:
    from iquest_lsp.daemon import control

    if not report["checks"][-1]["ok"]:
        tell(f"stopped process {control.stop(options.given(model=model))}")


def _progress(line: str) -> None:
    shows_progress()
    tell(line)


@group("cache")
def cache() -> None:
    """Evaluated windows that are kept on disk, so that a restart begins warm."""


@cache.command("info", waiting="reading what is kept")
@options.form
def cache_info(form: Form) -> None:
    """List what is kept, the last used first."""
    from iquest_lsp.doctor import cache_report

    report = cache_report(options.configuration().settings()[0])
    emit(form, report, lambda terminal: terminal.show_cache(report))


@cache.command("clear", waiting="removing what is kept")
def cache_clear() -> None:
    """Remove all of it; the next start evaluates its window anew."""
    from iquest_lsp.doctor import clear_cache

    files, size = clear_cache()
    tell(f"removed {files} {'file' if files == 1 else 'files'}, {size / 1e6:.1f} MB")


@group("runtime")
def runtime() -> None:
    """The patched llama.cpp: what is installed, and how to build it."""


@runtime.command("info")
@options.form
def runtime_info(form: Form) -> None:
    """Say which runtime is installed and which one this version wants."""
    from iquest_lsp.doctor import runtime_report

    report = runtime_report()
    emit(form, report, lambda terminal: terminal.show_pairs(report, 12))


@runtime.command("build", waiting="building the runtime")
def runtime_build() -> None:
    """Build the patched runtime (or take it from the cache) and put it into this package.

    CMAKE_ARGS is passed on, for instance CMAKE_ARGS=-DGGML_CUDA=on.
    """
    from iquest_lsp.doctor import build_runtime

    say(f"installed in {build_runtime(_progress)}")
