"""Cells that move while only the first pass is run: what is reserved anew then holds for all passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.random_model import Recipe
from tests.port.agreement import TOLERANCE, error

TOKENS, CUT, GONE = 96, 20, 10
MODELS = {
    "rope": Recipe(n_layer=3, window=16, seed=61),
    "alibi": Recipe(n_layer=3, window=16, max_alibi_bias=8.0, seed=62),
    "3 passes": Recipe(n_layer=2, passes=3, window=16, seed=63),
    "parallel": Recipe(n_layer=3, window=16, parallel=True, seed=64),
}


@pytest.mark.parametrize("kind", MODELS)
def test_all_passes_have_room_after_the_first_moved_cells(kind: str, random_model: Callable[[Recipe], Path]) -> None:
    model = Model.load(random_model(MODELS[kind]))
    ids = np.arange(TOKENS + 40) * 7919 % model.n_vocab
    answers = []
    for has_first_pass in (True, False):
        context = LoopContext(model, 256, n_ubatch=64, n_seq_max=2)
        context.keep_hidden(True)
        for at in range(0, TOKENS, 48):
            context.decode(ids[at : at + 48], np.arange(at, at + 48))
        context.remove(0, CUT, CUT + GONE)
        context.shift(0, CUT + GONE, TOKENS, -GONE)
        length = TOKENS - GONE
        if has_first_pass:
            context.decode_depth([ids[TOKENS]], [length], 0, 1, "all")
            context.remove(0, length, -1)
        rows = []
        for count in (1, 2, 5, 16):
            context.decode(ids[TOKENS : TOKENS + count], np.arange(length, length + count), 0, "all")
            rows += [context.logits(row).copy() for row in range(count)]
            length += count
        answers.append(np.array(rows))
        context.close()
    assert error(answers[0], answers[1]) < TOLERANCE
