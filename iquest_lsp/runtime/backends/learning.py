"""Learning a model's shares of the memory in idle moments, in a small context of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.share_learner import Learned, ShareLearner
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.memory.disk import Memory

log = logging.getLogger(__name__)

#: Tokens of one call at most, and of the first one, whose cost is not known yet.
BATCH, FIRST = 64, 4
#: A call is cut short, and its file begun again, only when it takes longer than any should.
LONG_CALL_S = 2.0


class Learning:
    """One run through a repository; `result` is there once `step` says that nothing is left."""

    def __init__(self, model: Model, pieces: Pieces, memories: Sequence[Memory], threads: tuple[int, int]) -> None:
        """`threads`: for one token and for several."""
        self.result: Learned | None = None
        self._model, self._threads = model, threads
        begin = model.metadata.get("tokenizer.ggml.add_bos_token", "").lower() in ("true", "1")
        first = [int(model.metadata.get("tokenizer.ggml.bos_token_id", 0))] if begin else []
        self._learner = ShareLearner(
            memories, pieces, model.n_vocab, lambda path: [*first, *model.tokenize(f"{path}\n")]
        )
        self._context: Context | None = None
        self._token_s = 0.0

    @property
    def is_worthwhile(self) -> bool:
        """Whether there is enough to learn from."""
        return self._learner.is_worthwhile

    def step(self, budget_ms: float, cancelled: Callable[[], bool]) -> int:
        """Reads for about so long; returns the tokens left. Raises RequestCancelledError, and the engine's errors."""
        if self._context is None:
            self._context = open_context(
                self._model,
                -(-(self._learner.room + 1) // 256) * 256,
                n_batch=BATCH,
                n_ubatch=BATCH,
                n_threads=self._threads[0],
                n_threads_batch=self._threads[1],
            )
        end = time.monotonic() + budget_ms / 1000
        while self._learner.remaining:
            now = time.monotonic()
            if cancelled():
                raise RequestCancelledError("The request was cancelled")
            if now >= end:
                return self._learner.remaining
            affordable = int((end - now) / self._token_s) if self._token_s else FIRST
            self._read(min(max(affordable, 1), BATCH), self._context, cancelled)
        self.result = self._learner.learned()
        self.close()
        return 0

    def close(self) -> None:
        """Frees the context."""
        if self._context is not None:
            self._context.close()
        self._context = None

    def _read(self, most: int, context: Context, cancelled: Callable[[], bool]) -> None:
        begin = time.monotonic()

        def read(tokens: NDArray[np.int32], start: int, scored: bool) -> Sequence[NDArray[np.float32]]:
            if start == 0:
                context.clear()
            context.decode(tokens, np.arange(start, start + len(tokens)), 0, "all" if scored else None)
            return [context.logits(at) for at in range(len(tokens))] if scored else []

        context.set_abort(lambda: cancelled() and time.monotonic() - begin > LONG_CALL_S)
        try:
            count = self._learner.step(most, read)
        except EngineError:
            self._learner.begin_again()
            raise
        finally:
            context.set_abort(None)
        took = (time.monotonic() - begin) / count
        self._token_s = took if not self._token_s else 0.7 * self._token_s + 0.3 * took
