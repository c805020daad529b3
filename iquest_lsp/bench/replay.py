"""Evaluation on one's own history: type the added lines again, ask for completions, compare, time.

Every position is asked three times in the same state: the first request finds the model's cache as the previous
position left it (cold for its file), the second, of another client, finds it warm, the third is the second once more
and is answered from what is remembered. Quality is that of the second. Where an answer came from is read from the
answer, so that the three are never mixed.
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
from typing import TYPE_CHECKING, Any

from iquest_lsp.assistant import Assistant, CompletionRequest, Session
from iquest_lsp.bench.report import percentile
from iquest_lsp.codeflow import History
from iquest_lsp.common_ends import common_head
from iquest_lsp.datatypes import AnswerSource, Position, TokenCounts
from iquest_lsp.errors import DocumentError, RepositoryError, RequestCancelledError
from iquest_lsp.settings import Configuration
from iquest_lsp.workspace.disk_state import Changes
from iquest_lsp.workspace.secret_scan import has_secret

if TYPE_CHECKING:
    from iquest_lsp.codeflow import RetypedLine

#: Window settings that are compared unless others are asked for.
SETTINGS: dict[str, dict[str, object]] = {
    "no context": {"context": "none", "memory": "off"},
    "no context but memory": {"context": "none"},
    "related files too": {"edits": False, "history": False},
    "edits too": {"history": False},
    "all without edits": {"edits": False},
    "all without memory": {"memory": "off"},
    "open files only": {"context": "open"},
    "all": {},
}
Z95 = 1.96
TEMPERATURES = ("cold", "warm", "cached")
AGAIN = "again"  # a client of its own, to whom the first answer is not known
COUNTS = ("window_tokens", "cold_tokens_evaluated", "warm_tokens_evaluated")


def with_windows(sizes: Sequence[int]) -> dict[str, dict[str, object]]:
    """Settings that differ in the size of the window alone."""
    return {f"all, window of {size}": {"window_tokens": size} for size in sizes}


def asks_history(setting: Mapping[str, object]) -> bool:
    """Whether windows show what the history says."""
    return bool(setting.get("history", True)) and setting.get("context", "all") == "all"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One answer; `remembered` when no model made it for this request."""

    text: str = ""
    ms: float = 0.0
    counts: TokenCounts = field(default_factory=TokenCounts)
    remembered: bool = False


@dataclass(slots=True)
class _Tally:
    """What one setting did, position by position."""

    exact: list[bool] = field(default_factory=list)
    similarity: list[float] = field(default_factory=list)
    saved: int = 0
    characters: int = 0
    quiet: list[bool] = field(default_factory=list)
    ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TEMPERATURES})
    tokens: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in COUNTS})

    def add(self, expected: str, cold: _Asked, warm: _Asked, again: _Asked) -> None:
        first = warm.text.partition("\n")[0].rstrip()
        self.exact.append(bool(first) and first == expected)
        self.similarity.append(difflib.SequenceMatcher(None, first, expected, autojunk=False).ratio())
        self.saved += common_head(first, expected)  # characters that need not be typed
        self.characters += len(expected)
        self.quiet.append(not first)
        for name, asked in zip(TEMPERATURES, (cold, warm, again), strict=True):
            if asked.remembered == (name == "cached"):
                self.ms[name].append(asked.ms)
        counts = (warm.counts.window, cold.counts.prefilled, warm.counts.prefilled)
        for name, count, asked in zip(COUNTS, counts, (warm, cold, warm), strict=True):
            if asked.counts.window and not asked.remembered:
                self.tokens[name].append(count)

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
            **{
                f"{prefix}p{percent}_ms": percentile(sorted(self.ms[name]), percent / 100) if self.ms[name] else 0.0
                for name, prefix in (("warm", ""), ("cold", "cold_"), ("cached", "cached_"))
                for percent in (50, 95, 99)
            },
            **{f"{name}_requests": len(self.ms[name]) for name in TEMPERATURES},
            **{name: statistics.fmean(found) if found else 0.0 for name, found in self.tokens.items()},
        }


