"""The engine as the daemon sees it: a child process that may die, and an asynchronous client that outlives it.

A death fails the requests that were running with EngineCrashedError, tells the listeners once, and starts a new
process in the background; requests that come meanwhile wait for it. A prompt that killed the engine twice is
quarantined. A file that kills the loader, or that it refuses, leaves the engine failed: every request then gets the
same error at once, until the file on disk changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from iquest_lsp.datatypes import Generation, Limits, ModelInfo, Prompt
from iquest_lsp.errors import (
    EngineCrashedError,
    EngineError,
    EngineMemoryError,
    EngineQuarantineError,
    IQuestError,
    ModelFileError,
)
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.base.engine import (
    EngineMetrics,
    EngineOptions,
    EngineState,
    EngineStatus,
    StateLabel,
    WarmResult,
)

log = logging.getLogger(__name__)

CRASHES_ALLOWED = 5
CRASH_PERIOD_S = 60.0
RECYCLE_PATIENCE_S = 5.0
DEATHS_TO_QUARANTINE = 2
LAST_LINES = 20
LOAD_TRIES = 3
#: What the child does within a time that its caller sets.
_PROMPT_OPERATIONS = ("complete", "warm")
#: Spinning, the default of most OpenMP libraries, makes evaluation a hundred times slower as soon as another program
#: wants the processor too, and on a developer's machine one always does.
#: Spinning for a while is no way out: with both cores busy (one run each, benchmarks/waiting.py) GOMP_SPINCOUNT=1000
#: took 31 ms of processor time a token, sleeping at once 7, a single thread 3.4; small models decode with one thread.
SLEEPING_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}


class _Call:
    """One request under way in the child."""

    def __init__(self, fingerprint: str, on_text: Callable[[str], None] | None) -> None:
        self.future: asyncio.Future[tuple[dict[str, Any], list[int]]] = asyncio.get_running_loop().create_future()
        self.fingerprint = fingerprint
        self.on_text = on_text
        self.on_progress: Callable[[float], None] | None = None


class ProcessEngine:
    """Runs a backend in a child process; satisfies engine.Engine."""

    def __init__(self, options: EngineOptions | Callable[[], EngineOptions]) -> None:
        """`options`, or what gives them at every load (it may raise ModelError)."""
        self._make_options = options if callable(options) else lambda: options
        self._options = EngineOptions()
        self._status = EngineStatus(EngineState.STOPPED)
        self._listeners: list[Callable[[EngineStatus], None]] = []
        self._info: ModelInfo | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._loading: asyncio.Task[ModelInfo] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: dict[int, _Call] = {}
        self._owed: dict[int, float] = {}  # when the child was asked for what it has not answered, cancelled or not
        self._heard = 0.0
        self._number = 0
        self._crashes: deque[float] = deque(maxlen=CRASHES_ALLOWED)
        self._deaths: Counter[str] = Counter()
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
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
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    async def start(self) -> ModelInfo:
        if self._closing:
            raise EngineError("The engine is closed")
        if self._info is not None and self._child is not None and self._child.returncode is None:
            return self._info
        if self._status.state is EngineState.FAILED:
            assert self._status.error is not None
            if not self._worth_another_try():
                raise self._status.error
            self._loading = None
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        await self.start()
        # A lone surrogate, which JSON from an editor may carry, has no UTF-8 form.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        header, flat = await self._call({"op": "tokenize", "texts": clean})
        lists, at = [], 0
        for length in header["lengths"]:
            lists.append(flat[at : at + length])
            at += length
        return lists

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        begin = time.monotonic()
        fingerprint = hashlib.sha256(array("i", prompt.tokens).tobytes()).hexdigest()
        if self._deaths[fingerprint] >= DEATHS_TO_QUARANTINE:
            raise EngineQuarantineError(
                "This request is not tried again",
                why="the engine stopped twice while it ran",
                fix="Edit the text near the cursor, or choose another model",
            )
        await self.start()
        left = None
        if limits.deadline_ms is not None:
            left = max(limits.deadline_ms - (time.monotonic() - begin) * 1000, 1.0)
        request = {
            "op": "complete",
            "stop": list(prompt.stop),
            "max_lines": prompt.max_lines,
            "sequence": prompt.sequence,
            "temperature": prompt.temperature,
            "heal": prompt.heal,
            "outer_indent": prompt.outer_indent,
            "avoid": list(prompt.avoid),
            "is_empty_allowed": prompt.is_empty_allowed,
            "ends_at_loop": prompt.ends_at_loop,
            "max_tokens": limits.max_tokens,
            "deadline_ms": left,
            "depth": str(limits.depth),
            "draft": limits.draft,
            "copying": limits.copying,
            "stream": on_text is not None,
        }
        self._set(EngineStatus(EngineState.BUSY))
        try:
            header, tokens = await self._call(request, prompt.tokens, fingerprint, on_text)
        finally:
            if self._status.state is EngineState.BUSY:
                self._set(EngineStatus(EngineState.READY))
        return wire.generation_from_json(header["generation"], tokens)

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult:
        await self.start()
        header, _ = await self._call({"op": "warm", "sequence": sequence, "budget_ms": budget_ms}, tokens)
        return WarmResult(**header["warm"])

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int:
        await self.start()
        self._labels[sequence] = label
        return await self._state_call("save", label, sequence, wait=wait)

    async def restore(self, label: StateLabel, sequence: int = 0, wanted: Sequence[int] = ()) -> int:
        await self.start()
        self._labels[sequence] = label
        return await self._state_call("restore", label, sequence, wanted)

    async def metrics(self) -> EngineMetrics:
        await self.start()
        header, _ = await self._call({"op": "metrics"})
        data = header["metrics"]
        data["cached"] = {int(key): value for key, value in data["cached"].items()}
        return EngineMetrics(**data)

    async def close(self) -> None:
        self._closing = True
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])  # a process that is just being started is ended there
        if self._child is not None:
            if self._child.stdin is not None:
                self._child.stdin.close()
            try:
                await asyncio.wait_for(self._child.wait(), 2)
            except TimeoutError:
                self._child.kill()
                await self._child.wait()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._set(EngineStatus(EngineState.STOPPED))

    async def recycle(self, why: EngineError) -> None:
        """Starts a new process in place of a sound one; what runs is given some seconds to end."""
        child = self._child
        if child is None or self._info is None or self._recycling is not None:
            return
        end = time.monotonic() + RECYCLE_PATIENCE_S
        while self._calls and time.monotonic() < end:
            await asyncio.sleep(0.05)
        if child is self._child and child.returncode is None:
            self._recycling = why
            self._kill()

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
        if not self._owed:
            return 0.0
        return time.monotonic() - max(min(self._owed.values()), self._heard, since)

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
            self._last_lines.clear()
            self._options = self._make_options()
            self._failed_file = self._file_stamp()
            child = self._child = await self._start_child()
            if self._given_up:  # before there was a process to end
                self._kill()
            try:
                header, _ = await self._call({"op": "load"}, on_progress=self._progress)
            except EngineCrashedError as error:
                code = await child.wait()
                if self._given_up:
                    raise EngineError(
                        "Loading the model was given up", fix="Load it again, or choose another model"
                    ) from error
                if code not in (-signal.SIGKILL, -signal.SIGTERM):
                    raise ModelFileError(
                        f"The model could not be loaded: {Path(self._options.model_path).name or self._options.kind}",
                        why="the runtime stopped while reading it" + self._tail(),
                        fix="The file is probably damaged or made for another program: fetch it again, or choose"
                        " another model",
                    ) from error
                log.warning("the engine process was stopped with signal %d while it loaded the model", -code)
                continue
            try:
                for sequence, label in self._labels.items():
                    await self._state_call("restore", label, sequence)
            except EngineCrashedError:
                self._labels.clear()  # whatever it was, the next process starts cold
                await child.wait()
                log.warning("the engine process stopped while it restored the saved KV cache")
                continue
            return ModelInfo(**header["info"])
        raise EngineMemoryError(
            "The engine was stopped while it loaded the model",
            why=f"{LOAD_TRIES} times, from outside; systems do that when memory runs out",
            fix="Close other programs, or choose a smaller model or window",
        )

    async def _state_call(
        self, operation: str, label: StateLabel, sequence: int, tokens: Sequence[int] = (), **more: Any
    ) -> int:
        header, _ = await self._call({"op": operation, "label": asdict(label), "sequence": sequence, **more}, tokens)
        return int(header["tokens"])

    async def _start_child(self) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
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
        self._spawn(self._read(child))
        self._spawn(self._read_log(child))
        assert child.stdin is not None
        child.stdin.write(wire.pack({"options": asdict(self._options)}))
        return child

    def _progress(self, share: float) -> None:
        if self._status.state is EngineState.LOADING:
            self._set(EngineStatus(EngineState.LOADING, share, self._status.error))

    def _fail(self, error: IQuestError) -> None:
        self._info = None
        self._kill()
        self._set(EngineStatus(EngineState.FAILED, error=error))

    def _kill(self) -> None:
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()

    def _worth_another_try(self) -> bool:
        """Whether a failed load may end differently now: other settings, another file, or a pause after crashes."""
        try:
            options = self._make_options()
        except IQuestError as error:
            return str(error) != str(self._status.error)
        if options != self._options or self._failed_file != self._file_stamp():
            return True
        return bool(self._crashes) and time.monotonic() - self._crashes[-1] > CRASH_PERIOD_S

    def _file_stamp(self) -> tuple[int, int] | None:
        try:
            stat = Path(self._options.model_path).stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    # ------------------------------------------------------------------------------------------ the pipe

    async def _call(
        self,
        header: dict[str, Any],
        tokens: Sequence[int] = (),
        fingerprint: str = "",
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> tuple[dict[str, Any], list[int]]:
        child = self._child
        if child is None or child.stdin is None or child.returncode is not None:
            raise self._crashed()
        self._number += 1
        number = self._number
        call = self._calls[number] = _Call(fingerprint, on_text)
        call.on_progress = on_progress
        if header["op"] in _PROMPT_OPERATIONS:
            self._owed[number] = time.monotonic()
        try:
            child.stdin.write(wire.pack({"id": number, **header}, tokens))
            await child.stdin.drain()
            return await call.future
        except (ConnectionError, RuntimeError) as error:  # the pipe broke under the write
            if call.future.done() and not call.future.cancelled():
                call.future.exception()  # the same death, already reported here
            raise self._crashed() from error
        except asyncio.CancelledError:
            if child.returncode is None and not child.stdin.is_closing():
                child.stdin.write(wire.pack({"op": "cancel", "id": number}))
            raise
        finally:
            self._calls.pop(number, None)

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        try:
            while True:
                head, body = wire.sizes(await child.stdout.readexactly(wire.PREFIX.size))
                data = await child.stdout.readexactly(head + body)
                self._receive(*wire.unpack(data[:head], data[head:]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except (EngineError, ValueError) as error:
            log.error("the engine process broke the protocol: %s", error)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await child.wait()
        if child is self._child:
            self._died(child.returncode)

    def _receive(self, header: dict[str, Any], tokens: list[int]) -> None:
        if header["id"] in self._owed:
            self._heard = time.monotonic()
            if "text" not in header:
                del self._owed[header["id"]]
        call = self._calls.get(header["id"])
        if call is None or call.future.done():
            return
        if "progress" in header:
            if call.on_progress is not None:
                call.on_progress(header["progress"])
        elif "text" in header:
            if call.on_text is not None:
                call.on_text(header["text"])
        elif "error" in header:
            call.future.set_exception(wire.error_from_json(header["error"]))
        else:
            call.future.set_result((header, tokens))

    async def _read_log(self, child: asyncio.subprocess.Process) -> None:
        assert child.stderr is not None
        while True:
            try:
                line = await child.stderr.readline()
            except ValueError:  # a line longer than the limit
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            self._last_lines.append(text)
            log.info("engine: %s", text)

    def _died(self, code: int | None) -> None:
        self._info = None
        self._owed.clear()
        if self._closing or self._status.state is EngineState.FAILED:
            self._fail_calls(EngineError("The engine was closed"))
            return
        planned, self._recycling = self._recycling, None
        if planned is not None:
            log.warning("%s", planned)
            self._fail_calls(planned)
            self._restart(planned)
            return
        error = self._crashed(code)
        for fingerprint in {call.fingerprint for call in self._calls.values() if call.fingerprint}:
            self._deaths[fingerprint] += 1
        loading = self._status.state is EngineState.LOADING
        self._fail_calls(error)
        if loading:
            return  # the load itself reports it
        log.error("%s", error)
        now = time.monotonic()
        in_a_loop = len(self._crashes) == CRASHES_ALLOWED and now - self._crashes[0] < CRASH_PERIOD_S
        self._crashes.append(now)
        if in_a_loop:
            failure = EngineCrashedError(
                "The engine keeps stopping",
                why=f"{CRASHES_ALLOWED + 1} times within a minute" + self._tail(),
                fix="See `iquest-lsp doctor`; another model or a smaller window may help",
            )
            self._set(EngineStatus(EngineState.FAILED, error=failure))
            return
        self._restart(error)

    def _restart(self, error: IQuestError) -> None:
        self._set(EngineStatus(EngineState.RESTARTING, error=error))
        self._loading = asyncio.create_task(self._load())
        self._loading.add_done_callback(_observe)

    def _fail_calls(self, error: IQuestError) -> None:
        for call in list(self._calls.values()):
            if not call.future.done():
                call.future.set_exception(error)

    def _crashed(self, code: int | None = None) -> EngineCrashedError:
        how = f"it ended with signal {-code}" if code is not None and code < 0 else f"it ended with code {code}"
        return EngineCrashedError(
            "The engine process stopped",
            why=(how if code is not None else "the process is gone") + self._tail(),
            fix="It is being started again; try once more",
        )

    def _tail(self) -> str:
        lines = [line for line in self._last_lines if line.strip()]
        return f" ({lines[-1][-200:]})" if lines else ""

    # ------------------------------------------------------------------------------------------- small parts

    def _set(self, status: EngineStatus) -> None:
        if status == self._status:
            return
        self._status = status
        for listener in list(self._listeners):  # one may remove itself
            listener(status)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _observe(task: asyncio.Task[ModelInfo]) -> None:
    """Marks a background load's failure as seen; it is kept in the status."""
    if not task.cancelled():
        task.exception()


def _environment() -> dict[str, str]:
    """The child's environment: threads of the runtime sleep while they wait."""
    # Where a debugger is installed, an abort would first spend seconds on a backtrace.
    return {**SLEEPING_THREADS, "GGML_NO_BACKTRACE": "1", **os.environ}
