"""The fake engine: the engine protocol with token-exact accounting and no model.

A token is one byte of UTF-8; special tokens have the ids from 256 on. It answers from `responses` while there are any;
then it continues the prompt as the text went on where its last line's beginning occurred before, which makes it a
small but honest completer. Options (all optional): `responses` (list of strings), `token_ms` and `prefill_ms`
(milliseconds a token), `load_ms`, `load_error` (an error's JSON), `crash_on` (a text: the process exits when the end
of a prompt holds it), `special` (extra special tokens), `metadata`, `logprob` (of every token; 0), `echo` (a text that
every answer is, from where the prompt's end has got in it). It guesses nothing ahead: `drafted` and `accepted` are 0.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import Finish, Generation, Limits, ModelInfo, Prompt, Timings, TokenCounts
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineOptions, StateLabel, WarmResult
from iquest_lsp.runtime.base.text_stream import TextStream
from iquest_lsp.runtime.kv.prefix_cache import PrefixCache
from iquest_lsp.runtime.kv.saver import SavedStates
from iquest_lsp.token_ids import TokenIds

SPECIAL = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|tail|>",
    "<|head|>",
)
FIRST_SPECIAL = 256
CRASH_LOOKBACK = 4096
SEQUENCES = 4


class FakeBackend:
    """See the module's docstring."""

    def __init__(
        self,
        options: Mapping[str, object] | None = None,
        *,
        context_tokens: int = 8192,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        saving: EngineOptions | None = None,
    ) -> None:
        self._options: Mapping[str, Any] = cast("Mapping[str, Any]", options or {})
        self._responses = deque(str(item) for item in self._options.get("responses", ()))
        self._scripted: tuple[TokenIds, bytes] = TokenIds(), b""
        self._context_tokens = context_tokens
        self._window_tokens = saving.window_tokens if saving is not None else 0
        self._clock = clock
        self._sleep = sleep
        self._special = [*SPECIAL, *self._options.get("special", ())]
        self._cache = PrefixCache()
        self._states = SavedStates(saving or EngineOptions(), "fake", "fake", "tokens")
        self._evaluated = 0
        self._generated = 0

    def load(self, progress: Callable[[float], None]) -> ModelInfo:
        total = float(self._options.get("load_ms", 0)) / 1000
        for step in range(1, 5):
            if total:
                self._sleep(total / 4)
            progress(step / 4)
        if "load_error" in self._options:
            raise wire.error_from_json(self._options["load_error"])
        metadata = {"iquest.fim.order": "spm", "iquest.prompt.version": "1", **self._options.get("metadata", {})}
        return ModelInfo(
            name="fake",
            path="",
            architecture="fake",
            context_length=self._context_tokens,
            passes=1,
            parameters=0,
            size_bytes=0,
            reach=self._context_tokens,
            window=self._window_tokens,
            sequences=SEQUENCES,
            special_tokens={text: FIRST_SPECIAL + i for i, text in enumerate(self._special)},
            metadata=metadata,
        )

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(text.encode("utf-8", "surrogatepass")) for text in texts]

    def complete(
        self,
        prompt: Prompt,
        limits: Limits,
        cancelled: Callable[[], bool],
        on_text: Callable[[str], None] | None = None,
    ) -> Generation:
        start = self._clock()
        self._crash_if_asked(prompt.tokens)
        reused, prefilled = self._prefill(prompt.tokens, prompt.sequence, cancelled)
        ready = self._clock()
        stream = TextStream(prompt)
        finish = Finish.STOP
        made: list[int] = []
        ends: list[int] = []
        for byte in self._answer(prompt):
            if cancelled():
                raise RequestCancelledError("The request was cancelled")
            if limits.deadline_ms is not None and (self._clock() - start) * 1000 >= limits.deadline_ms:
                finish = Finish.DEADLINE
                break
            if len(made) >= limits.max_tokens:
                finish = Finish.LIMIT
                break
            self._wait("token_ms", 1)
            made.append(byte)
            before = len(stream.text)
            ended = stream.push(bytes([byte]))
            ends.append(len(stream.text))
            if on_text is not None and len(stream.text) > before:
                on_text(stream.text[before:])
            if ended is not None:
                finish = ended
                break
        self._generated += len(made)
        self._evaluated += max(len(made) - 1, 0)
        self._cache.extend(prompt.sequence, made[:-1])  # the last one was never fed back
        now = self._clock()
        return Generation(
            text=stream.text,
            tokens=tuple(made),
            logprobs=(float(self._options.get("logprob", 0.0)),) * len(made),
            finish=finish,
            counts=TokenCounts(len(prompt.tokens), reused, prefilled, len(made)),
            timings=Timings(
                total_ms=(now - start) * 1000, prefill_ms=(ready - start) * 1000, decode_ms=(now - ready) * 1000
            ),
            ends=tuple(ends),
        )

    def warm(self, tokens: Sequence[int], sequence: int, budget_ms: float, cancelled: Callable[[], bool]) -> WarmResult:
        reused = self._cache.reusable(sequence, tokens)
        each = float(self._options.get("prefill_ms", 0))
        room = len(tokens) - reused if each <= 0 else max(int(budget_ms / each), 1)
        upto = min(reused + room, len(tokens))
        _, evaluated = self._prefill(tokens[:upto], sequence, cancelled)
        return WarmResult(reused, evaluated, len(tokens) - upto)

    def save(self, label: StateLabel, sequence: int, wait: bool) -> int:
        held = np.asarray(self._cache.tokens(sequence), np.int32).view(np.uint8)

        def write(buffer: NDArray[np.uint8]) -> None:
            buffer[:] = held

        return self._states.save(label, self._cache.tokens(sequence), lambda: len(held), write, wait=wait)

    def restore(self, label: StateLabel, sequence: int, wanted: Sequence[int] = ()) -> int:
        def read(tokens: Sequence[int], _: NDArray[np.uint8]) -> None:
            if self._cache.serves_better(sequence, tokens, wanted):
                self._cache.truncate(sequence, 0)
                self._cache.extend(sequence, tokens)

        self._states.restore(label, read)
        return self._cache.held(sequence)

    def learn(self, memory: Sequence[str], budget_ms: float, cancelled: Callable[[], bool]) -> int:
        return 0

    def metrics(self) -> EngineMetrics:
        return EngineMetrics(self._evaluated, self._generated, self._cache.sizes(), 0)

    def close(self) -> None:
        self._states.wait()
        self._cache.clear()

    def _prefill(self, tokens: Sequence[int], sequence: int, cancelled: Callable[[], bool]) -> tuple[int, int]:
        reused = self._cache.reusable(sequence, tokens)
        self._cache.truncate(sequence, reused)
        new = list(tokens[reused:])
        for start in range(0, len(new), 64):
            if cancelled():
                raise RequestCancelledError("The request was cancelled")
            piece = new[start : start + 64]
            self._wait("prefill_ms", len(piece))
            self._cache.extend(sequence, piece)
            self._evaluated += len(piece)
        return reused, len(new)

    def _answer(self, prompt: Prompt) -> Iterator[int]:
        asked, script = self._scripted
        if len(prompt.tokens) > len(asked) > 0 and prompt.tokens[: len(asked)] == asked:
            so_far = bytes(token & 255 for token in prompt.tokens[len(asked) :])
            if script.startswith(so_far):  # a long answer is asked for in slices
                yield from script[len(so_far) :]
                return
        if self._responses:
            self._scripted = prompt.tokens, self._responses.popleft().encode()
            yield from self._scripted[1]
            return
        text = bytes(token for token in prompt.tokens if token < FIRST_SPECIAL)
        if echo := str(self._options.get("echo", "")).encode():
            known = next((size for size in range(min(len(echo), len(text)), 0, -1) if text.endswith(echo[:size])), 0)
            yield from echo[known:]
            return
        head = text.rpartition(b"\n")[2]
        while head.strip():
            at = text.rfind(head, 0, len(text) - len(head))
            if at >= 0:
                yield from text[at + len(head) : len(text) - len(head)]
                return
            head = head.partition(b" ")[2] if b" " in head else head[1:]

    def _crash_if_asked(self, tokens: Sequence[int]) -> None:
        needle = str(self._options.get("crash_on", ""))
        if needle and needle.encode() in bytes(t for t in tokens[-CRASH_LOOKBACK:] if t < FIRST_SPECIAL):
            os._exit(134)

    def _wait(self, option: str, tokens: int) -> None:
        each = float(self._options.get(option, 0))
        if each > 0:
            self._sleep(each * tokens / 1000)
