"""Whether a context computes a token alike, whatever the number of tokens evaluated with it."""

from __future__ import annotations

import logging

import numpy as np

from iquest_lsp.runtime.llama_context import Context

log = logging.getLogger(__name__)

_PROMPT, _ROWS = 8, (1, 2, 4, 8)


def least_rows(context: Context) -> int:
    """How many rows a call needs at least, so that logits do not depend on how many there are.

    Kernels for one row sum in another order than those for several, and where activations are rounded to 8 bits, a
    difference in the last bit grows to some hundredths in the logits: enough to change the best token now and then.
    Tried out on this machine, in an empty context, which is empty again afterwards. A difference does not show in
    every token, since rounding to 8 bits swallows most of them, nor one that needs a long context: 1 is a hint only.
    """
    ids = (np.arange(_PROMPT + max(_ROWS)) * 7919 + 13) % context.model.n_vocab
    context.decode(ids[:_PROMPT], np.arange(_PROMPT))
    found = []
    for rows in _ROWS:
        context.decode(ids[_PROMPT : _PROMPT + rows], np.arange(_PROMPT, _PROMPT + rows), logits="all")
        found.append(context.logits(0))
        context.remove(0, _PROMPT, -1)
    context.clear()
    equal = [np.array_equal(row, found[-1]) for row in found]
    least = next(rows for place, rows in enumerate(_ROWS) if all(equal[place:]))
    if least > _ROWS[-2]:
        log.warning("logits depend on the number of rows: drafted and plain answers may differ in close calls")
        least = 1
    return least
