"""How long the engine takes for a token, on one thread, of several models in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model

#: Tokens decoded at once, before it is the next model's turn.
RUN = 16


def milliseconds(paths: Sequence[Path], context: int, rounds: int = 5) -> list[float]:
    """Median processor time of a token in milliseconds after `context` others, all passes, by model.

    The models take turns, so that what else the machine does meets them alike.
    """
    token = 300
    seen: list[list[float]] = [[] for _ in paths]
    with ExitStack() as stack:
        contexts = []
        for path in paths:
            model = Model.load(path)
            stack.callback(model.close)
            made = Context(model, n_ctx=context + 256, n_batch=512, n_ubatch=512)
            stack.callback(made.close)
            made.set_threads(1, 1)
            for at in range(0, context, 512):
                count = min(512, context - at)
                made.decode([token + (at + i) % 997 for i in range(count)], list(range(at, at + count)), logits=None)
            contexts.append(made)
        for _ in range(rounds):
            for times, made in zip(seen, contexts, strict=True):
                for step in range(RUN):
                    begin = time.process_time()
                    made.decode([token + step], [context + step], logits="last")
                    times.append(time.process_time() - begin)
                made.remove(0, context, -1)
    return [1000 * statistics.median(times) for times in seen]
