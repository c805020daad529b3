"""Who may use the engine next: completions before chat before warming, the newest request per document.

The engine runs one thing at a time. Warming comes in steps of `WARM_STEP_MS` and gives way between two of them;
what it finished stays in the KV cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from iquest_lsp.datatypes import Generation, Limits, Priority, Prompt
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.engine import Engine, StateLabel

WARM_STEP_MS = 50.0


class Scheduler:
    """Orders the calls to one engine. `clock` gives seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self.engine = engine
        self._clock = clock
        self._running = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._newest: dict[str, asyncio.Task[Generation]] = {}

    async def complete(
        self,
        prompt: Prompt,
        limits: Limits,
        *,
        priority: Priority = Priority.COMPLETION,
        key: str = "",
        on_text: Callable[[str], None] | None = None,
    ) -> Generation:
        """Runs one generation when its turn comes.

        A later call with the same `key` cancels this one, which then raises RequestCancelledError. Time spent
        waiting counts against the deadline and is reported as `queue_ms`.
        """
        task = asyncio.ensure_future(self._complete(prompt, limits, priority, on_text))
        if key:
            older = self._newest.get(key)
            self._newest[key] = task
            if older is not None:
                older.cancel()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            superseded = task.cancelled() and not _being_cancelled()
            task.cancel()
            if superseded:
                raise RequestCancelledError("A newer request took this one's place") from None
            raise
        finally:
            if key and self._newest.get(key) is task:
                del self._newest[key]

    async def warm(self, tokens: Sequence[int], sequence: int, wanted: Callable[[], bool]) -> int:
        """Evaluates a prompt ahead of time, step by step, while `wanted()`; returns the tokens evaluated."""
        evaluated = 0
        while wanted():
            async with self._turn(Priority.WARMING):
                step = await self.engine.warm(tokens, sequence, WARM_STEP_MS)
            evaluated += step.evaluated
            if not step.remaining:
                break
        return evaluated

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int:
        """Saves a sequence's KV when nothing else is to be done; returns the tokens saved."""
        async with self._turn(Priority.WARMING):
            return await self.engine.save(label, sequence, wait=wait)

    async def restore(self, label: StateLabel, wanted: Sequence[int] = (), sequence: int = 0) -> int:
        """Puts saved KV into a sequence before anything else is evaluated; returns the tokens it holds then."""
        async with self._turn(Priority.COMPLETION):
            return await self.engine.restore(label, sequence, wanted)

    async def _complete(
        self, prompt: Prompt, limits: Limits, priority: Priority, on_text: Callable[[str], None] | None
    ) -> Generation:
        asked = self._clock()
        async with self._turn(priority):
            queued = (self._clock() - asked) * 1000
            if limits.deadline_ms is not None:
                limits = replace(limits, deadline_ms=max(limits.deadline_ms - queued, 1.0))
            made = await self.engine.complete(prompt, limits, on_text)
        return replace(made, timings=replace(made.timings, queue_ms=queued))

    @contextlib.asynccontextmanager
    async def _turn(self, priority: Priority) -> AsyncIterator[None]:
        if self._running:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (int(priority), next(self._order), turn))
            try:
                await turn  # whoever ran before hands the engine over: _running stays True
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._hand_over()
                raise
        self._running = True
        try:
            yield
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._running = False


def _being_cancelled() -> bool:
    """Whether the caller itself is being cancelled, not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
