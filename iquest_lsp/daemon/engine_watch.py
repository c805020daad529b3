"""Looks after the engine's process: one that takes too much memory, is silent or is outdated is started again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from iquest_lsp.assistant.engine_host import EngineHost
from iquest_lsp.daemon import health
from iquest_lsp.errors import EngineError, EngineMemoryError
from iquest_lsp.settings import Settings

log = logging.getLogger(__name__)

CHECK_EVERY_S = 5.0
#: A look this late says that this process did not run.
LATE_S = 4 * CHECK_EVERY_S
#: An engine that owes an answer and gives no sign for so long is started again.
MOST_SILENCE_S = 120.0
#: Between two restarts for want of memory, longer each time.
FIRST_PAUSE_S, LAST_PAUSE_S = 120.0, 3600.0


class EngineWatch:
    """Looks after the engine: its memory, the file it was loaded from, and whether it still answers.

    `clock` gives seconds. A look that comes late says that this process was stopped, or the machine asleep: what the
    engine owed before then may have been stopped with it.
    """

    def __init__(
        self, engine: EngineHost, settings: Callable[[], Settings], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._looked = self._awake_since = clock()
        self._changed_before = False
        self._pause_s = FIRST_PAUSE_S
        self._not_before = 0.0

    async def look(self) -> None:
        """One look; starts the engine again where that helps."""
        now = self._clock()
        if now - self._looked > LATE_S:
            log.info("no look at the engine for %.0f s: this process was stopped", now - self._looked)
            self._awake_since = now
        self._looked = now
        silence = self._engine.silence_s(self._awake_since)
        if silence > MOST_SILENCE_S:
            await self._engine.recycle(
                EngineError("The engine process did not answer", why=f"for {silence:.0f} s", fix="It is started again")
            )
            return
        if self._engine.file_changed():
            # Twice, so that a file that is still being written is not read half.
            if self._changed_before:
                await self._engine.recycle(
                    EngineError("The model's file was replaced", fix="The new one is being loaded")
                )
            self._changed_before = not self._changed_before
            return
        self._changed_before = False
        pid, memory = self._engine.pid, health.read_memory()
        held = health.held_bytes(pid) if pid is not None else None
        if held is None or memory is None or now < self._not_before:
            return
        why = health.excess(held, memory, self._settings().memory_limit_mb)
        if why:
            self._not_before = now + self._pause_s
            self._pause_s = min(self._pause_s * 2, LAST_PAUSE_S)
            await self._engine.recycle(
                EngineMemoryError(
                    "The model's process is started again",
                    why=why,
                    fix="A smaller `window_tokens` or model needs less; `memory_limit_mb` sets the limit",
                )
            )
