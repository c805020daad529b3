"""The llama engine: one GGUF in llama.cpp, its prefix cache, and greedy or sampled decoding."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import Finish, Generation, Limits, ModelInfo, Prompt, Timings, TokenCounts
from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.engine import EngineMetrics, EngineOptions, WarmResult
from iquest_lsp.runtime.gguf_header import read_header
from iquest_lsp.runtime.llama import Context, Model
from iquest_lsp.runtime.planner import cores
from iquest_lsp.runtime.prefix_cache import PrefixCache
from iquest_lsp.runtime.textstream import TextStream

#: A head whose bias has fallen to -T contributes e^-T of its weight: below f32 rounding for T = 17.
REACH_NATS = 17.0


class LlamaBackend:
    """Holds the model and one context; see engine.Backend for the calls."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._model: Model | None = None
        self._context: Context | None = None
        self._cache = PrefixCache()
        self._evaluated = 0
        self._generated = 0
        self._batch = options.batch_tokens
        self._token_ms = 0.0  # measured cost of one prefilled token, a moving average

    def load(self, progress: Callable[[float], None]) -> ModelInfo:
        path = Path(self._options.model_path)
        read_header(path)  # a clear error for a damaged file, where native code would end the process

        def report(share: float) -> bool:
            progress(share)
            return True

        model = Model.load(path, n_gpu_layers=self._options.gpu_layers, progress=report)
        threads = self._options.threads or cores()
        kv = self._options.kv_type
        context = model.context(
            n_ctx=self._options.context_tokens,
            n_batch=self._batch,
            n_ubatch=self._batch,
            n_seq_max=self._options.sequences,
            type_k=kv,
            type_v=kv,
            n_threads=threads,
            n_threads_batch=threads,
            swa_full=True,
        )
        self._model, self._context = model, context
        return describe(model, path, self._options.context_tokens)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        model = self._loaded()[0]
        return [model.tokenize(text) for text in texts]

    def complete(
        self,
        prompt: Prompt,
        limits: Limits,
        cancelled: Callable[[], bool],
        on_text: Callable[[str], None] | None = None,
    ) -> Generation:
        model, context = self._loaded()
        start = time.monotonic()
        deadline = None if limits.deadline_ms is None else start + limits.deadline_ms / 1000
        self._check_room(len(prompt.tokens), limits.max_tokens)
        reused = self._rewind(prompt.tokens, prompt.sequence)
        prefilled = self._prefill(prompt.tokens[reused:], prompt.sequence, cancelled, deadline)
        ready = time.monotonic()
        made: list[int] = []
        logprobs: list[float] = []
        stream = TextStream(prompt)
        finish = Finish.DEADLINE
        if reused + prefilled == len(prompt.tokens):
            finish = self._decode(model, context, prompt, limits, deadline, cancelled, stream, on_text, made, logprobs)
        self._generated += len(made)
        now = time.monotonic()
        return Generation(
            text=stream.text,
            tokens=tuple(made),
            logprobs=tuple(logprobs),
            finish=finish,
            counts=TokenCounts(len(prompt.tokens), reused, prefilled, len(made)),
            timings=Timings(
                total_ms=(now - start) * 1000, prefill_ms=(ready - start) * 1000, decode_ms=(now - ready) * 1000
            ),
        )

    def warm(self, tokens: Sequence[int], sequence: int, budget_ms: float, cancelled: Callable[[], bool]) -> WarmResult:
        self._check_room(len(tokens), 1)
        deadline = time.monotonic() + budget_ms / 1000
        reused = self._rewind(tokens, sequence)
        evaluated = self._prefill(tokens[reused:], sequence, cancelled, deadline, budget_ms=budget_ms)
        return WarmResult(reused, evaluated, len(tokens) - reused - evaluated)

    def metrics(self) -> EngineMetrics:
        memory = 0
        if self._model is not None and self._context is not None:
            memory = self._model.size_bytes + self._context.memory_bytes
        return EngineMetrics(self._evaluated, self._generated, self._cache.sizes(), memory)

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
        if self._model is not None:
            self._model.close()
        self._context = self._model = None
        self._cache.clear()

    # ------------------------------------------------------------------------------------------ internals

    def _loaded(self) -> tuple[Model, Context]:
        if self._model is None or self._context is None:
            raise EngineError("The model is not loaded yet", fix="Try again in a moment")
        return self._model, self._context

    def _check_room(self, prompt: int, answer: int) -> None:
        if prompt == 0:
            raise EngineError("The prompt is empty")
        if prompt + answer > self._options.context_tokens:
            raise EngineError(
                f"The prompt of {prompt} tokens does not fit",
                why=f"the model was loaded with room for {self._options.context_tokens}",
                fix="Make window_tokens smaller",
            )

    def _rewind(self, tokens: Sequence[int], sequence: int) -> int:
        """Keeps the common prefix in KV and drops the rest; returns its length."""
        _, context = self._loaded()
        reused = self._cache.reusable(sequence, tokens)
        if reused < self._cache.held(sequence):
            if not context.remove(sequence, reused, -1):
                context.remove(sequence, -1, -1)
                reused = 0
            self._cache.truncate(sequence, reused)
        return reused

    def _prefill(
        self,
        tokens: Sequence[int],
        sequence: int,
        cancelled: Callable[[], bool],
        deadline: float | None,
        *,
        budget_ms: float = 50.0,
    ) -> int:
        """Evaluates tokens in batches of about `budget_ms`; stops between two of them at the deadline.

        Returns how many were evaluated. What was evaluated stays, also when RequestCancelledError is raised.
        """
        _, context = self._loaded()
        done = 0
        context.set_abort(cancelled)
        try:
            while done < len(tokens):
                if cancelled():
                    raise RequestCancelledError("The request was cancelled")
                if deadline is not None and done and time.monotonic() >= deadline:
                    break
                piece = list(tokens[done : done + self._batch_size(budget_ms)])
                last = done + len(piece) == len(tokens)
                self._evaluate(piece, sequence, "last" if last else None, cancelled)
                done += len(piece)
        finally:
            context.set_abort(None)
        return done

    def _batch_size(self, budget_ms: float) -> int:
        if self._token_ms <= 0:
            return min(64, self._batch)
        size = int(budget_ms / self._token_ms)
        return max(min(size - size % 32, self._batch), 32)

    def _evaluate(self, piece: list[int], sequence: int, logits: str | None, cancelled: Callable[[], bool]) -> None:
        _, context = self._loaded()
        first = self._cache.held(sequence)
        positions = list(range(first, first + len(piece)))
        start = time.monotonic()
        try:
            context.decode(piece, positions, sequence, logits=logits)
        except EngineError:
            context.remove(sequence, first, -1)  # nothing half evaluated may stay
            if cancelled():
                raise RequestCancelledError("The request was cancelled") from None
            raise
        self._cache.extend(sequence, piece)
        self._evaluated += len(piece)
        if len(piece) >= 32:
            cost = (time.monotonic() - start) * 1000 / len(piece)
            self._token_ms = cost if self._token_ms <= 0 else 0.7 * self._token_ms + 0.3 * cost

    def _decode(
        self,
        model: Model,
        context: Context,
        prompt: Prompt,
        limits: Limits,
        deadline: float | None,
        cancelled: Callable[[], bool],
        stream: TextStream,
        on_text: Callable[[str], None] | None,
        made: list[int],
        logprobs: list[float],
    ) -> Finish:
        generator = np.random.default_rng(0)
        while True:
            if cancelled():
                raise RequestCancelledError("The request was cancelled")
            token, logprob = choose(context.logits(-1), prompt.temperature, generator)
            if model.is_eog(token):
                return Finish.STOP
            made.append(token)
            logprobs.append(logprob)
            before = len(stream.text)
            ended = stream.push(model.piece(token))
            if on_text is not None and len(stream.text) > before:
                on_text(stream.text[before:])
            if ended is not None:
                return ended
            if len(made) >= limits.max_tokens:
                return Finish.LIMIT
            if deadline is not None and time.monotonic() >= deadline:
                return Finish.DEADLINE
            self._evaluate([token], prompt.sequence, "last", cancelled)


