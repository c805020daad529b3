"""The planner's measurement: about one second of reading and writing with the loaded model."""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from iquest_lsp.errors import EngineError, ModelError
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.planner import AUTO_TYPES, MeasuredSpeed

#: All measuring ends after so many seconds; a call that is under way then is the last. One token is written and some
#: are read however long that takes.
LIMIT_S = 1.0
PIECE_S = 0.1
CELLS = 1024
READ, READ_SLOWLY = 64, 16


def measure(model: Model, cores: int, kinds: tuple[str, ...] = AUTO_TYPES[:2], gpu: bool = False) -> MeasuredSpeed:
    """Measures; a slow model gets through the first steps only, and a very slow one writes one token and reads
    READ_SLOWLY. Raises the engine's errors."""
    end = time.perf_counter() + LIMIT_S
    token_ms = depth_ms = 0.0
    decode: dict[int, float] = {}
    reading: dict[int, float] = {}
    rates: dict[str, float] = {}
    counts = [cores] if gpu else sorted({cores, max(cores // 2, 1), 1}, reverse=True)  # half: one thread a real core
    with probe_in(model, kinds[0], cores) as probe:
        probe.read(8)
        for threads in counts:
            probe.threads(threads)
            if (times := probe.repeat(lambda: probe.read(1), end, is_needed=not decode)) is not None:
                decode[threads] = statistics.median(times)
                token_ms = min(token_ms or times[0] * 1000, min(times) * 1000)
        for threads in counts:
            probe.threads(threads)
            count = READ if reading or time.perf_counter() < end else READ_SLOWLY
            read = functools.partial(probe.read, count)
            if (times := probe.repeat(read, end, is_needed=not reading)) is not None:
                reading[threads] = statistics.median(times)
                rates[kinds[0]] = max(rates.get(kinds[0], 0.0), count / min(times))
        if decode and probe.position >= CELLS // 4:
            probe.threads(min(decode, key=lambda count: decode[count]))
            depth = probe.position
            if (times := probe.repeat(lambda: probe.read(1), end)) is not None:
                depth_ms = max(min(times) * 1000 - token_ms, 0.0) * 1000 / depth
    best = min(reading, key=lambda count: reading[count], default=0)
    for kind in kinds[1:]:
        if best and time.perf_counter() < end:
            # A model whose heads have an odd size cannot have every kind.
            with contextlib.suppress(EngineError, ModelError), probe_in(model, kind, best) as probe:
                if (times := probe.repeat(lambda: probe.read(READ), end)) is not None:
                    rates[kind] = READ / min(times)
    fastest = min(decode, key=lambda count: decode[count], default=0)
    return MeasuredSpeed(rates, token_ms, depth_ms, fastest, best)


class Probe:
    """A context that reads random tokens and begins anew when it is full."""

    def __init__(self, context: Context, vocabulary: int) -> None:
        self.context = context
        self.position = 0
        self._random = np.random.default_rng(0)
        self._vocabulary = vocabulary

    def read(self, count: int) -> None:
        if self.position + count > CELLS - READ:
            self.context.clear()
            self.position = 0
        tokens = self._random.integers(0, self._vocabulary, count)
        self.context.decode(tokens, np.arange(self.position, self.position + count), 0, "last")
        self.position += count

    def threads(self, count: int) -> None:
        self.context.set_threads(count, count)

    def repeat(self, call: Callable[[], None], end: float, *, is_needed: bool = False) -> list[float] | None:
        """Times of a call repeated for a while, at least once; None when there is no time left, unless it is needed."""
        times: list[float] = []
        begin = time.perf_counter()
        if is_needed:
            call()
            times.append(time.perf_counter() - begin)
        while (now := time.perf_counter()) < end and (not times or now - begin < PIECE_S):
            call()
            times.append(time.perf_counter() - now)
        return times or None


@contextlib.contextmanager
def probe_in(model: Model, kind: str, threads: int) -> Iterator[Probe]:
    context = open_context(model, CELLS, n_batch=READ, n_ubatch=READ, type_k=kind, type_v=kind, n_threads=threads)
    try:
        yield Probe(context, model.n_vocab)
    finally:
        context.close()
