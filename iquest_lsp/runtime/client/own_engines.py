"""Engines of models that do not complete: each loaded when it is first asked, and ended when idle for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.runtime.base.engine import Engine, EngineOptions, EngineState
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.settings import Settings

log = logging.getLogger(__name__)

IDLE_S = 600.0


@dataclass(slots=True)
class _OwnEngine:
    """An engine that completes nothing."""

    engine: ProcessEngine
    scheduler: Scheduler
    ending: asyncio.TimerHandle | None = None


class OwnEngines:
    """One engine for each model file, whoever asks it; `main` is the local one that completes, with its scheduler.

    `options` gives the engine options of a GGUF named by path or name.
    """

    def __init__(
        self,
        main: Engine,
        scheduler: Scheduler,
        settings: Callable[[], Settings],
        options: Callable[[str], EngineOptions],
    ) -> None:
        self._main = main
        self._scheduler = scheduler
        self._settings = settings
        self._options = options
        self._own: dict[Path, _OwnEngine] = {}
        self._endings: set[asyncio.Task[None]] = set()

    def find(self, model: str) -> tuple[Engine, Scheduler]:
        """The engine of a model and its queue: the one that completes where it is the same file, or none is named.

        Raises ModelError where there is no such model.
        """
        settings = self._settings()
        if not model or settings.engine == "fake":
            return self._main, self._scheduler
        path = catalogue.resolve(model)
        if not settings.remote and path == catalogue.resolve(settings.model):
            return self._main, self._scheduler
        own = self._own.get(path)
        if own is None:
            engine = ProcessEngine(lambda: self._options(model))
            own = self._own[path] = _OwnEngine(engine, Scheduler(engine))
        self._stay(path, own)
        return own.engine, own.scheduler

    async def close(self) -> None:
        """Ends the engines."""
        for own in self._own.values():
            if own.ending is not None:
                own.ending.cancel()
        await asyncio.gather(*self._endings, *(own.engine.close() for own in self._own.values()))
        self._own.clear()

    def _stay(self, path: Path, own: _OwnEngine) -> None:
        """Sets the clock that ends an engine nobody asks any more."""
        if own.ending is not None:
            own.ending.cancel()

        def end() -> None:
            if own.engine.status.state is EngineState.BUSY:
                self._stay(path, own)
            elif self._own.get(path) is own:
                log.info("%s is idle and ends", path.name)
                del self._own[path]
                task = asyncio.get_running_loop().create_task(own.engine.close())
                self._endings.add(task)
                task.add_done_callback(self._endings.discard)

        own.ending = asyncio.get_running_loop().call_later(IDLE_S, end)