def choose(
    logits: NDArray[np.float32], temperature: float, generator: np.random.Generator
) -> tuple[int, float]:
    """The next token and its log-probability at temperature 1: the likeliest at temperature 0, else a sample."""
    top = float(logits.max())
    total = top + float(np.log(np.exp(logits - top, dtype=np.float32).sum()))
    if temperature <= 0:
        token = int(logits.argmax())
    else:
        scaled = (logits - top) / temperature
        weights = np.exp(scaled, dtype=np.float64)
        token = int(generator.choice(len(logits), p=weights / weights.sum()))
    return token, float(logits[token]) - total


def describe(model: Model, path: Path, context_tokens: int) -> ModelInfo:
    """What the rest of the house needs to know of a loaded model."""
    metadata = model.metadata
    context_length = int(metadata.get(f"{model.architecture}.context_length", context_tokens))
    return ModelInfo(
        name=metadata.get("general.name") or path.stem,
        path=str(path),
        architecture=model.architecture,
        context_length=context_length,
        passes=model.passes,
        parameters=model.n_params,
        size_bytes=model.size_bytes,
        reach=reach(model.max_alibi_bias, model.n_head, context_length),
        special_tokens=model.special_tokens(),
        metadata=metadata,
    )


def reach(max_alibi_bias: float, n_head: int, context_length: int) -> int:
    """How many tokens back the widest head sees to within rounding (Press et al. 2022, "Train Short, Test Long", section 3)."""
    if max_alibi_bias <= 0 or n_head <= 0:
        return context_length
    slope = 2.0 ** (-max_alibi_bias)  # the last head's, for a power-of-two head count; others lie within a factor 2
    return min(int(REACH_NATS / slope), context_length)
