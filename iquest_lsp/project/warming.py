"""Warming: a place's window is evaluated before anyone asks there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from iquest_lsp.context.inputs import Purpose
from iquest_lsp.datatypes import Position
from iquest_lsp.errors import DocumentError, EngineError, RequestCancelledError
from iquest_lsp.project.kv_snapshots import KvSnapshots
from iquest_lsp.project.view import ProjectView
from iquest_lsp.project.windows import Windows
from iquest_lsp.runtime.client.machine import Calm
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.workspace.positions import is_machine_made

log = logging.getLogger(__name__)

#: While other programs want the processor, an idle moment is waited for so many times, so long each.
POSTPONED, POSTPONED_S = 1, 1.0
NEWS_S = 0.3  # several files change together
MOST_CURSORS = 256
#: Tokens left to evaluate that are worth a word to the user, and the share between two words.
WORTH_TELLING, TOLD_STEP = 256, 0.05
REST_S = 2.0  # a pause this long is used to bring the window up to date


class Warmer:
    """At most one warming per workspace is under way; a request there ends it.

    `calm` says what idle moments may be used for now, for a client and a file; `listen` hears how many of how many
    tokens are evaluated, for work that takes a while.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        windows: Windows,
        snapshots: KvSnapshots,
        calm: Callable[[ProjectView, str], Calm] = lambda view, path: Calm.FREE,
        listen: Callable[[Path, int, int], None] = lambda root, done, total: None,
    ) -> None:
        self._calm = calm
        self._listen = listen
        self._snapshots = snapshots
        self._scheduler = scheduler
        self._windows = windows
        self._tasks: dict[Path, asyncio.Task[None]] = {}
        self._places: dict[Path, tuple[ProjectView, str, Position]] = {}
        self._cursors: dict[tuple[Path, str], Position] = {}
        self._worked: dict[Path, float] = {}
        self._timers: dict[Path, asyncio.TimerHandle] = {}

    @property
    def is_at_work(self) -> bool:
        """Whether a warming is under way."""
        return any(not task.done() for task in self._tasks.values())

    @property
    def is_waiting(self) -> bool:
        """Whether the next pause is waited for."""
        return bool(self._timers)

    async def warm(self, view: ProjectView, path: str, cursor: Position, *, refresh: bool) -> int:
        """Evaluates the window for a place ahead of time; returns the tokens evaluated.

        With `refresh` the window is first brought up to date, which may cost the evaluation of all of it.
        """
        project = view.project
        if is_machine_made(view.lines(path), cursor):
            return 0
        await self._snapshots.ready(project)
        project.look_at([path])
        await project.index()
        snapshot = view.snapshot(path, cursor)
        window = await self._windows.make(project, snapshot, Purpose.REFRESH if refresh else Purpose.ANSWER)
        if not window.tokens:  # the file may not be shown to a model
            return 0
        if refresh:
            await self._snapshots.follow_branch(project, window.tokens)
        progress = WarmingProgress(lambda done, total: self._listen(project.root, done, total))
        try:
            evaluated = await self._scheduler.warm(
                window.tokens, self._windows.sequence(project), group=str(project.root), progress=progress
            )
        finally:
            progress.end()
        self._snapshots.evaluated(project, evaluated)
        self._windows.evaluated(project, len(window.tokens))
        return evaluated

    def soon(self, view: ProjectView, path: str, cursor: Position, *, refresh: bool = False) -> None:
        """Begins to warm a place in the background: it was asked about, and not all could be evaluated in time."""
        self.stop(view.root)
        self._tasks[view.root] = asyncio.create_task(self._quietly(view, path, cursor, refresh))

    def ahead(self, view: ProjectView, path: str, cursor: Position, *, refresh: bool = False) -> None:
        """The same before anyone asked: not where nobody will, nor on battery, where a request evaluates what it
        needs."""
        if self._calm(view, path) is not Calm.SAVING:
            self.soon(view, path, cursor, refresh=refresh)

    def rest(self, view: ProjectView, path: str, cursor: Position) -> None:
        """Notes where the user is at work; in the next pause the window there is brought up to date."""
        self._note(view, path, cursor)
        self.renew(view.root)

    def look(self, view: ProjectView, path: str, cursor: Position | None = None) -> None:
        """The user looks at a place of a file, else where the cursor was last: the window there is warmed.

        What a pause was going to bring up to date is this window now.
        """
        place = cursor or self._cursors.get((view.root, path), Position(0, 0))
        self._note(view, path, place)
        if view.root in self._timers:
            self.renew(view.root)
        self.ahead(view, path, place)

    def renew(self, root: Path) -> None:
        """Brings the window of a workspace up to date in the next pause: there may be something new to show."""
        self._forget_timer(root)
        if root in self._places:
            loop = asyncio.get_running_loop()
            at = max(self._worked[root] + REST_S, loop.time() + NEWS_S)
            self._timers[root] = loop.call_at(at, self.refresh, root)

    def forget(self, root: Path) -> None:
        """A workspace was closed."""
        self.stop(root)
        self._forget_timer(root)
        self._places.pop(root, None)
        self._worked.pop(root, None)

    def stop(self, root: Path) -> None:
        """Ends the warming of a workspace; what was evaluated stays."""
        task = self._tasks.pop(root, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Ends everything."""
        for root in {*self._tasks, *self._places}:
            self.forget(root)

    def _note(self, view: ProjectView, path: str, cursor: Position) -> None:
        """The user is there now."""
        self._places[view.root] = (view, path, cursor)
        self._cursors[view.root, path] = cursor
        while len(self._cursors) > MOST_CURSORS:
            self._cursors.pop(next(iter(self._cursors)))
        self._worked[view.root] = asyncio.get_running_loop().time()

    def refresh(self, root: Path, postponed: int = 0) -> None:
        """The pause is there: brings the window up to date, unless the machine is busy and that can wait once more."""
        del self._timers[root]
        view, path, cursor = self._places[root]
        if self._calm(view, path) is Calm.BUSY and postponed < POSTPONED:
            later = asyncio.get_running_loop().call_later
            self._timers[root] = later(POSTPONED_S, self.refresh, root, postponed + 1)
        else:
            self.ahead(view, path, cursor, refresh=True)

    def _forget_timer(self, root: Path) -> None:
        timer = self._timers.pop(root, None)
        if timer is not None:
            timer.cancel()

    async def _quietly(self, view: ProjectView, path: str, cursor: Position, refresh: bool) -> None:
        try:
            await self.warm(view, path, cursor, refresh=refresh)
            if refresh and self._calm(view, path) is Calm.FREE and (memory := view.project.memory.files.files):
                await self._scheduler.learn(memory, group=str(view.root))
        except (DocumentError, EngineError, RequestCancelledError) as error:
            log.debug("not warmed: %s", error)


class WarmingProgress:
    """Tells of long work only, and not of every step."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._told = -1.0

    def __call__(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        long = total - done >= WORTH_TELLING or self._told >= 0
        if long and share < 1 and share - self._told >= TOLD_STEP:
            self._told = share
            self._tell(done, total)

    def end(self) -> None:
        """Takes back what was told: the work is done, or gave way."""
        if self._told >= 0:
            self._told = -1.0
            self._tell(1, 1)
