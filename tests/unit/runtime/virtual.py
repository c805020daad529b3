"""The fake engine on a virtual clock: seconds pass only when everybody waits, and cost nothing."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from iquest_lsp.datatypes import Generation, Limits, Prompt
from iquest_lsp.runtime.backends.fake import FakeBackend
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineStatus, WarmResult

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]  # which class it is depends on the system
    """Lets virtual time pass instead of waiting, unless a thread is at work that real time belongs to."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or (timeout > 0 and self.loop.at_work):
            return super().select(None)
        self.loop.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is `now`; `at_work` counts the threads whose work takes no virtual time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at_work = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


class VirtualEngine:
    """The fake backend in a thread of its own, as the engine process runs it; its waiting is virtual."""

    info = None
    status: EngineStatus

    def __init__(self, loop: VirtualLoop, **options: object) -> None:
        self._loop = loop
        self._thread = ThreadPoolExecutor(1)
        self.backend = FakeBackend(options, context_tokens=100_000, clock=lambda: loop.now, sleep=self._sleep)
        self._working: asyncio.Future[Any] | None = None
        self.log: list[tuple[float, str, str]] = []

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        name = bytes(token for token in prompt.tokens[:8] if token < 256).decode().split(" ")[0]
        return await self._run(f"complete {name}", lambda stop: self.backend.complete(prompt, limits, stop))

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult:
        return await self._run(f"warm {sequence}", lambda stop: self.backend.warm(tokens, sequence, budget_ms, stop))

    async def _run(self, name: str, call: Callable[[Callable[[], bool]], T]) -> T:
        cancelled: list[bool] = []
        while self._working is not None:  # one that was cancelled ends at its next token, as in the engine process
            await asyncio.wait([self._working])
        self.log.append((self._loop.now, "begin", name))
        self._loop.at_work += 1
        working = self._working = self._loop.run_in_executor(self._thread, lambda: call(lambda: bool(cancelled)))
        working.add_done_callback(lambda _: self._ended(name))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    def _ended(self, name: str) -> None:
        self._working = None
        self._loop.at_work -= 1
        self.log.append((self._loop.now, "end", name))

    def _sleep(self, seconds: float) -> None:
        """Called in the thread: virtual time passes, and only then the thread is at work again."""
        over = asyncio.run_coroutine_threadsafe(self._pass(seconds), self._loop)
        over.result()

    async def _pass(self, seconds: float) -> None:
        self._loop.at_work -= 1
        await asyncio.sleep(seconds)
        self._loop.at_work += 1

    # The rest of the engine protocol, unused here.
    async def start(self) -> None: ...
    async def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return self.backend.tokenize(texts)

    async def metrics(self) -> EngineMetrics:
        return self.backend.metrics()

    async def close(self) -> None:
        self._thread.shutdown()

    def on_status(self, listener: Callable[[EngineStatus], None]) -> None: ...


def run(scenario: Callable[[VirtualEngine], Coroutine[Any, Any, T]], **options: object) -> T:
    """Runs a scenario on a virtual clock with a fake engine of these options."""
    loop = VirtualLoop()
    engine = VirtualEngine(loop, **options)
    try:
        return loop.run_until_complete(scenario(engine))
    finally:
        loop.run_until_complete(engine.close())
        loop.close()
