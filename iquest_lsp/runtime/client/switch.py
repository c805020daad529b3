"""The engine that answers: the remote one where there is one and it works, else the local one.

A server that fails is told of once; the local engine takes over, and the server is asked again from time to time, in
the background. A prompt is only ever read by the engine it was made for (see text_tokens.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence

from iquest_lsp.datatypes import Generation, Limits, ModelInfo, Prompt
from iquest_lsp.errors import EngineError, RemoteEngineError, RequestCancelledError
from iquest_lsp.runtime.base.broadcast import Broadcast
from iquest_lsp.runtime.base.engine import Engine, EngineMetrics, EngineState, EngineStatus, StateLabel, WarmResult
from iquest_lsp.runtime.remote import text_tokens
from iquest_lsp.runtime.remote.engine import RedactText, RemoteEngine, RemoteOptions

log = logging.getLogger(__name__)

RETRY_S = 30.0
LONGEST_S = 600.0


class EngineSwitch:
    """Satisfies engine.Engine. `wanted` says which server the settings name, None for none."""

    def __init__(
        self,
        local: Engine,
        wanted: Callable[[], RemoteOptions | None],
        redact: RedactText,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.local = local
        self._wanted = wanted
        self._redact = redact
        self._clock = clock
        self._remote: RemoteEngine | None = None
        self._down = False
        self._asked_at = 0.0
        self._back_at = float("-inf")
        self._pause = RETRY_S
        self._said = ""
        self._asking: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._statuses = Broadcast[EngineStatus]()
        local.on_status(lambda status: self._heard(status, None))

    @property
    def remote(self) -> RemoteEngine | None:
        """The remote engine, when it is the one that answers."""
        return self._remote if not self._down else None

    @property
    def status(self) -> EngineStatus:
        return self._active.status

    @property
    def info(self) -> ModelInfo | None:
        return self._active.info

    def on_status(self, listener: Callable[[EngineStatus], None]) -> Callable[[], None]:
        return self._statuses.add(listener)

    async def start(self) -> ModelInfo:
        self._follow_settings()
        remote = self.remote
        if remote is not None:
            try:
                return await remote.start()
            except RemoteEngineError as error:
                self._fall_back(remote, error)
        elif self._remote is not None and self._clock() - self._asked_at >= self._pause:
            self._ask_again(self._remote)
        return await self.local.start()

    async def tokenize(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        return await self._active.tokenize(texts)

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        remote = self._reader(prompt.tokens)
        if remote is None:
            return await self.local.complete(prompt, limits, on_text)
        try:
            return await remote.complete(prompt, limits, on_text)
        except RemoteEngineError as error:
            self._fall_back(remote, error)
            raise RequestCancelledError("The server failed; the local model answers the next request") from error

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult:
        remote = self._reader(tokens)
        if remote is None:
            return await self.local.warm(tokens, sequence, budget_ms)
        return await remote.warm(tokens, sequence, budget_ms)

    async def chat(
        self,
        messages: Sequence[dict[str, str]],
        *,
        model: str = "",
        max_tokens: int,
        temperature: float,
        top_p: float = 1.0,
    ) -> AsyncIterator[tuple[str, str]]:
        """A conversation with the server; see RemoteEngine.chat. Raises EngineError when there is none."""
        self._follow_settings()
        remote = self._remote
        if remote is None:
            raise EngineError("No server is configured", fix="Set `remote` to its address")
        try:
            stream = remote.chat(messages, model=model, max_tokens=max_tokens, temperature=temperature, top_p=top_p)
            async with contextlib.aclosing(stream):  # type: ignore[type-var]  # it is a generator
                async for piece in stream:
                    yield piece
        except RemoteEngineError as error:
            self._fall_back(remote, error)
            raise

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int:
        return await self._active.save(label, sequence, wait=wait)

    async def restore(self, label: StateLabel, sequence: int = 0, wanted: Sequence[int] = ()) -> int:
        return await self._active.restore(label, sequence, wanted)

    async def learn(self, memory: Sequence[str], budget_ms: float = 50.0) -> int:
        return await self._active.learn(memory, budget_ms)

    async def metrics(self) -> EngineMetrics:
        return await self._active.metrics()

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self._remote is not None:
            await self._remote.close()
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self.local.close()

    @property
    def _active(self) -> Engine:
        return self.remote or self.local

    def _reader(self, tokens: Sequence[int]) -> RemoteEngine | None:
        """The remote engine for a prompt made for it, None for one of the local engine's."""
        if not tokens or not text_tokens.is_text(tokens[-1]):
            return None
        if self.remote is None:
            raise RequestCancelledError("The engine was changed meanwhile")
        return self.remote

    def _follow_settings(self) -> None:
        wanted, remote = self._wanted(), self._remote
        if (remote.options if remote is not None else None) == wanted:
            return
        if remote is not None:
            ending = asyncio.get_running_loop().create_task(remote.close())
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
        self._remote, self._down, self._said = None, False, ""
        if wanted is not None:
            made = self._remote = RemoteEngine(wanted, self._redact)
            made.on_status(lambda status: self._heard(status, made))

    def _heard(self, status: EngineStatus, remote: RemoteEngine | None) -> None:
        # A failing server is told of once, with what happens next, when the local engine takes over.
        if remote is self.remote and not (remote is not None and status.state is EngineState.FAILED):
            self._tell(status)

    def _tell(self, status: EngineStatus) -> None:
        self._statuses.tell(status)

    def _fall_back(self, remote: RemoteEngine, error: RemoteEngineError) -> None:
        if remote is not self._remote or self._down:
            return
        log.warning("%s", error)
        now = self._clock()
        self._down, self._asked_at = True, now
        # One that meets us well and fails at the first request is asked more and more rarely.
        self._pause = min(self._pause * 2, LONGEST_S) if now - self._back_at < LONGEST_S else RETRY_S
        fix = f"{error.fix.rstrip('.')}. Until then the local model answers" if error.fix else "The local model answers"
        news = RemoteEngineError(error.what, why=error.why, fix=fix)
        if str(news) != self._said:
            self._said = str(news)
            self._tell(EngineStatus(EngineState.RESTARTING, error=news))
        self._tell(self.local.status)

    def _ask_again(self, remote: RemoteEngine) -> None:
        if self._asking is not None and not self._asking.done():
            return
        self._asked_at = self._clock()

        async def ask() -> None:
            try:
                await remote.start()
            except RemoteEngineError as error:
                log.debug("still down: %s", error)
                return
            if remote is self._remote and self._down:
                log.info("the server %s is back", remote.options.url)
                self._down, self._back_at = False, self._clock()
                self._tell(remote.status)

        self._asking = asyncio.create_task(ask())
