"""Evaluation on one's own history: type the added lines again, ask for completions, compare, time.

Every position is asked twice in the same state: the first request finds the cache as the previous position left it
(cold for its file), the second finds it warm; quality is that of the second.
"""

from __future__ import annotations

import asyncio
import difflib
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.codeflow import retyping
from iquest_lsp.codeflow.retyping import RetypedLine
from iquest_lsp.datatypes import Position
from iquest_lsp.errors import DocumentError, RequestCancelledError
from iquest_lsp.settings import Configuration

#: Window settings that are compared unless others are asked for.
SETTINGS: dict[str, dict[str, object]] = {
    "no context": {"context": "none"},
    "open files only": {"context": "open"},
    "all without history": {"history": False},
    "all": {},
}
Z95 = 1.96


@dataclass(slots=True)
class _Tally:
    """What one setting did, position by position."""

    exact: list[bool] = field(default_factory=list)
    similarity: list[float] = field(default_factory=list)
    saved: int = 0
    characters: int = 0
    quiet: list[bool] = field(default_factory=list)
    cold_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)

    def add(self, expected: str, text: str, cold_ms: float, warm_ms: float) -> None:
        first = text.partition("\n")[0].rstrip()
        self.exact.append(bool(first) and first == expected)
        self.similarity.append(difflib.SequenceMatcher(None, first, expected, autojunk=False).ratio())
        self.saved += _common(first, expected) if first else 0
        self.characters += len(expected)
        self.quiet.append(not first)
        self.cold_ms.append(cold_ms)
        self.warm_ms.append(warm_ms)

    def row(self, setting: str) -> dict[str, Any]:
        n = len(self.exact)
        low, high = wilson(sum(self.exact), n)
        mean = statistics.fmean(self.similarity) if n else 0.0
        spread = Z95 * statistics.stdev(self.similarity) / math.sqrt(n) if n > 1 else 0.0
        return {
            "setting": setting,
            "positions": n,
            "exact_line": sum(self.exact) / n if n else 0.0,
            "exact_line_interval": [low, high],
            "edit_similarity": mean,
            "edit_similarity_interval": [max(mean - spread, 0.0), min(mean + spread, 1.0)],
            "saved_characters": self.saved / self.characters if self.characters else 0.0,
            "quiet": sum(self.quiet) / n if n else 0.0,
            "p50_ms": percentile(self.warm_ms, 50),
            "p95_ms": percentile(self.warm_ms, 95),
            "p99_ms": percentile(self.warm_ms, 99),
            "cold_p50_ms": percentile(self.cold_ms, 50),
            "cold_p95_ms": percentile(self.cold_ms, 95),
        }


async def replay(
    root: Path,
    commits: int,
    positions: int,
    overrides: Mapping[str, object],
    *,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Runs the evaluation; `overrides` hold for all settings (model, engine, deadline).

    Settings are interleaved position by position, so that whatever else the machine does falls on all of them.
    Raises RepositoryError and the engine's errors.
    """
    compared = dict(settings or SETTINGS)
    lines = await asyncio.to_thread(retyping.retyped_lines, root, commits, positions)
    tallies = {name: _Tally() for name in compared}
    with retyping.checked_out(root) as folder:
        common = {**overrides, "saved_kv_mb": 0}  # a window of yesterday's would make a cold answer warm
        assistants = {
            name: Assistant(Configuration({**common, **values}), watch=False) for name, values in compared.items()
        }
        try:
            for assistant in assistants.values():
                await assistant.ready()
            parent = ""
            for done, line in enumerate(lines):
                progress(done, len(lines))
                if line.parent != parent:
                    parent = line.parent
                    for assistant in assistants.values():
                        assistant.remove_workspace(folder)
                    await asyncio.to_thread(retyping.check_out, folder, parent)
                for name, assistant in assistants.items():
                    await _one(assistant, folder, line, tallies[name])
            progress(len(lines), len(lines))
            model = next(iter(assistants.values())).model
        finally:
            for assistant in assistants.values():
                await assistant.close()
    return {
        "repository": root.name,
        "commits": commits,
        "model": model.name if model is not None else "",
        "rows": [tally.row(name) for name, tally in tallies.items()],
    }


async def _one(assistant: Assistant, folder: Path, line: RetypedLine, tally: _Tally) -> None:
    file = folder / line.path
    project = assistant.add_workspace(folder)
    await project.index()
    assistant.open_document(file, line.text, 1, "")
    request = CompletionRequest(file, Position(line.line, line.column))
    try:
        cold_ms, _ = await _timed(assistant, request)
        await assistant.warm(file, request.cursor)
        warm_ms, text = await _timed(assistant, request)
        tally.add(line.expected, text, cold_ms, warm_ms)
    except DocumentError:  # a path that cannot be a file here
        return
    finally:
        assistant.close_document(file)


async def _timed(assistant: Assistant, request: CompletionRequest) -> tuple[float, str]:
    begin = time.perf_counter()
    try:
        text = (await assistant.complete(request)).text
    except RequestCancelledError:
        text = ""
    return (time.perf_counter() - begin) * 1000, text


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    scale = 1 + Z95**2 / n
    middle = (share + Z95**2 / (2 * n)) / scale
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n)) / scale
    return max(middle - half, 0.0), min(middle + half, 1.0)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0.0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(math.ceil(percent / 100 * len(ordered)), len(ordered)) - 1]


def _common(a: str, b: str) -> int:
    """Characters at the beginning that need not be typed."""
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        count += 1
    return count
