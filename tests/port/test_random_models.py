"""Models drawn at random, in sessions drawn at random: wherever the context says an output is exact, it is.

Wider than test_random_sessions.py, whose models are chosen: any number of heads, layers and passes, any window, RoPE
and ALiBi, the parallel variant, community files; one to four sequences, in one cache or each in its own, in batches of
two sequences too, and drafts of the first pass that the later ones finish.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.oracle import Oracle
from quantize.random_model import Recipe
from tests.port import test_random_sessions as sessions
from tests.port.agreement import TOLERANCE, error

STEPS = 20


def draw(seed: int) -> Recipe:
    """A model."""
    choice = random.Random(seed)
    shared, group = choice.choice([1, 2, 3, 4]), choice.choice([1, 2, 3, 4])
    passes = choice.choice([1, 2, 2, 2, 3, 4])
    parallel = passes > 1 and choice.random() < 0.35
    max_bias = choice.choice([0.0, 0.0, 4.0, 8.0, 16.0, 24.0])
    return Recipe(
        n_layer=choice.choice([1, 2, 3, 4]),
        n_embd=32 * choice.choice([1, 2, 3]),
        n_head=shared * group,
        n_head_kv=shared,
        head_dim=choice.choice([8, 12, 16, 24, 32]),
        n_ff=choice.choice([32, 96]),
        passes=passes,
        window=choice.choice([2, 3, 5, 8, 13, 16, 33]),
        max_alibi_bias=max_bias,
        parallel=parallel,
        position_offset=choice.choice([0, 1]),
        gate_hidden=passes > 1 and choice.random() < 0.4,
        community=not parallel and max_bias == 0 and passes > 1 and choice.random() < 0.2,
        tied=choice.random() < 0.3,
        rope_base=choice.choice([1e4, 5e5]),
        gate_scale=choice.choice([0.7, 2.0]),
        seed=seed,
    )


class Session(sessions.Session):
    """A session in a context that is drawn too."""

    def __init__(self, model: Model, oracle: Oracle, seed: int, can_skip: bool) -> None:
        choice = random.Random(seed)
        self.random = np.random.default_rng(seed)
        self.oracle = oracle
        self.sequences = choice.choice([1, 2, 3, 4])
        self.unified = choice.random() < 0.8
        self.context = LoopContext(
            model,
            4096,
            margin=choice.choice([0, 0, 16, 100, 400]),
            n_batch=64,
            n_ubatch=choice.choice([64, 64, 16, 7]),
            n_seq_max=self.sequences,
            type_k="f32",
            type_v="f32",
            flash_attn=can_skip and choice.random() < 0.6,
            n_threads=1,
            unified=self.unified,
        )
        self.held: list[list[int]] = [[] for _ in range(self.sequences)]
        self.checked = 0

    def step(self) -> None:
        actions = ["extend", "extend", "decode", "rewind", "interrupt"]
        if self.context.passes > 1:
            actions.append("shallow")
        if self.context.can_finish:
            actions.append("finish")
        if self.sequences > 1:
            actions += ["together", *(["copy", "restore"] if self.unified else [])]
        getattr(self, str(self.random.choice(actions)))(int(self.random.integers(self.sequences)))

    def finish(self, seq: int) -> None:
        start, tokens = len(self.held[seq]), self._new(int(self.random.integers(1, 8)))
        if start + len(tokens) > sessions.LONGEST:
            return
        self.context.keep_hidden(True)
        positions = start + np.arange(len(tokens))
        self.context.decode_depth(tokens, positions, seq, 1, "all")
        hidden = np.stack([self.context.hidden(row) for row in range(len(tokens))])
        self.context.finish(hidden, positions, seq)
        keep = int(self.random.integers(1, len(tokens) + 1))
        self.held[seq] += tokens[:keep]
        self._compare(seq, keep - 1)
        self.context.remove(seq, start + keep, -1)
        self.context.keep_hidden(False)

    def together(self, seq: int) -> None:
        both = seq, (seq + 1) % self.sequences
        if max(len(self.held[one]) for one in both) >= sessions.LONGEST:
            return
        tokens = self._new(2)
        self.context.decode(tokens, [len(self.held[one]) for one in both], both, "all")
        for row, one in enumerate(both):
            self.held[one].append(tokens[row])
            self._compare(one, row)

    def _compare(self, seq: int, row: int) -> None:
        if self.context.exact_from(seq, len(self.held[seq])) <= len(self.held[seq]) - 1:
            reference = self.oracle.logits(self.held[seq])[-1]
            assert error(self.context.logits(row), reference) <= 2 * TOLERANCE
            self.checked += 1


@pytest.mark.parametrize("seed", range(300, 312))
def test_any_model_is_exact_where_it_is_said_to_be(seed: int, random_model: Callable[[Recipe], Path]) -> None:
    recipe = draw(seed)
    path = random_model(recipe)
    model = Model.load(path)
    session = Session(model, Oracle.from_gguf(path), seed, recipe.max_alibi_bias > 0)
    for _ in range(STEPS):
        session.step()
    assert session.checked > 2
    session.context.close()
    model.close()