def nothing_to_replay(commits: int, why: str) -> RepositoryError:
    """The error that says what the last commits lack, where a table would have nothing but zeros."""
    return RepositoryError(
        "There is nothing to replay.",
        why=f"The last {commits} commits {why}.",
        fix="Go further back with --commits, or name another repository.",
    )


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
    history = History(root, has_secret)
    lines = await asyncio.to_thread(history.retyped_lines, commits, positions)
    if not lines:
        raise nothing_to_replay(commits, "add no line of code or prose that could be typed again")
    tallies = {name: _Tally() for name in compared}
    with history.checked_out() as copy:
        folder = copy.root
        common = {**overrides, "saved_kv_mb": 0}  # a window of yesterday's would make a cold answer warm
        assistants = {
            name: Assistant(Configuration({**common, **values}), watch=False) for name, values in compared.items()
        }
        try:
            for assistant in assistants.values():
                await assistant.engine.ready()
            steps = Steps(copy, is_asked=any(map(asks_history, compared.values())))
            for done, line in enumerate(lines):
                progress(done, len(lines))
                changes = await steps.to(line)
                if changes is not None:
                    for assistant in assistants.values():
                        project = assistant.session().add_workspace(folder)
                        project.changed(changes)
                        project.plan_anew()
                for name, assistant in assistants.items():
                    await _one(assistant, folder, line, tallies[name])
            progress(len(lines), len(lines))
            model = next(iter(assistants.values())).engine.model
        finally:
            for assistant in assistants.values():
                await assistant.close()
            copy.forget_index()
    return {
        "repository": root.name,
        "commits": commits,
        "model": model.name if model is not None else "",
        "rows": [tally.row(name) for name, tally in tallies.items()],
    }


class Steps:
    """Takes a checked out history from the state around one typed line to that around the next; its index only where
    `is_asked`, since that costs the reading of all commits."""

    def __init__(self, copy: History, *, is_asked: bool = True) -> None:
        self._copy, self._is_asked = copy, is_asked
        self._state: tuple[str, tuple[str, ...]] = ("", ())

    async def to(self, line: RetypedLine) -> Changes | None:
        """What changed on disk; None where the state is the same."""
        before, self._state = self._state, (line.parent, line.finished)
        if before == self._state:
            return None
        paths = await asyncio.to_thread(self._copy.check_out, line.parent, line.commit, line.finished)
        if self._is_asked and before[0] != line.parent:
            await asyncio.to_thread(self._copy.update_index)
        return Changes(tuple(paths), head=before[0] != line.parent)


async def _one(assistant: Assistant, folder: Path, line: RetypedLine, tally: _Tally) -> None:
    file = folder / line.path
    session, other = assistant.session(), assistant.session(AGAIN)
    project = session.add_workspace(folder)
    await project.index()
    session.buffers.open(file, line.text, 1, "")
    cursor = Position(line.line, line.column)
    try:
        cold = await _ask(session, CompletionRequest(file, cursor))
        await project.memory.ready()
        await session.warm(file, cursor, refresh=True)  # as in a pause: with what came in since, the history among it
        warm = await _ask(other, CompletionRequest(file, cursor))
        again = await _ask(other, CompletionRequest(file, cursor))
        tally.add(line.expected, cold, warm, again)
    except DocumentError:  # a path that cannot be a file here
        return
    finally:
        session.buffers.close(file)


async def _ask(session: Session, request: CompletionRequest) -> _Asked:
    begin = time.perf_counter()
    try:
        made = await session.complete(request)
    except RequestCancelledError:
        return _Asked("", (time.perf_counter() - begin) * 1000)
    ms = (time.perf_counter() - begin) * 1000
    return _Asked(made.text, ms, made.tokens, made.source is not AnswerSource.MODEL)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    scale = 1 + Z95**2 / n
    middle = (share + Z95**2 / (2 * n)) / scale
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n)) / scale
    return max(middle - half, 0.0), min(middle + half, 1.0)
