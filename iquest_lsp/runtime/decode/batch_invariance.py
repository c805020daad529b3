"""Whether a context computes a token alike, whatever the number of tokens evaluated with it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from iquest_lsp.runtime.decode.controller import MOST_ROWS
from iquest_lsp.runtime.llama.context import Context

_PROMPT, _ROWS = 8, (1, 2, 4, 8, MOST_ROWS)
#: A first round warms up and the quickest of the others counts, unless one takes longer than this.
_TURNS, _PATIENCE_S = 4, 0.3


@dataclass(frozen=True, slots=True)
class RowTrial:
    """What was found: whether logits were the same however many rows a call had, and the seconds of processor time that
    calls of so many rows took."""

    is_invariant: bool
    seconds: dict[int, float]


def try_rows(context: Context) -> RowTrial:
    """Tries calls of some sizes out, in an empty context, which is empty again afterwards.

    Kernels for one row may sum in another order than those for several, and where activations are rounded to 8 bits, a
    difference in the last bit grows to some hundredths in the logits: enough to change the best token now and then.
    A difference does not show in every token, since rounding to 8 bits swallows most of them, nor one that needs a
    long context: that none was found is a hint only.
    """
    ids = (np.arange(_PROMPT + max(_ROWS)) * 7919 + 13) % context.model.n_vocab
    context.decode(ids[:_PROMPT], np.arange(_PROMPT))
    found = {}
    seconds: dict[int, float] = {}
    for turn in range(_TURNS):
        for rows in _ROWS:
            begin = time.process_time()
            context.decode(ids[_PROMPT : _PROMPT + rows], np.arange(_PROMPT, _PROMPT + rows), logits="all")
            took = time.process_time() - begin
            seconds[rows] = min(seconds.get(rows, took), took) if turn else took
            found[rows] = context.logits(0)
            context.remove(0, _PROMPT, -1)
        if sum(seconds.values()) > _PATIENCE_S:
            break
    context.clear()
    return RowTrial(all(np.array_equal(row, found[_ROWS[-1]]) for row in found.values()), seconds)
