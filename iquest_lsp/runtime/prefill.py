"""Evaluation of prompts: what the KV cache holds is kept, the rest runs in steps that give way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.llama_context import Context
from iquest_lsp.runtime.loop import LoopContext, Step
from iquest_lsp.runtime.prefix_cache import PrefixCache

#: The later passes run over so many positions more than the last one needs, for edits a little before the cursor.
REWIND_EXTRA = 256


class Prefill:
    """The sequences of one context: `cache` says which tokens each of them holds, `evaluated` what that cost."""

    def __init__(self, context: Context, batch: int) -> None:
        self.context = context
        self.cache = PrefixCache()
        self.evaluated = 0
        self._batch = batch
        self._token_ms = 0.0  # measured cost of one prefilled token, a moving average

    def run(
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
        evaluated stays, also when RequestCancelledError is raised. The last token's logits are kept.
        """
        held = self.cache.reusable(sequence, tokens)
        steps = self._steps(sequence, held, len(tokens), budget_ms)
        reused = done = steps[0].start
        if not self.rewind(sequence, reused):
            return self.run(tokens, sequence, cancelled, deadline, budget_ms=budget_ms)
        self.context.set_abort(cancelled)
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
            self.context.set_abort(None)
        return reused, done - reused

    def rewind(self, sequence: int, length: int) -> bool:
        """Forgets everything from position `length` on; False where that took everything before it too."""
        if length >= self.cache.held(sequence):
            return True
        if self.context.remove(sequence, length, -1):
            self.cache.truncate(sequence, length)
            return True
        self.context.remove(sequence, -1, -1)
        self.cache.truncate(sequence, 0)
        return False

    def _steps(self, sequence: int, held: int, total: int, budget_ms: float) -> Sequence[Step]:
        """The calls that evaluate a prompt: for a Loop model the later passes run over the receptive field only."""
        size = self._batch
        if self._token_ms > 0:
            fitting = int(budget_ms / self._token_ms)
            size = max(min(fitting - fitting % 32, self._batch), 32)
        else:
            size = min(64, size)
        if isinstance(self.context, LoopContext):
            return self.context.plan(sequence, held, total, batch=size, extra=REWIND_EXTRA).steps
        return [Step(start, min(start + size, total), 0) for start in range(held, total, size)]

    def _run(
        self,
        step: Step,
        tokens: list[int],
        sequence: int,
        logits: Literal["last"] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        positions = np.arange(step.start, step.stop)
        begin = time.monotonic()
        try:
            if isinstance(self.context, LoopContext) and step.layers:
                self.context.decode_layers(tokens, positions, sequence, step.layers, logits, partial=step.partial)
            else:
                self.context.decode(tokens, positions, sequence, logits=logits)
        except EngineError:
            self.context.remove(sequence, step.start, -1)  # nothing half evaluated may stay
            if cancelled():
                raise RequestCancelledError("The request was cancelled") from None
            raise
        self.cache.extend(sequence, tokens)
        self.evaluated += len(tokens)
        if len(tokens) >= 32:
            cost = (time.monotonic() - begin) * 1000 / len(tokens)
            self._token_ms = cost if self._token_ms <= 0 else 0.7 * self._token_ms + 0.3 * cost
