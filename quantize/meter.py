"""Progress of long work on a terminal: share, rate and time left; a line now and then where there is no terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_QUIET_SECONDS = 10.0


@contextlib.contextmanager
def meter(title: str, unit: str = "bytes") -> Iterator[Callable[[int, int, str], None]]:
    """Gives a function to call with what is done, what there is to do (bytes, or `unit`), and what is at work."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title, unit)
        return
    amounts = (DownloadColumn(), TransferSpeedColumn()) if unit == "bytes" else (MofNCompleteColumn(), TextColumn(unit))
    columns = (TextColumn(title), BarColumn(), *amounts, TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


def _lines(title: str, unit: str) -> Callable[[int, int, str], None]:
    begin = last = time.monotonic()
    first: int | None = None

    def report(done: int, total: int, what: str) -> None:
        nonlocal last, first
        first = done if first is None else first
        now = time.monotonic()
        if now - last < _QUIET_SECONDS:
            return
        last = now
        rate = (done - first) / (now - begin)
        left = f"{(total - done) / rate:.0f} s left" if rate > 0 else "time left unknown"
        share = done / total if total else 1.0
        speed = f"{rate / 1e6:.0f} MB/s" if unit == "bytes" else f"{rate:.1f} {unit}/s"
        print(f"{title}: {share:.0%}, {speed}, {left} ({what})", file=sys.stderr)

    return report
