"""What is installed and kept on this machine: `doctor`, `runtime`, `cache`."""

from __future__ import annotations

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, group, shows_progress
from iquest_lsp.cli.output import Form, emit, say, tell


@command("doctor", "examining the installation")
@options.form
@options.model
def doctor(form: Form, model: str | None) -> None:
    """Check the installation and say what would be done with the model."""
    from iquest_lsp.doctor import examine

    report = examine(options.configuration(model=model).settings()[0])
    emit(form, report, lambda terminal: terminal.show_report(report))
    if not all(check["ok"] for check in report["checks"]):
        raise SystemExit(1)


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
    tell(f"removed {files} files, {size / 1e6:.1f} MB")


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

    def report(line: str) -> None:
        shows_progress()
        tell(line)

    say(f"installed in {build_runtime(report)}")
