"""The engine process: `python -m iquest_lsp.runtime.client.worker`, frames on stdin and stdout (see messages.py).

The reading thread answers `Tokenize` and `Cancel` at once; everything that runs the model goes, one at a time, to
the worker thread. The process ends when its parent's end of the pipe closes, whatever the worker is doing.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from iquest_lsp.errors import EngineError, IQuestError
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.base.engine import Backend, EngineOptions
from iquest_lsp.runtime.client.messages import (
    REQUESTS,
    Cancel,
    Complete,
    EngineAnswer,
    EngineRequest,
    Failed,
    Held,
    Learn,
    Load,
    Measure,
    Progress,
    PromptLost,
    Restore,
    Save,
    Text,
    Tokenize,
    Tokenized,
    Warm,
)
from iquest_lsp.runtime.client.prompt_delta import PromptDelta, PromptLostError, ReceivedPrompts
from iquest_lsp.token_ids import TokenIds

log = logging.getLogger(__name__)


class BackendServer:
    """Serves one backend over a pair of streams."""

    def __init__(self, backend: Backend, source: BinaryIO, sink: BinaryIO) -> None:
        self._backend = backend
        self._source = source
        self._sink = sink
        self._write_lock = threading.Lock()
        self._pending: set[int] = set()
        self._cancelled: set[int] = set()
        self._prompts = ReceivedPrompts()
        self._jobs: queue.SimpleQueue[tuple[int, EngineRequest, TokenIds]] = queue.SimpleQueue()

    def run(self) -> None:
        """Serves until the other side closes its end."""
        threading.Thread(target=self._work, daemon=True, name="worker").start()
        while (frame := wire.read(self._source, REQUESTS)) is not None:
            number, request = frame
            match request:
                case Cancel():
                    if number in self._pending:  # else it was answered meanwhile
                        self._cancelled.add(number)
                case Tokenize(texts):
                    self._answer(number, lambda texts=texts: self._tokenize(texts))  # type: ignore[misc]
                case _:
                    self._accept(number, request)

    def _accept(self, number: int, request: EngineRequest) -> None:
        """Puts a request in the queue; its prompt is put together here, in the order of sending."""
        try:
            tokens = self._prompts.whole(delta) if (delta := _delta(request)) is not None else TokenIds()
        except PromptLostError:
            self._send(number, PromptLost())
            return
        self._pending.add(number)
        self._jobs.put((number, request, tokens))

    def _work(self) -> None:
        while True:
            number, request, tokens = self._jobs.get()
            self._answer(number, lambda job=(number, request, tokens): self._run(*job))  # type: ignore[misc]
            self._pending.discard(number)
            self._cancelled.discard(number)

    def _answer(self, number: int, call: Callable[[], EngineAnswer]) -> None:
        try:
            answer = call()
        except IQuestError as error:
            answer = Failed(error)
        except Exception as error:
            log.debug("request %d failed", number, exc_info=True)
            why = f"{type(error).__name__}: {error}"
            answer = Failed(EngineError("The engine met an unexpected error", why=why))
        self._send(number, answer)

    def _tokenize(self, texts: tuple[str, ...]) -> Tokenized:
        return Tokenized(tuple(map(TokenIds, self._backend.tokenize(texts))))

    def _run(self, number: int, request: EngineRequest, tokens: TokenIds) -> EngineAnswer:
        def cancelled() -> bool:
            return number in self._cancelled

        match request:
            case Load():
                return self._backend.load(lambda share: self._send(number, Progress(share)))
            case Complete(rules, _, limits, streams):
                stream = (lambda text: self._send(number, Text(text))) if streams else None
                return self._backend.complete(replace(rules, tokens=tokens), limits, cancelled, stream)
            case Warm(delta, budget_ms):
                return self._backend.warm(tokens, delta.sequence, budget_ms, cancelled)
            case Save(label, sequence, wait):
                return Held(self._backend.save(label, sequence, wait))
            case Restore(label, sequence):
                return Held(self._backend.restore(label, sequence, tokens))
            case Learn(memory, budget_ms):
                return Held(self._backend.learn(memory, budget_ms, cancelled))
            case Measure():
                return self._backend.metrics()
            case other:
                raise EngineError(f"The engine does not know the request {type(other).__name__}")

    def _send(self, number: int, record: EngineAnswer | Progress | Text) -> None:
        frame = wire.pack(number, record)
        with self._write_lock:
            self._sink.write(frame)
            self._sink.flush()


def _delta(request: EngineRequest) -> PromptDelta | None:
    """What a request says of its prompt."""
    match request:
        case Complete() | Warm():
            return request.tokens
        case Restore():
            return request.wanted
    return None


def make_backend(options: EngineOptions) -> Backend:
    """The backend an engine process runs."""
    if options.kind == "fake":
        from iquest_lsp.runtime.backends.fake import FakeBackend

        return FakeBackend(options.fake, context_tokens=options.context_tokens, saving=options)
    from iquest_lsp.runtime.backends.llama import LlamaBackend

    return LlamaBackend(options)


def main() -> None:
    # The protocol keeps the real stdout to itself; anything native code prints goes to stderr, which is logged.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    source = sys.stdin.buffer
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    first = wire.read(source, REQUESTS)
    if first is None:
        return
    options = first[1]
    assert isinstance(options, EngineOptions)
    try:
        BackendServer(make_backend(options), source, sink).run()
    finally:
        os._exit(0)  # the worker may be deep in native code; nothing here needs an orderly end


if __name__ == "__main__":
    main()
