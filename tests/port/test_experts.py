"""A mixture of experts loads and answers alike, wherever it is told that its experts lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import GpuUse, Model
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.runtime.models.planner import Wishes, plan
from quantize import random_model as maker
from quantize.random_model import Recipe, keys, tensors, write

EXPERTS, USED = 4, 2


@pytest.fixture
def mixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A random model whose feed-forward layers are four experts, of which two are used for a token."""
    recipe = Recipe(n_layer=2, passes=1, n_vocab=320, community=True, seed=5)
    weights = tensors(recipe)
    others = [tensors(replace(recipe, seed=seed)) for seed in range(6, 6 + EXPERTS)]
    random = np.random.default_rng(1)
    for layer in range(recipe.n_layer):
        for part in ("gate", "up", "down"):
            name = f"blk.{layer}.ffn_{part}.weight"
            weights[f"blk.{layer}.ffn_{part}_exps.weight"] = np.stack([other[name] for other in others])
            del weights[name]
        router = random.standard_normal((EXPERTS, recipe.n_embd)).astype(np.float32)
        weights[f"blk.{layer}.ffn_gate_inp.weight"] = router
    monkeypatch.setattr(maker, "tensors", lambda recipe: weights)
    loops = tuple(key for key in keys(recipe) if key.startswith("loop."))  # a plain model has none
    counts = {"expert_count": EXPERTS, "expert_used_count": USED}
    return write(tmp_path / "mixture.gguf", recipe, counts, leave_out=loops)


def test_the_same_wherever_its_experts_lie(mixture: Path) -> None:
    found = []
    for use in (GpuUse(), GpuUse(keeps_experts=True)):
        model = Model.load(mixture, gpus=use)
        context = Context(model, 64, type_k="f32", type_v="f32", flash_attn=False, n_threads=1)
        context.decode(np.arange(20), np.arange(20), logits="last")
        found.append(context.logits(-1))
        context.close()
        model.close()
    assert np.isfinite(found[0]).all()
    assert np.ptp(found[0]) > 0.1
    assert np.array_equal(*found)


def test_it_is_planned_for_as_a_whole(mixture: Path) -> None:
    header = read_header(mixture)
    assert header.get("expert_count", 0) == EXPERTS
    assert plan(Wishes(), header, memory=2**30).window > 0
