"""Keeping: a workspace's evaluated window outlives the engine, the daemon and a change of branch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from iquest_lsp import __version__
from iquest_lsp.codeflow import History
from iquest_lsp.errors import EngineError, RepositoryError
from iquest_lsp.project.project import Project
from iquest_lsp.runtime.base.engine import Engine, StateLabel
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.workspace.secret_scan import has_secret

log = logging.getLogger(__name__)

#: A window is saved after so many quiet seconds ...
QUIET_S = 20.0
#: ... if at least so many tokens were evaluated since it was saved last.
WORTH_TOKENS = 256
#: How long the end of the daemon waits for a save.
LAST_SAVE_S = 5.0


class KvSnapshots:
    """Restores a workspace's KV before its first use, and saves it when it has changed and nothing else goes on."""

    def __init__(self, engine: Engine, scheduler: Scheduler, sequence: Callable[[Project], int]) -> None:
        """`sequence` gives the KV sequence of a workspace."""
        self._engine = engine
        self._sequence = sequence
        self._scheduler = scheduler
        self._labels: dict[Path, StateLabel] = {}
        self._ready: dict[Path, asyncio.Task[None]] = {}
        self._unsaved: dict[Path, int] = {}
        self._saving: dict[Path, asyncio.Task[None]] = {}
        self._projects: dict[Path, Project] = {}

    async def ready(self, project: Project) -> None:
        """Waits for the model, and until what was saved of the workspace is in its cache; raises as Engine.start."""
        await self._engine.start()
        task = self._ready.get(project.root)
        if task is None:
            self._projects[project.root] = project
            task = self._ready[project.root] = asyncio.create_task(self._restore(project))
        await asyncio.shield(task)

    async def follow_branch(self, project: Project, wanted: Sequence[int]) -> None:
        """After a change of branch: keeps the old branch's window, and takes the new one's if it serves `wanted`."""
        label = await self._label(project)
        before = self._labels.get(project.root)
        if before is None or label == before:
            return
        self._labels[project.root] = label
        try:
            await self._scheduler.save(before, self._sequence(project))
            await self._scheduler.restore(label, wanted, self._sequence(project))
        except EngineError as error:
            log.debug("the change of branch was not followed: %s", error)

    def evaluated(self, project: Project, tokens: int) -> None:
        """Notes that tokens were evaluated for a workspace, which sets the time of the next save."""
        unsaved = self._unsaved[project.root] = self._unsaved.get(project.root, 0) + tokens
        waiting = self._saving.pop(project.root, None)
        if waiting is not None:
            waiting.cancel()
        if unsaved >= WORTH_TOKENS:
            self._saving[project.root] = asyncio.create_task(self._save_later(project))

    def taken(self, root: Path) -> None:
        """Notes that a workspace's sequence serves another one now: at its next use it is restored."""
        self._ready.pop(root, None)
        self._unsaved.pop(root, None)
        waiting = self._saving.pop(root, None)
        if waiting is not None:
            waiting.cancel()

    def forget(self, root: Path) -> None:
        """Drops what is known of a workspace that was closed; what was saved of it stays on disk."""
        self._labels.pop(root, None)
        self._projects.pop(root, None)
        self.taken(root)

    async def close(self) -> None:
        """Saves what is worth it, for some seconds at most."""
        for task in [*self._saving.values(), *self._ready.values()]:
            task.cancel()
        if self._engine.info is None:
            return
        for root, unsaved in list(self._unsaved.items()):
            if unsaved >= WORTH_TOKENS and root in self._projects:
                try:
                    await asyncio.wait_for(self._save(self._projects[root], wait=True), LAST_SAVE_S)
                except (EngineError, TimeoutError) as error:
                    log.info("the KV cache of %s was not saved: %s", root, error or "it took too long")

    # ------------------------------------------------------------------------------------------ internals

    async def _restore(self, project: Project) -> None:
        label = self._labels[project.root] = await self._label(project)
        try:
            held = await self._scheduler.restore(label, (), self._sequence(project))
        except EngineError as error:
            log.debug("nothing restored: %s", error)
            return
        if held:
            log.info("%s: %d tokens of the last window are warm again", project.root, held)

    async def _save_later(self, project: Project) -> None:
        await asyncio.sleep(QUIET_S)
        try:
            await self._save(project)
        except EngineError as error:
            log.debug("not saved: %s", error)

    async def _save(self, project: Project, *, wait: bool = False) -> None:
        label = self._labels[project.root] = await self._label(project)
        if await self._scheduler.save(label, self._sequence(project), wait=wait):
            self._unsaved[project.root] = 0

    async def _label(self, project: Project) -> StateLabel:
        info = self._engine.info
        version = info.metadata.get("iquest.prompt.version", "") if info is not None else ""
        return StateLabel(str(project.root), await asyncio.to_thread(_branch, project.root), f"{version}/{__version__}")


def _branch(root: Path) -> str:
    try:
        return History(root, has_secret).branch()
    except RepositoryError:
        return ""
