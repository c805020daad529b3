"""The engine as the daemon sees it: a child process that may die, and an asynchronous client that outlives it.

A death fails the requests that were running with EngineCrashedError, tells the listeners once, and starts a new
process in the background; requests that come meanwhile wait for it. A prompt that killed the engine twice is
quarantined. A file that kills the loader, or that it refuses, leaves the engine failed: every request then gets the
same error at once, until the file on disk changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from iquest_lsp.datatypes import Generation, Limits, ModelInfo, Prompt
from iquest_lsp.errors import (
    EngineCrashedError,
    EngineError,
    EngineMemoryError,
    EngineQuarantineError,
    IQuestError,
    ModelFileError,
)
from iquest_lsp.runtime.base.broadcast import Broadcast
from iquest_lsp.runtime.base.engine import (
    EngineMetrics,
    EngineOptions,
    EngineState,
    EngineStatus,
    StateLabel,
    WarmResult,
)
from iquest_lsp.runtime.base.tasks import mark_seen
from iquest_lsp.runtime.client.child import Child
from iquest_lsp.runtime.client.messages import (
    Complete,
    Held,
    Learn,
    Load,
    Measure,
    Restore,
    Save,
    Tokenize,
    Tokenized,
    Warm,
)
from iquest_lsp.runtime.client.prompt_delta import PromptDelta
from iquest_lsp.token_ids import TokenIds

log = logging.getLogger(__name__)

#: Exit codes of an engine that the system or a person ended; Windows has no SIGKILL.
_ENDED_BY_OTHERS = {-number for number in (getattr(signal, "SIGKILL", signal.SIGTERM), signal.SIGTERM)}
CRASHES_ALLOWED = 5
CRASH_PERIOD_S = 60.0
RECYCLE_PATIENCE_S = 5.0
CLOSE_PATIENCE_S = 2.0
DEATHS_TO_QUARANTINE = 2
LOAD_TRIES = 3


class ProcessEngine:
    """Runs a backend in a child process; satisfies engine.Engine."""

    def __init__(self, options: EngineOptions | Callable[[], EngineOptions]) -> None:
        """`options`, or what gives them at every load (it may raise ModelError)."""
        self._make_options = options if callable(options) else lambda: options
        self._options = EngineOptions()
        self._status = EngineStatus(EngineState.STOPPED)
        self._statuses = Broadcast[EngineStatus]()
        self._info: ModelInfo | None = None
        self._child: Child | None = None
        self._loading: asyncio.Task[ModelInfo] | None = None
        self._crashes: deque[float] = deque(maxlen=CRASHES_ALLOWED)
        self._deaths: Counter[bytes] = Counter()  # by the prompt's fingerprint
        self._failed_file: tuple[int, int] | None = None
        self._closing = False
        self._recycling: EngineError | None = None
        self._given_up = False
        self._labels: dict[int, StateLabel] = {}  # whose saved KV a new process begins with, by sequence

    @property
    def status(self) -> EngineStatus:
        return self._status

    @property
    def info(self) -> ModelInfo | None:
        return self._info

    @property
    def pid(self) -> int | None:
        """The child's process id, for tests and status."""
        return self._child.pid if self._child is not None else None

    def on_status(self, listener: Callable[[EngineStatus], None]) -> Callable[[], None]:
        return self._statuses.add(listener)

    async def start(self) -> ModelInfo:
        if self._closing:
            raise EngineError("The engine is closed")
        if self._info is not None and self._child is not None and self._child.code is None:
            return self._info
        if self._status.state is EngineState.FAILED:
            assert self._status.error is not None
            if not self._worth_another_try():
                raise self._status.error
            self._loading = None
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def tokenize(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        child = await self._started()
        # A lone surrogate, which JSON from an editor may carry, has no UTF-8 form.
        clean = tuple(text.encode("utf-8", "replace").decode("utf-8") for text in texts)
        return (await child.ask(Tokenize(clean), Tokenized)).ids

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        begin = time.monotonic()
        if self._deaths and self._deaths[_fingerprint(prompt.tokens)] >= DEATHS_TO_QUARANTINE:
            raise EngineQuarantineError(
                "This request is not tried again",
                why="the engine stopped twice while it ran",
                fix="Edit the text near the cursor, or choose another model",
            )
        child = await self._started()
        rules = replace(prompt, tokens=TokenIds())

        def request(tokens: PromptDelta) -> Complete:
            left = limits
            if limits.deadline_ms is not None:
                spent = (time.monotonic() - begin) * 1000
                left = replace(limits, deadline_ms=max(limits.deadline_ms - spent, 1.0))
            return Complete(rules, tokens, left, on_text is not None)

        self._set(EngineStatus(EngineState.BUSY))
        try:
            return await child.ask_about(prompt.tokens, prompt.sequence, request, Generation, on_text=on_text)
        finally:
            if self._status.state is EngineState.BUSY:
                self._set(EngineStatus(EngineState.READY))

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult:
        child = await self._started()
        return await child.ask_about(TokenIds(tokens), sequence, lambda delta: Warm(delta, budget_ms), WarmResult)

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int:
        child = await self._started()
        self._labels[sequence] = label
        return (await child.ask(Save(label, sequence, wait), Held)).tokens

    async def restore(self, label: StateLabel, sequence: int = 0, wanted: Sequence[int] = ()) -> int:
        child = await self._started()
        self._labels[sequence] = label
        if not wanted:
            return (await child.ask(Restore(label, sequence, None), Held)).tokens
        held = await child.ask_about(TokenIds(wanted), sequence, lambda delta: Restore(label, sequence, delta), Held)
        return held.tokens

    async def learn(self, memory: Sequence[str], budget_ms: float = 50.0) -> int:
        child = await self._started()
        return (await child.ask(Learn(tuple(memory), budget_ms), Held)).tokens

    async def metrics(self) -> EngineMetrics:
        return await (await self._started()).ask(Measure(), EngineMetrics)

    async def close(self) -> None:
        self._closing = True
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])  # a process that is just being started is ended there
        if self._child is not None:
            await self._child.close(CLOSE_PATIENCE_S)
        self._set(EngineStatus(EngineState.STOPPED))

    async def recycle(self, why: EngineError) -> None:
        """Starts a new process in place of a sound one; what runs is given some seconds to end."""
        child = self._child
        if child is None or self._info is None or self._recycling is not None:
            return
        end = time.monotonic() + RECYCLE_PATIENCE_S
        while not child.is_idle and time.monotonic() < end:
            await asyncio.sleep(0.05)
        if child is self._child and child.code is None:
            self._recycling = why
            child.kill()

    def stop_loading(self) -> None:
        """Gives up the load under way; the engine has then failed until `forget_failure`."""
        if self._status.state is EngineState.LOADING:
            self._given_up = True
            self._kill()

    def forget_failure(self) -> None:
        """Lets the next start try again, whatever the last one ended with."""
        if self._status.state is EngineState.FAILED:
            self._set(EngineStatus(EngineState.STOPPED))
            self._loading = None

    def silence_s(self, since: float = 0.0) -> float:
        """How long the child has given no sign of life, from `since` on, while it owes an answer that it should have
        given by now; loading and saving take what they take."""
        return self._child.silence_s(since) if self._child is not None else 0.0

    def is_outdated(self) -> bool:
        """Whether a process started now would be another one than the one that runs, or that failed.

        Raises ModelError where none could be started.
        """
        return self._status.state is not EngineState.STOPPED and self._make_options() != self._options

    def file_changed(self) -> bool:
        """Whether the model's file is another one than the one that was loaded; a missing file is not."""
        if self._info is None or not self._options.model_path:
            return False
        now = self._file_stamp()
        return now is not None and now != self._failed_file

    # --------------------------------------------------------------------------------------------- loading

    async def _load(self) -> ModelInfo:
        restart = self._status.state is EngineState.RESTARTING
        self._given_up = False
        self._set(EngineStatus(EngineState.LOADING, error=self._status.error if restart else None))
        try:
            self._info = await self._load_patiently()
        except IQuestError as error:
            self._fail(error)
            raise
        except OSError as error:
            failure = EngineError("The engine process could not be started", why=str(error))
            self._fail(failure)
            raise failure from error
        self._set(EngineStatus(EngineState.READY))
        return self._info

    async def _load_patiently(self) -> ModelInfo:
        """Loads; a load that was stopped from outside is tried again, since that says nothing of the file."""
        for _ in range(LOAD_TRIES):
            self._options = self._make_options()
            self._failed_file = self._file_stamp()
            child = self._child = await Child.start(self._options, self._ended)
            if self._given_up:  # before there was a process to end
                self._kill()
            try:
                info = await child.ask(Load(), ModelInfo, on_progress=self._progress)
            except EngineCrashedError as error:
                code = await child.wait()
                if self._given_up:
                    raise EngineError(
                        "Loading the model was given up", fix="Load it again, or choose another model"
                    ) from error
                if code not in _ENDED_BY_OTHERS:
                    raise ModelFileError(
                        f"The model could not be loaded: {Path(self._options.model_path).name or self._options.kind}",
                        why="the runtime stopped while reading it" + child.last_line,
                        fix="The file is probably damaged or made for another program: fetch it again, or choose"
                        " another model",
                    ) from error
                log.warning("the engine process was stopped with signal %d while it loaded the model", -code)
                continue
            try:
                for sequence, label in self._labels.items():
                    await child.ask(Restore(label, sequence, None), Held)
            except EngineCrashedError:
                self._labels.clear()  # whatever it was, the next process starts cold
                await child.wait()
                log.warning("the engine process stopped while it restored the saved KV cache")
                continue
            return info
        raise EngineMemoryError(
            "The engine was stopped while it loaded the model",
            why=f"{LOAD_TRIES} times, from outside; systems do that when memory runs out",
            fix="Close other programs, or choose a smaller model or window",
        )

    async def _started(self) -> Child:
        """The process that requests go to; raises what `start` raises."""
        await self.start()
        assert self._child is not None
        return self._child

    def _progress(self, share: float) -> None:
        if self._status.state is EngineState.LOADING:
            self._set(EngineStatus(EngineState.LOADING, share, self._status.error))

    def _fail(self, error: IQuestError) -> None:
        self._info = None
        self._kill()
        self._set(EngineStatus(EngineState.FAILED, error=error))

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    def _worth_another_try(self) -> bool:
        """Whether a failed load may end differently now: other settings, another file, or a pause after crashes."""
        try:
            options = self._make_options()
        except IQuestError as error:
            return not error.says_the_same(self._status.error)
        if options != self._options or self._failed_file != self._file_stamp():
            return True
        return bool(self._crashes) and time.monotonic() - self._crashes[-1] > CRASH_PERIOD_S

    def _file_stamp(self) -> tuple[int, int] | None:
        try:
            stat = Path(self._options.model_path).stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    # ------------------------------------------------------------------------------------------ the end

    def _ended(self, child: Child) -> None:
        """Fails what the process has not answered, and sees to it that there is another one."""
        if child is not self._child:
            child.fail(child.crashed())
            return
        self._info = None
        if self._closing or self._status.state is EngineState.FAILED:
            child.fail(EngineError("The engine was closed"))
            return
        planned, self._recycling = self._recycling, None
        if planned is not None:
            log.warning("%s", planned)
            child.fail(planned)
            self._restart(planned)
            return
        error = child.crashed()
        self._deaths.update(map(_fingerprint, child.prompts()))
        child.fail(error)
        if self._status.state is EngineState.LOADING:
            return  # the load itself reports it
        log.error("%s", error)
        now = time.monotonic()
        in_a_loop = len(self._crashes) == CRASHES_ALLOWED and now - self._crashes[0] < CRASH_PERIOD_S
        self._crashes.append(now)
        if in_a_loop:
            failure = EngineCrashedError(
                "The engine keeps stopping",
                why=f"{CRASHES_ALLOWED + 1} times within a minute" + child.last_line,
                fix="See `iquest-lsp doctor`; another model or a smaller window may help",
            )
            self._set(EngineStatus(EngineState.FAILED, error=failure))
            return
        self._restart(error)

    def _restart(self, error: IQuestError) -> None:
        self._set(EngineStatus(EngineState.RESTARTING, error=error))
        self._loading = asyncio.create_task(self._load())
        self._loading.add_done_callback(mark_seen)

    # ------------------------------------------------------------------------------------------- small parts

    def _set(self, status: EngineStatus) -> None:
        if status == self._status:
            return
        self._status = status
        self._statuses.tell(status)


def _fingerprint(tokens: TokenIds) -> bytes:
    return hashlib.sha256(tokens.data).digest()
