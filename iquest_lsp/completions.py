"""The use case "complete": from a place in a document to the text worth inserting there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

from iquest_lsp.completion import shape
from iquest_lsp.datatypes import (
    Completion,
    Finish,
    Limits,
    ModelInfo,
    Position,
    Prompt,
    Snapshot,
    Source,
    Span,
    Timings,
    TokenCounts,
)
from iquest_lsp.errors import DocumentError, RequestCancelledError
from iquest_lsp.keeping import Keeper
from iquest_lsp.project import Project
from iquest_lsp.runtime.engine import Engine
from iquest_lsp.runtime.scheduler import Scheduler
from iquest_lsp.settings import Settings
from iquest_lsp.warming import Warmer
from iquest_lsp.windows import Windows

ANSWER_MARGIN_MS = 15.0  # kept back from the deadline for shaping the answer and sending it


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """Complete `file` at `cursor`; `explicit` when the user asked for it by a key, not only by typing.

    `client` names who asks: its buffers and its settings count.
    """

    file: Path
    cursor: Position
    explicit: bool = False
    client: str = ""


class Completer:
    """Answers completion requests in open workspaces."""

    def __init__(
        self, engine: Engine, scheduler: Scheduler, windows: Windows, warmer: Warmer, keeper: Keeper
    ) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._windows = windows
        self._warmer = warmer
        self._keeper = keeper

    async def complete(self, project: Project, request: CompletionRequest, settings: Settings) -> Completion:
        """The text to insert at the cursor, "" when there is nothing worth saying or nothing may be said.

        Raises RequestCancelledError when a newer request for the document took its place, and the engine's errors.
        """
        begin = time.monotonic()
        path = project.path_of(request.file)
        document = project.documents.get(path, request.client)
        if not settings.enable or document.language in settings.disabled_languages:
            return _silent(request.cursor, self._engine.info, document.version)
        snapshot = project.documents.snapshot(path, request.cursor, owner=request.client)
        try:
            await asyncio.wait_for(self._keeper.ready(project), settings.deadline_ms / 1000)
        except TimeoutError:  # still loading or restoring; the status says so
            return _silent(request.cursor, self._engine.info, document.version)
        self._warmer.stop(project.root)
        window = await self._windows.make(project, snapshot)
        context_ms = (time.monotonic() - begin) * 1000
        if not window.tokens:  # the file may not be shown to a model
            return _silent(request.cursor, self._engine.info, document.version)
        left = settings.deadline_ms - context_ms - ANSWER_MARGIN_MS
        prompt = Prompt(window.tokens, stop=window.stop, max_lines=0 if request.explicit else 1, heal=True)
        limits = Limits(settings.max_tokens, deadline_ms=max(left, 1.0))
        made = await self._scheduler.complete(prompt, limits, key=f"{request.client}:{request.file}")
        self._windows.evaluated(project, len(window.tokens))
        self._keeper.evaluated(project, made.counts.prefilled)
        self._warmer.rest(project, path, request.cursor, request.client)
        if made.finish is Finish.DEADLINE and not made.text:
            self._warmer.soon(project, path, request.cursor, request.client)
        text = shape(made.text, snapshot, finish=made.finish)
        if _is_stale(project, path, document.version, snapshot, request.client):
            raise RequestCancelledError("The document changed meanwhile")
        info = self._engine.info
        total = (time.monotonic() - begin) * 1000
        return Completion(
            text=text,
            span=Span(snapshot.cursor, snapshot.cursor),
            model=info.name if info is not None else "",
            finish=made.finish if text else Finish.NONE,
            source=Source.MODEL,
            timings=replace(made.timings, total_ms=total, context_ms=context_ms),
            tokens=made.counts,
            document_version=document.version,
        )


def _is_stale(project: Project, path: str, version: int, snapshot: Snapshot, client: str) -> bool:
    try:
        now = project.documents.get(path, client)
    except DocumentError:
        return True
    return now.version != version or now.text != snapshot.document.text


def _silent(cursor: Position, info: ModelInfo | None, version: int) -> Completion:
    """The answer that says nothing."""
    name = info.name if info is not None else ""
    span = Span(cursor, cursor)
    return Completion("", span, name, Finish.NONE, Source.MODEL, Timings(), TokenCounts(), version)
