"""The llama engine: one GGUF in llama.cpp, its prefix cache, and greedy or sampled decoding."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import Finish, Generation, Limits, ModelInfo, Prompt, Timings, TokenCounts
from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.engine import EngineMetrics, EngineOptions, WarmResult
from iquest_lsp.runtime.gguf_header import read_header
from iquest_lsp.runtime.healing import Pieces
from iquest_lsp.runtime.llama import Context, Model
from iquest_lsp.runtime.loop import LoopContext, Step
from iquest_lsp.runtime.planner import cores
from iquest_lsp.runtime.prefix_cache import PrefixCache
from iquest_lsp.runtime.textstream import TextStream

#: A head whose bias has fallen to -T contributes e^-T of its weight: below f32 rounding for T = 17.
REACH_NATS = 17.0
#: Positions behind the local window that a rewind finds in the local cache, at no cost.
REWIND_MARGIN = 4096
#: The later passes run over so many positions more than the last one needs, for edits a little before the cursor.
REWIND_EXTRA = 256


class LlamaBackend:
    """Holds the model and one context; see engine.Backend for the calls."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._model: Model | None = None
        self._context: Context | None = None
        self._cache = PrefixCache()
        self._pieces: Pieces | None = None
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
        options: dict[str, Any] = {
            "n_batch": self._batch, "n_ubatch": self._batch, "n_seq_max": self._options.sequences,
            "type_k": kv, "type_v": kv, "flash_attn": self._options.flash_attention,
            "n_threads": threads, "n_threads_batch": threads,
        }  # fmt: skip
        if model.passes > 1:
            margin = min(REWIND_MARGIN, self._options.context_tokens)
            self._context = LoopContext(model, self._options.context_tokens, margin, **options)
        else:
            self._context = model.context(self._options.context_tokens, **options)
        self._model = model
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
        must = b""
        if prompt.heal and (healed := self._vocabulary().heal(prompt.tokens)).tokens:
            prompt, must = replace(prompt, tokens=healed.tokens), healed.prefix
        reused, prefilled = self._prefill(prompt.tokens, prompt.sequence, cancelled, deadline)
        ready = time.monotonic()
        made: list[int] = []
        logprobs: list[float] = []
        stream = TextStream(prompt)
        finish = Finish.DEADLINE
        if reused + prefilled == len(prompt.tokens):
            finish = self._decode(
                model, context, prompt, must, limits, deadline, cancelled, stream, on_text, made, logprobs
            )
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
        reused, evaluated = self._prefill(tokens, sequence, cancelled, deadline, budget_ms=budget_ms)
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

    def _vocabulary(self) -> Pieces:
        if self._pieces is None:
            model, _ = self._loaded()
            self._pieces = Pieces([model.piece(token) for token in range(model.n_vocab)])
        return self._pieces

    def _check_room(self, prompt: int, answer: int) -> None:
        if prompt == 0:
            raise EngineError("The prompt is empty")
        if prompt + answer > self._options.context_tokens:
            raise EngineError(
                f"The prompt of {prompt} tokens does not fit",
                why=f"the model was loaded with room for {self._options.context_tokens}",
                fix="Make window_tokens smaller",
            )

    def _prefill(
        self,
        tokens: Sequence[int],
        sequence: int,
        cancelled: Callable[[], bool],
        deadline: float | None,
        *,
        budget_ms: float = 50.0,
    ) -> tuple[int, int]:
        """Evaluates what the sequence does not hold yet, in steps of about `budget_ms`.

        Stops between two steps at the deadline. Returns how many tokens were reused and how many evaluated; what was
        evaluated stays, also when RequestCancelledError is raised.
        """
        _, context = self._loaded()
        held = self._cache.reusable(sequence, tokens)
        steps = self._steps(sequence, held, len(tokens), budget_ms)
        reused = done = steps[0].start
        if reused < self._cache.held(sequence):
            if not context.remove(sequence, reused, -1):
                context.remove(sequence, -1, -1)
                self._cache.truncate(sequence, 0)
                return self._prefill(tokens, sequence, cancelled, deadline, budget_ms=budget_ms)
            self._cache.truncate(sequence, reused)
        context.set_abort(cancelled)
        try:
            for step in steps:
                if cancelled():
                    raise RequestCancelledError("The request was cancelled")
                if deadline is not None and done > reused and time.monotonic() >= deadline:
                    break
                logits: Literal["last"] | None = "last" if step is steps[-1] else None
                self._run(step, list(tokens[step.start : step.stop]), sequence, logits, cancelled)
                done = step.stop
        finally:
            context.set_abort(None)
        return reused, done - reused

    def _steps(self, sequence: int, held: int, total: int, budget_ms: float) -> Sequence[Step]:
        """The calls that evaluate a prompt: for a Loop model the later passes run over the receptive field only."""
        size = self._batch
        if self._token_ms > 0:
            fitting = int(budget_ms / self._token_ms)
            size = max(min(fitting - fitting % 32, self._batch), 32)
        else:
            size = min(64, size)
        _, context = self._loaded()
        if isinstance(context, LoopContext):
            return context.plan(sequence, held, total, batch=size, extra=REWIND_EXTRA).steps
        return [Step(start, min(start + size, total), 0) for start in range(held, total, size)]

    def _run(
        self,
        step: Step,
        tokens: list[int],
        sequence: int,
        logits: Literal["last"] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        _, context = self._loaded()
        positions = np.arange(step.start, step.stop)
        begin = time.monotonic()
        try:
            if isinstance(context, LoopContext) and step.layers:
                context.decode_layers(tokens, positions, sequence, step.layers, logits, partial=step.partial)
            else:
                context.decode(tokens, positions, sequence, logits=logits)
        except EngineError:
            context.remove(sequence, step.start, -1)  # nothing half evaluated may stay
            if cancelled():
                raise RequestCancelledError("The request was cancelled") from None
            raise
        self._cache.extend(sequence, tokens)
        self._evaluated += len(tokens)
        if len(tokens) >= 32:
            cost = (time.monotonic() - begin) * 1000 / len(tokens)
            self._token_ms = cost if self._token_ms <= 0 else 0.7 * self._token_ms + 0.3 * cost

    def _decode(
        self,
        model: Model,
        context: Context,
        prompt: Prompt,
        must: bytes,
        limits: Limits,
        deadline: float | None,
        cancelled: Callable[[], bool],
        stream: TextStream,
        on_text: Callable[[str], None] | None,
        made: list[int],
        logprobs: list[float],
    ) -> Finish:
        """Writes the answer; its first bytes are `must`, which the prompt gave up and the text leaves out."""
        generator = np.random.default_rng(0)
        unsaid = len(must)
        while True:
            if cancelled():
                raise RequestCancelledError("The request was cancelled")
            row = context.logits(-1)
            if must:
                row = only(row, self._vocabulary().allowed(must))
            token, logprob = choose(row, prompt.temperature, generator)
            if model.is_eog(token):
                return Finish.STOP
            made.append(token)
            logprobs.append(logprob)
            piece = model.piece(token)
            if must:
                must = self._vocabulary().left(must, token)
            before = len(stream.text)
            ended = stream.push(piece[unsaid:])
            unsaid = max(unsaid - len(piece), 0)
            if on_text is not None and len(stream.text) > before:
                on_text(stream.text[before:])
            if ended is not None:
                return ended
            if len(made) >= limits.max_tokens:
                return Finish.LIMIT
            if deadline is not None and time.monotonic() >= deadline:
                return Finish.DEADLINE
            place = self._cache.held(prompt.sequence)
            self._run(Step(place, place + 1, 0), [token], prompt.sequence, "last", cancelled)


def only(logits: NDArray[np.float32], tokens: Sequence[int]) -> NDArray[np.float32]:
    """The logits with all other tokens ruled out; unchanged where there is no such token."""
    if not tokens:
        return logits
    kept = np.full_like(logits, -np.inf)
    kept[tokens] = logits[tokens]
    return kept


def choose(logits: NDArray[np.float32], temperature: float, generator: np.random.Generator) -> tuple[int, float]:
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
    """How many tokens back the widest head sees to within rounding.

    Press et al. 2022, "Train Short, Test Long", section 3; slopes as ggml computes them, of which the smallest is
    2^-max_alibi_bias whatever the number of heads.
    """
    if max_alibi_bias <= 0 or n_head <= 0:
        return context_length
    return min(int(REACH_NATS * 2.0**max_alibi_bias), context_length)
