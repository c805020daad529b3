"""The end of a sequence, where an answer grows: rows are evaluated behind it, then kept or forgotten."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.decode.controller import Call, Costs
from iquest_lsp.runtime.kv.prefill import Prefill
from iquest_lsp.runtime.llama.context import Context

Logits = NDArray[np.float32]

#: A call with more work than this asks in between whether it is still wanted; asking costs shorter ones too much.
ASKING_SECONDS = 0.03


class SequenceEnd(Protocol):
    """What decoding needs of the sequence that it writes to."""

    @property
    def length(self) -> int:
        """Tokens that are kept."""

    def last(self) -> Logits:
        """The logits of the last token of the prompt."""

    def full(self, tokens: Sequence[int]) -> Sequence[Logits]:
        """Evaluates tokens behind the kept ones, all passes; one row of logits for each, there until the next call."""

    def first(self, token: int) -> Logits:
        """Evaluates the first pass of one token more behind the kept ones."""

    def later(self) -> Sequence[Logits]:
        """Runs the later passes of all tokens since whose first pass was evaluated; one row for each, as `full`."""

    def keep(self, count: int) -> None:
        """Keeps the first `count` of the tokens evaluated since the last call, and forgets the others."""


class _Rows(Sequence[Logits]):
    """The logits of a call's first rows, each fetched when it is looked at: behind a wrong draft none is."""

    def __init__(self, context: Context, count: int) -> None:
        self._context = context
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Logits: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Logits]: ...
    def __getitem__(self, place: int | slice) -> Logits | Sequence[Logits]:
        if isinstance(place, slice):
            return [self[row] for row in range(self._count)[place]]
        return self._context.logits(range(self._count)[place])


class ContextEnd:
    """The tail of a sequence in a llama.cpp context; a call has a row for each token, and no more."""

    def __init__(
        self,
        prefill: Prefill,
        sequence: int,
        costs: Costs,
        cancelled: Callable[[], bool],
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        """`clock` counts the seconds of work: those of this process, unless another device does it."""
        self._prefill = prefill
        self._context = prefill.context
        self._sequence = sequence
        self._costs = costs
        self._cancelled = cancelled
        self._clock = clock
        self._ended: tuple[float, float] | None = None  # when the last call did, by both clocks
        self._new: list[int] = []
        self._hidden: list[NDArray[np.float32]] = []

    @property
    def length(self) -> int:
        return self._prefill.cache.held(self._sequence)

    def last(self) -> Logits:
        return self._context.logits(-1)

    def full(self, tokens: Sequence[int]) -> Sequence[Logits]:
        with self._call(Call.FULL, len(tokens)):
            self._context.decode(tokens, self._places(len(tokens)), self._sequence, logits="all")
        self._new += tokens
        return _Rows(self._context, len(tokens))

    def first(self, token: int) -> Logits:
        context = self._context
        with self._call(Call.FIRST, 1):
            context.decode_depth([token], self._places(1), self._sequence, 1, "all")
        self._new.append(token)
        self._hidden.append(context.hidden(0))
        return context.logits(0)

    def later(self) -> Sequence[Logits]:
        context = self._context
        hidden = np.stack(self._hidden)
        with self._call(Call.LATER, len(hidden)):
            context.finish(hidden, self.length + np.arange(len(hidden)), self._sequence)
        self._hidden.clear()
        return _Rows(context, len(hidden))

    def keep(self, count: int) -> None:
        if count < len(self._new):
            self._context.remove(self._sequence, self.length + count, -1)
        self._prefill.cache.extend(self._sequence, self._new[:count])
        self._prefill.evaluated += len(self._new)
        self._new.clear()
        self._hidden.clear()

    def _places(self, count: int) -> NDArray[np.int64]:
        start = self.length + len(self._new)
        return np.arange(start, start + count)

    @contextlib.contextmanager
    def _call(self, call: Call, rows: int) -> Iterator[None]:
        """Times a call, and what was done since the one before it: choosing tokens costs a small model a fifth.

        One that fails or is stopped leaves nothing half evaluated behind.
        """
        asks = self._costs.of(call, rows, self.length) > ASKING_SECONDS
        if asks:
            self._context.set_abort(self._cancelled)
        begin, begin_work = self._ended or (time.perf_counter(), self._clock())
        self._ended = None
        try:
            yield
        except EngineError:
            self._context.remove(self._sequence, self.length, -1)
            self._new.clear()
            self._hidden.clear()
            if self._cancelled():
                raise RequestCancelledError("The request was cancelled") from None
            raise
        finally:
            if asks:
                self._context.set_abort(None)
        self._ended = end, end_work = time.perf_counter(), self._clock()
        self._costs.add(call, rows, self.length, end_work - begin_work, end - begin)
