"""The engine process: `python -m iquest_lsp.runtime.client.worker`, frames on stdin and stdout (see wire.py).

The reading thread answers `tokenize` and `cancel` at once; everything that runs the model goes, one at a time, to
the worker thread. The process ends when its parent's end of the pipe closes, whatever the worker is doing.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from iquest_lsp.datatypes import Depth, Limits, Prompt
from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.base.engine import Backend, EngineOptions, StateLabel

log = logging.getLogger(__name__)


class Server:
    """Serves one backend over a pair of streams."""

    def __init__(self, backend: Backend, source: BinaryIO, sink: BinaryIO) -> None:
        self._backend = backend
        self._source = source
        self._sink = sink
        self._write_lock = threading.Lock()
        self._pending: set[int] = set()
        self._cancelled: set[int] = set()
        self._jobs: queue.SimpleQueue[tuple[dict[str, Any], list[int]]] = queue.SimpleQueue()

    def run(self) -> None:
        """Serves until the other side closes its end."""
        threading.Thread(target=self._work, daemon=True, name="worker").start()
        while (frame := wire.read(self._source)) is not None:
            header, tokens = frame
            match header["op"]:
                case "cancel":
                    if header["id"] in self._pending:  # else it was answered meanwhile
                        self._cancelled.add(header["id"])
                case "tokenize":
                    self._answer(header, self._tokenize)
                case _:
                    self._pending.add(header["id"])
                    self._jobs.put((header, tokens))

    def _work(self) -> None:
        while True:
            header, tokens = self._jobs.get()
            self._answer(header, lambda request, ids=tokens: self._run(request, ids))  # type: ignore[misc]
            self._pending.discard(header["id"])
            self._cancelled.discard(header["id"])

    def _answer(self, request: dict[str, Any], call: Callable[[dict[str, Any]], tuple[dict[str, Any], Any]]) -> None:
        try:
            header, tokens = call(request)
        except Exception as error:
            if not isinstance(error, EngineError):
                log.debug("request %s failed", request.get("op"), exc_info=True)
            header, tokens = {"error": wire.error_to_json(error)}, ()
        self._send({"id": request["id"], **header}, tokens)

    def _tokenize(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        lists = self._backend.tokenize(request["texts"])
        return {"lengths": [len(ids) for ids in lists]}, [token for ids in lists for token in ids]

    def _run(self, request: dict[str, Any], tokens: list[int]) -> tuple[dict[str, Any], Any]:
        number = request["id"]

        def cancelled() -> bool:
            return number in self._cancelled

        match request["op"]:
            case "load":
                info = self._backend.load(lambda share: self._send({"id": number, "progress": share}))
                return {"info": asdict(info)}, ()
            case "complete":
                prompt = Prompt(
                    tuple(tokens),
                    tuple(request["stop"]),
                    request["max_lines"],
                    request["sequence"],
                    request["temperature"],
                    request["heal"],
                    request["outer_indent"],
                    tuple(request["avoid"]),
                    request["is_empty_allowed"],
                    request["ends_at_loop"],
                )
                limits = Limits(
                    request["max_tokens"],
                    request["deadline_ms"],
                    Depth(request["depth"]),
                    request["draft"],
                    request["copying"],
                )
                stream = (lambda text: self._send({"id": number, "text": text})) if request["stream"] else None
                made = self._backend.complete(prompt, limits, cancelled, stream)
                return {"generation": wire.generation_to_json(made)}, made.tokens
            case "warm":
                result = self._backend.warm(tokens, request["sequence"], request["budget_ms"], cancelled)
                return {"warm": asdict(result)}, ()
            case "save":
                label = StateLabel(**request["label"])
                return {"tokens": self._backend.save(label, request["sequence"], request["wait"])}, ()
            case "restore":
                label = StateLabel(**request["label"])
                return {"tokens": self._backend.restore(label, request["sequence"], tokens)}, ()
            case "metrics":
                return {"metrics": asdict(self._backend.metrics())}, ()
            case other:
                raise EngineError(f"The engine does not know the operation {other!r}")

    def _send(self, header: dict[str, Any], tokens: Any = ()) -> None:
        frame = wire.pack(header, tokens)
        with self._write_lock:
            self._sink.write(frame)
            self._sink.flush()


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
    first = wire.read(source)
    if first is None:
        return
    options = EngineOptions(**first[0]["options"])
    try:
        Server(make_backend(options), source, sink).run()
    finally:
        os._exit(0)  # the worker may be deep in native code; nothing here needs an orderly end


if __name__ == "__main__":
    main()
