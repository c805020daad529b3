"""A small model with the same vocabulary that writes ahead; what it writes, the large one verifies.

It holds one text at a time, of a long one the end only: what it guesses costs nothing but time, so it need not know all
that the large model knows. After Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (2023).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.token_buffer import Ids, TokenBuffer, as_ids, common_prefix
from iquest_lsp.runtime.decode.controller import Call, Costs
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.evaluation import pieces
from iquest_lsp.runtime.models.planner import DRAFT_CELLS

CELLS = DRAFT_CELLS
#: Of a long text so many tokens are read at least, and it begins at a multiple of STEP, so that what is read stays read
#: while the text grows.
READ, STEP = 1024, 512
#: Tokens of one call.
BATCH = 64


class SmallModel:
    """The text that an answer continues, as the small model has read it."""

    def __init__(self, context: Context, n_vocab: int, costs: Costs, clock: Callable[[], float]) -> None:
        """`n_vocab` is the large model's; `costs` and `clock` as for ContextEnd."""
        self._context, self._n_vocab, self._costs, self._clock = context, n_vocab, costs, clock
        self._text = TokenBuffer()
        self._start = 0
        self._held = TokenBuffer()  # what lies in the cache, from `_start` on
        self._token_s = 0.0  # of one token among several
        self._unknown = max(context.model.token_eos, 0)

    @property
    def memory_bytes(self) -> int:
        """What its weights and its cache take."""
        return self._context.model.size_bytes + self._context.memory_bytes

    @property
    def behind(self) -> int:
        """Tokens of the text that are not read yet."""
        text = self._text.ids[self._start :]
        return len(text) - common_prefix(self._held.ids, text)

    @property
    def reading_s(self) -> float:
        """Seconds of work that reading them takes."""
        return self.behind * (self._token_s or self._costs.of(Call.SMALL, 1, 0))

    def begin(self, tokens: Sequence[int] | Ids) -> None:
        """Begins with another text."""
        ids = as_ids(tokens)
        self._text.truncate(common_prefix(self._text.ids, ids))
        self._text.extend(ids[len(self._text) :])
        self._place()

    def add(self, token: int) -> None:
        """Appends the answer's next token."""
        self._text.extend((token,))

    def guess(self, ahead: Sequence[int] = ()) -> NDArray[np.float32]:
        """The logits [n_vocab] of what follows the text and `ahead`; raises the engine's errors."""
        self._place(len(ahead))
        wanted = np.concatenate([self._text.ids[self._start :], as_ids(ahead)])
        self._read(wanted, len(wanted))
        return self._fitted(self._context.logits(-1))

    def read(self, tokens: Sequence[int] | Ids, deadline: float, cancelled: Callable[[], bool]) -> int:
        """Reads a text until the deadline or a cancellation; returns the tokens left. Raises the engine's errors."""
        self.begin(tokens)
        while (left := self.behind) and time.monotonic() < deadline and not cancelled():
            text = self._text.ids[self._start :]
            self._read(text, len(text) - left + BATCH)
        return left

    def close(self) -> None:
        """Frees the context and the model."""
        self._context.close()
        self._context.model.close()

    def _place(self, ahead: int = 0) -> None:
        """Moves the beginning of what is read where the text grew too long or another one came."""
        count = len(self._text)
        if self._start <= max(count - READ, 0) and count + ahead - self._start <= CELLS:
            return
        start = max(count - READ, 0) // STEP * STEP
        if start != self._start:
            self._start = start
            self._held.truncate(0)

    def _read(self, wanted: Ids, until: int) -> None:
        """Evaluates `wanted` up to there, its last token in any case."""
        until = min(until, len(wanted))
        held = min(common_prefix(self._held.ids, wanted[:until]), until - 1)
        if not self._context.remove(0, held, -1):
            self._context.clear()
            held = 0
        self._held.truncate(held)
        known = np.where(wanted < self._context.model.n_vocab, wanted, self._unknown)  # the large one may have more
        begin, begin_work = time.perf_counter(), self._clock()
        for start, stop in pieces(held, until, BATCH):
            self._context.decode(known[start:stop], np.arange(start, stop), logits="last" if stop == until else None)
            self._held.extend(wanted[start:stop])
        work, count = self._clock() - begin_work, until - held
        if count == 1:
            self._costs.add(Call.SMALL, 1, 0, work, time.perf_counter() - begin)
        elif count >= BATCH // 2:
            self._token_s = work / count

    def _fitted(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of the large model's tokens: vocabularies of one kind differ in unused ones at their end."""
        if len(logits) >= self._n_vocab:
            return logits[: self._n_vocab]
        return np.concatenate([logits, np.full(self._n_vocab - len(logits), -np.inf, np.float32)])
