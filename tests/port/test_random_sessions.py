"""Random sessions of edits: wherever the context says an output is exact, it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.oracle import Oracle
from quantize.random_model import Recipe
from tests.port.agreement import TOLERANCE, error
from tests.port.states import load_state, save_state

MODELS = [
    Recipe(n_layer=2, window=10, seed=70),
    Recipe(n_layer=2, window=6, passes=3, seed=71),
    Recipe(n_layer=2, window=10, max_alibi_bias=8.0, n_head_kv=1, seed=72),
    Recipe(n_layer=2, window=8, parallel=True, gate_hidden=True, seed=73),
    Recipe(n_layer=1, window=6, parallel=True, passes=3, seed=74),
]
SEQUENCES, LONGEST = 3, 240


class Session:
    """A context beside the plain lists of tokens that its sequences should hold."""

    def __init__(self, model: Model, oracle: Oracle, seed: int, flash: bool = False) -> None:
        self.random = np.random.default_rng(seed)
        self.oracle = oracle
        self.context = LoopContext(
            model,
            2048,
            margin=16,
            n_batch=64,
            n_ubatch=64,
            n_seq_max=SEQUENCES,
            type_k="f32",
            type_v="f32",
            flash_attn=flash,
            n_threads=1,
        )
        self.held: list[list[int]] = [[] for _ in range(SEQUENCES)]
        self.checked = 0

    def step(self) -> None:
        seq = int(self.random.integers(SEQUENCES))
        action = self.random.choice(["extend", "extend", "decode", "shallow", "rewind", "interrupt", "copy", "restore"])
        getattr(self, action)(seq)

    def extend(self, seq: int) -> None:
        tokens = [*self.held[seq], *self._new(int(self.random.integers(1, 150)))][:LONGEST]
        if len(tokens) == len(self.held[seq]):
            return
        plan = self.context.plan(seq, len(self.held[seq]), len(tokens), batch=int(self.random.integers(5, 64)))
        self.context.run(plan, np.asarray(tokens), seq)
        self.held[seq] = tokens
        assert self._check(seq)  # a plan always ends exact

    def interrupt(self, seq: int) -> None:
        tokens = [*self.held[seq], *self._new(100)][:LONGEST]
        plan = self.context.plan(seq, len(self.held[seq]), len(tokens), batch=20)
        done = int(self.random.integers(0, len(plan.steps) + 1))
        if plan.start < len(self.held[seq]) and done > 0:
            self.context.remove(seq, plan.start, -1)
            self.held[seq] = self.held[seq][: plan.start]
        for step in plan.steps[:done]:
            piece = np.asarray(tokens[step.start : step.stop])
            positions = np.arange(step.start, step.stop)
            self.context.decode_layers(piece, positions, seq, step.layers, apex=step.apex)
            self.held[seq] = tokens[: step.stop]

    def decode(self, seq: int) -> None:
        for token in self._new(int(self.random.integers(1, 12))):
            if len(self.held[seq]) < LONGEST:
                self.context.decode([token], [len(self.held[seq])], seq, "last")
                self.held[seq].append(token)
                self._check(seq)

    def shallow(self, seq: int) -> None:
        tokens = self._new(int(self.random.integers(1, 6)))
        if len(self.held[seq]) + len(tokens) <= LONGEST:
            positions = len(self.held[seq]) + np.arange(len(tokens))
            depth = int(self.random.integers(1, self.context.passes))
            self.context.decode_depth(tokens, positions, seq, depth)
            self.held[seq] += tokens

    def rewind(self, seq: int) -> None:
        if self.held[seq]:
            keep = int(self.random.integers(0, len(self.held[seq])))
            keep = max(keep, len(self.held[seq]) - 20) if self.random.random() < 0.7 else keep
            self.context.remove(seq, keep, -1)
            del self.held[seq][keep:]

    def copy(self, seq: int) -> None:
        other = (seq + 1) % len(self.held)
        keep = int(self.random.integers(0, len(self.held[seq]) + 1))
        self.context.remove(other, -1, -1)
        self.held[other] = []
        if keep:
            self.context.copy(seq, other, 0, keep)
            self.held[other] = self.held[seq][:keep]

    def restore(self, seq: int) -> None:
        other = (seq + 1) % len(self.held)
        load_state(self.context, other, save_state(self.context, seq))
        self.held[other] = list(self.held[seq])

    def _new(self, n: int) -> list[int]:
        return [int(token) for token in self.random.integers(0, 256, n)]

    def _check(self, seq: int) -> bool:
        position = len(self.held[seq]) - 1
        if self.context.exact_from(seq, len(self.held[seq])) > position:
            return False
        reference = self.oracle.logits(self.held[seq])[-1]
        assert error(self.context.logits(-1), reference) <= 2 * TOLERANCE  # one row, so its own largest value
        self.checked += 1
        return True


@pytest.mark.parametrize("recipe", MODELS, ids=lambda recipe: f"seed {recipe.seed}")
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("flash", [False, True], ids=["plain", "sparse"])
def test_exact_means_exact(recipe: Recipe, seed: int, flash: bool, random_model: Callable[[Recipe], Path]) -> None:
    if flash and recipe.max_alibi_bias == 0:
        pytest.skip("flash attention is exact for ALiBi models only")
    path = random_model(recipe)
    model = Model.load(path)
    session = Session(model, Oracle.from_gguf(path), seed, flash)
    for _ in range(30):
        session.step()
    assert session.checked > 4
    session.context.close()
    model.close()
