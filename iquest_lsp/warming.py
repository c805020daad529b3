"""Warming: a place's window is evaluated before anyone asks there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from iquest_lsp.datatypes import Position
from iquest_lsp.errors import DocumentError, EngineError, RequestCancelledError
from iquest_lsp.keeping import Keeper
from iquest_lsp.project import Project, Purpose
from iquest_lsp.runtime.scheduler import Scheduler
from iquest_lsp.windows import Windows

log = logging.getLogger(__name__)

REST_S = 2.0  # a pause this long is used to bring the window up to date


class Warmer:
    """At most one warming per workspace is under way; a request there ends it."""

    def __init__(self, scheduler: Scheduler, windows: Windows, keeper: Keeper) -> None:
        self._keeper = keeper
        self._scheduler = scheduler
        self._windows = windows
        self._tasks: dict[Path, asyncio.Task[None]] = {}
        self._places: dict[Path, tuple[Project, str, Position, str]] = {}
        self._timers: dict[Path, asyncio.TimerHandle] = {}

    async def warm(self, project: Project, path: str, cursor: Position, client: str, *, refresh: bool) -> int:
        """Evaluates the window for a place ahead of time; returns the tokens evaluated.

        With `refresh` the window is first brought up to date, which may cost the evaluation of all of it.
        """
        await self._keeper.ready(project)
        project.look_at([path])
        await project.index()
        snapshot = project.documents.snapshot(path, cursor, owner=client)
        window = await self._windows.make(project, snapshot, Purpose.REFRESH if refresh else Purpose.ANSWER)
        if refresh:
            await self._keeper.follow_branch(project, window.tokens)
        evaluated = await self._scheduler.warm(
            window.tokens, self._windows.sequence(project), lambda: True, group=str(project.root)
        )
        self._keeper.evaluated(project, evaluated)
        self._windows.evaluated(project, len(window.tokens))
        return evaluated

    def soon(self, project: Project, path: str, cursor: Position, client: str, *, refresh: bool = False) -> None:
        """Begins to warm a place in the background."""
        self.stop(project.root)
        work = self._quietly(project, path, cursor, client, refresh)
        self._tasks[project.root] = asyncio.create_task(work)

    def rest(self, project: Project, path: str, cursor: Position, client: str) -> None:
        """Notes where the user is at work; in the next pause the window there is brought up to date."""
        self._places[project.root] = (project, path, cursor, client)
        self.renew(project.root)

    def renew(self, root: Path) -> None:
        """Brings the window of a workspace up to date in the next pause: there may be something new to show."""
        self._forget_timer(root)
        if root in self._places:
            self._timers[root] = asyncio.get_running_loop().call_later(REST_S, self._refresh, root)

    def forget(self, root: Path) -> None:
        """A workspace was closed."""
        self.stop(root)
        self._forget_timer(root)
        self._places.pop(root, None)

    def stop(self, root: Path) -> None:
        """Ends the warming of a workspace; what was evaluated stays."""
        task = self._tasks.pop(root, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Ends everything."""
        for root in {*self._tasks, *self._places}:
            self.forget(root)

    def _refresh(self, root: Path) -> None:
        del self._timers[root]
        self.soon(*self._places[root], refresh=True)

    def _forget_timer(self, root: Path) -> None:
        timer = self._timers.pop(root, None)
        if timer is not None:
            timer.cancel()

    async def _quietly(self, project: Project, path: str, cursor: Position, client: str, refresh: bool) -> None:
        try:
            await self.warm(project, path, cursor, client, refresh=refresh)
        except (DocumentError, EngineError, RequestCancelledError) as error:
            log.debug("not warmed: %s", error)
