"""One engine process, and the requests that are under way in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from iquest_lsp.errors import EngineCrashedError, EngineError, IQuestError
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.base.steady_memory import STEADY_MALLOC
from iquest_lsp.runtime.client.messages import (
    ANSWERS,
    Cancel,
    Complete,
    EngineRequest,
    Failed,
    Learn,
    Progress,
    PromptLost,
    Text,
    Warm,
)
from iquest_lsp.runtime.client.prompt_delta import PromptDelta, SentPrompts
from iquest_lsp.token_ids import TokenIds

log = logging.getLogger(__name__)

LAST_LINES = 20
#: Spinning, the default of most OpenMP libraries, makes evaluation a hundred times slower as soon as another program
#: wants the processor too, and on a developer's machine one always does.
#: Spinning for a while is no way out: with both cores busy (one run each, benchmarks/waiting.py) GOMP_SPINCOUNT=1000
#: took 31 ms of processor time a token, sleeping at once 7, a single thread 3.4; small models decode with one thread.
#: ggml's own threads, which a build without OpenMP has, always spin at barriers: 14 to 30 times slower beside others.
SLEEPING_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}

T = TypeVar("T")


class _Call:
    """One request under way, `prompt` what it is about."""

    def __init__(
        self,
        prompt: TokenIds | None = None,
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self.future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.prompt = prompt
        self.on_text = on_text
        self.on_progress = on_progress


class Child:
    """A running engine process; `on_end` is called once with its exit code, when everything it said was heard."""

    def __init__(self, process: asyncio.subprocess.Process, on_end: Callable[[Child], None]) -> None:
        self._process = process
        self._on_end = on_end
        self._calls: dict[int, _Call] = {}
        self._owed: dict[int, float] = {}  # when it was asked for what it has not answered, cancelled or not
        self._heard = 0.0
        self._number = 0
        self._prompts = SentPrompts()
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._read_log())]

    @classmethod
    async def start(cls, options: EngineOptions, on_end: Callable[[Child], None]) -> Child:
        """Starts a process that will run such an engine; raises OSError."""
        process = await asyncio.create_subprocess_exec(
            # -P: nothing is imported from the working directory, which may be a workspace nobody vouches for.
            sys.executable,
            "-P",
            "-X",
            "utf8",
            "-m",
            "iquest_lsp.runtime.client.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
            env=_environment(),
        )
        child = cls(process, on_end)
        assert process.stdin is not None
        process.stdin.write(wire.pack(0, options))
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.returncode

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for an answer."""
        return not self._calls

    @property
    def last_line(self) -> str:
        """The end of what it logged, in brackets; empty where it logged nothing."""
        lines = [line for line in self._last_lines if line.strip()]
        return f" ({lines[-1][-200:]})" if lines else ""

    def silence_s(self, since: float = 0.0) -> float:
        """How long it has given no sign of life, from `since` on, while it owes an answer that it should have given by
        now; loading and saving take what they take."""
        if not self._owed:
            return 0.0
        return time.monotonic() - max(min(self._owed.values()), self._heard, since)

    async def ask(
        self, request: EngineRequest, kind: type[T], *, on_progress: Callable[[float], None] | None = None
    ) -> T:
        """The answer to a request. Cancelling the task that awaits it cancels the request.

        Raises the error that the request ended with, EngineCrashedError where the process ends.
        """
        return _checked(await self._exchange(request, _Call(on_progress=on_progress)), kind)

    async def ask_about(
        self,
        tokens: TokenIds,
        sequence: int,
        make: Callable[[PromptDelta], EngineRequest],
        kind: type[T],
        *,
        on_text: Callable[[str], None] | None = None,
    ) -> T:
        """As `ask`, for a request about a prompt of a sequence: `make` gets what has to be sent of the prompt."""
        for _ in range(2):
            answer = await self._exchange(make(self._prompts.delta(sequence, tokens)), _Call(tokens, on_text))
            if not isinstance(answer, PromptLost):
                break
            self._prompts.forget(sequence)
        return _checked(answer, kind)

    def prompts(self) -> set[TokenIds]:
        """What the requests under way are about."""
        return {call.prompt for call in self._calls.values() if call.prompt is not None}

    def fail(self, error: IQuestError) -> None:
        """Ends all requests under way with an error."""
        for call in list(self._calls.values()):
            if not call.future.done():
                call.future.set_exception(error)

    def crashed(self) -> EngineCrashedError:
        """What a request gets that the process did not live to answer."""
        code = self.code
        how = f"it ended with signal {-code}" if code is not None and code < 0 else f"it ended with code {code}"
        return EngineCrashedError(
            "The engine process stopped",
            why=(how if code is not None else "the process is gone") + self.last_line,
            fix="It is being started again; try once more",
        )

    def kill(self) -> None:
        """Ends it at once."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        return await self._process.wait()

    async def close(self, patience_s: float) -> None:
        """Asks it to end, and ends it where it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self.wait(), patience_s)
        except TimeoutError:
            self.kill()
            await self.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ------------------------------------------------------------------------------------------ the pipe

    async def _exchange(self, request: EngineRequest, call: _Call) -> object:
        stdin = self._process.stdin
        if stdin is None or self.code is not None:
            raise self.crashed()
        self._number += 1
        number = self._number
        self._calls[number] = call
        if isinstance(request, Complete | Warm | Learn):  # what it does within a time that its caller sets
            self._owed[number] = time.monotonic()
        try:
            stdin.write(wire.pack(number, request))
            await stdin.drain()
            return await call.future
        except (ConnectionError, RuntimeError) as error:  # the pipe broke under the write
            if call.future.done() and not call.future.cancelled():
                call.future.exception()  # the same death, already reported here
            raise self.crashed() from error
        except asyncio.CancelledError:
            if self.code is None and not stdin.is_closing():
                stdin.write(wire.pack(number, Cancel()))
            raise
        finally:
            self._calls.pop(number, None)

    async def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while True:
                head, body = wire.sizes(await stdout.readexactly(wire.PREFIX.size))
                data = await stdout.readexactly(head + body)
                self._receive(*wire.unpack(data[:head], data[head:], ANSWERS))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except EngineError as error:
            log.error("the engine process broke the protocol: %s", error)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self.wait()
        self._owed.clear()
        self._on_end(self)

    def _receive(self, number: int, record: object) -> None:
        if number in self._owed:
            self._heard = time.monotonic()
            if not isinstance(record, Text):
                del self._owed[number]
        call = self._calls.get(number)
        if call is None or call.future.done():
            return
        match record:
            case Progress(share):
                if call.on_progress is not None:
                    call.on_progress(share)
            case Text(text):
                if call.on_text is not None:
                    call.on_text(text)
            case Failed(error):
                call.future.set_exception(error)
            case _:
                call.future.set_result(record)

    async def _read_log(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while True:
            try:
                line = await stderr.readline()
            except ValueError:  # a line longer than the limit
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            self._last_lines.append(text)
            log.info("engine: %s", text)


def _checked(answer: object, kind: type[T]) -> T:
    if not isinstance(answer, kind):
        raise EngineError("The engine process gave a wrong answer", why=type(answer).__name__)
    return answer


def _environment() -> dict[str, str]:
    """The child's environment: threads of the runtime sleep while they wait, and memory is given back."""
    # Where a debugger is installed, an abort would first spend seconds on a backtrace.
    return {**STEADY_MALLOC, **SLEEPING_THREADS, "GGML_NO_BACKTRACE": "1", **os.environ}
