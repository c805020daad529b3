"""Sparse ALiBi attention: what is left out is below rounding, whatever keys, cells and sequences look like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.planner import reach
from quantize import random_model as recipes
from quantize.oracle import Oracle
from quantize.random_model import Recipe
from tests.port.agreement import TOLERANCE, WAYS, error, expected, run, tokens_for
from tests.port.states import load_state, save_state

Files = Callable[[Recipe], Path]
Tokens = NDArray[np.int32]

#: Far beyond what any row can spare: blocks go as soon as something nearer was seen.
GREEDY = 1e20

CASES = {
    "4 heads on 2": Recipe(max_alibi_bias=8.0, seed=80),
    "6 heads on 3, max_bias 16": Recipe(n_embd=96, n_head=6, n_head_kv=3, window=16, max_alibi_bias=16.0, seed=81),
    "5 heads on 1": Recipe(n_layer=2, n_embd=80, n_head=5, n_head_kv=1, window=5, max_alibi_bias=8.0, seed=82),
    "7 heads of 12 on 7": Recipe(
        n_layer=2, n_embd=84, n_head=7, n_head_kv=7, head_dim=12, window=6, max_alibi_bias=8.0, seed=83
    ),
    "3 passes, 12 heads on 4": Recipe(
        n_layer=2, n_embd=96, n_head=12, n_head_kv=4, passes=3, max_alibi_bias=8.0, seed=84
    ),
    "1 pass": Recipe(passes=1, max_alibi_bias=8.0, seed=85),
    "parallel": Recipe(n_layer=2, parallel=True, gate_hidden=True, window=12, max_alibi_bias=8.0, seed=86),
}


def sparse_context(model: Model, share: float | None = None, kv: str = "f32", **options: Any) -> LoopContext:
    defaults: dict[str, Any] = {"flash_attn": True, "n_threads": 1, "n_batch": 512, "n_ubatch": 512}
    context = LoopContext(model, options.pop("cells", 2048), type_k=kv, type_v=kv, **(defaults | options))
    assert attention.applies(context)
    attention.set_skip(context, share)
    return context


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("unified", [True, False], ids=["one cache", "a cache each"])
@pytest.mark.parametrize("case", CASES)
def test_every_way_of_evaluating_agrees_with_the_oracle(
    case: str, unified: bool, threads: int, random_model: Files
) -> None:
    path = random_model(CASES[case])
    tokens = tokens_for(CASES[case], 320)
    reference = expected(path, tokens)
    model = Model.load(path)
    for way, (evaluate, sequences) in WAYS.items():
        context = sparse_context(model, n_seq_max=sequences, unified=unified, n_threads=threads)
        assert error(evaluate(context, tokens), reference) <= TOLERANCE, way
        assert attention.blocks(context).skipped > 0, way
        context.close()
    model.close()


@pytest.mark.parametrize("case", CASES)
def test_a_greedy_skip_fails_the_same_comparison(case: str, random_model: Files) -> None:
    path = random_model(CASES[case])
    tokens = tokens_for(CASES[case], 320)
    reference = expected(path, tokens)
    model = Model.load(path)
    for way in ("whole prefill", "token by token"):
        context = sparse_context(model, GREEDY)
        assert error(WAYS[way][0](context, tokens), reference) > 100 * TOLERANCE, way
        context.close()
    model.close()


@pytest.mark.parametrize(("kv", "bound"), [("f32", 5e-6), ("f16", 1e-3), ("bf16", 5e-3), ("q8_0", 1e-2)])
@pytest.mark.parametrize("max_bias", [8.0, 16.0])
def test_sparse_equals_dense_and_chooses_the_same_tokens(
    max_bias: float, kv: str, bound: float, random_model: Files
) -> None:
    recipe = Recipe(n_layer=2, n_embd=256, n_head=8, n_head_kv=2, n_ff=256, window=16, max_alibi_bias=max_bias, seed=87)
    model = Model.load(random_model(recipe))
    tokens = tokens_for(recipe, 2000)
    rows, counts = [], []
    for share in (None, 0.0):
        context = sparse_context(model, share, kv, n_threads=2)
        rows.append(np.stack(run(context, tokens[:1980], [512]) + run(context, tokens[1980:], [1], start=1980)))
        counts.append(attention.blocks(context))
        context.close()
    assert error(rows[0], rows[1]) <= bound
    close = np.sort(rows[1], axis=1)
    clear = close[:, -1] - close[:, -2] > bound * np.abs(rows[1]).max()
    assert np.mean(clear) > 0.8
    assert np.array_equal(rows[0].argmax(1)[clear], rows[1].argmax(1)[clear])
    assert counts[0].skipped > 0.15 * counts[0].visible
    assert counts[1].skipped == counts[1].skipped_values == 0
    assert counts[0].visible == counts[1].visible
    model.close()


def test_blocks_are_counted(random_model: Files) -> None:
    recipe = Recipe(n_layer=2, n_head=4, n_head_kv=2, passes=1, max_alibi_bias=8.0, seed=88)
    model = Model.load(random_model(recipe))
    context = sparse_context(model, 0.0)
    context.decode(tokens_for(recipe, 256), np.arange(256))
    pairs = (1 + 2 + 3 + 4) * recipe.n_head * recipe.n_layer  # 4 tiles of queries, each with those before it
    assert attention.blocks(context) == attention.Blocks(pairs, 0, 0)
    context.decode([1], [256], 0, "last")
    assert attention.blocks(context, reset=False).visible == 5 * recipe.n_head * recipe.n_layer
    attention.set_skip(context, GREEDY)
    context.decode([1], [257], 0, "last")
    # beyond the nearest tile nothing is worth reading then: one of five is left, for the later call
    assert attention.blocks(context) == attention.Blocks(80, 32, 0)
    context.close()
    model.close()


def test_the_switch_works_between_two_calls_of_the_same_shape(random_model: Files) -> None:
    recipe = CASES["4 heads on 2"]
    path = random_model(recipe)
    tokens = tokens_for(recipe, 220)
    model = Model.load(path)
    context = sparse_context(model)
    run(context, tokens[:219], [219])
    rows = []
    for share in (0.0, GREEDY, 0.0, None):
        attention.set_skip(context, share)
        context.decode(tokens[219:], [219], 0, "last")
        rows.append(context.logits(-1))
        context.remove(0, 219, -1)
    assert np.array_equal(rows[0], rows[2])
    assert error(rows[3], rows[0]) <= TOLERANCE
    assert error(rows[1], rows[0]) > 100 * TOLERANCE
    context.close()
    model.close()


def test_large_logits_reach_as_far_as_they_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recipe = Recipe(n_layer=2, max_alibi_bias=8.0, passes=2, window=8, seed=89)
    plain = recipes.tensors

    def louder(recipe: Recipe) -> dict[str, NDArray[np.float32]]:
        return {
            name: value * 4.0 if "attn_q." in name or "attn_k." in name else value
            for name, value in plain(recipe).items()
        }

    monkeypatch.setattr(recipes, "tensors", louder)
    path = recipes.write(tmp_path / "loud.gguf", recipe)
    tokens = tokens_for(recipe, 400)
    reference = Oracle.from_gguf(path).logits(tokens)
    model = Model.load(path)
    for way in ("whole prefill", "token by token"):
        errors = []
        for share in (None, 0.0, GREEDY):
            context = sparse_context(model, share)
            errors.append(error(WAYS[way][0](context, tokens), reference))
            context.close()
        sparse, dense, greedy = errors
        assert sparse <= max(2 * dense, TOLERANCE)  # scores 16 times as large lose that much in F32 by themselves
        assert greedy > 100 * sparse
    model.close()


def test_what_is_known_of_keys_is_forgotten_when_they_are_overwritten(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = Recipe(n_layer=1, passes=1, max_alibi_bias=8.0, seed=90)
    plain = recipes.tensors

    def two_kinds(recipe: Recipe) -> dict[str, NDArray[np.float32]]:
        """Tokens below 128 have keys near zero, those above large ones."""
        tensors = plain(recipe)
        half = recipe.n_embd // 2
        tensors["token_embd.weight"][:128, :half] *= 1e-3
        tensors["token_embd.weight"][128:, half:] *= 1e-3
        tensors["blk.0.attn_k.weight"][:, half:] = 0.0
        tensors["blk.0.attn_k.weight"] *= 8.0
        return tensors

    monkeypatch.setattr(recipes, "tensors", two_kinds)
    path = recipes.write(tmp_path / "two.gguf", recipe)
    oracle = Oracle.from_gguf(path)
    random = np.random.default_rng(0)
    quiet = random.integers(0, 128, 400).astype(np.int32)
    mixed = np.concatenate([random.integers(128, 256, 200), random.integers(0, 128, 200)]).astype(np.int32)
    model = Model.load(path)
    context, other = sparse_context(model), sparse_context(model)

    def check(context: LoopContext, tokens: Tokens) -> None:
        context.remove(0, len(tokens) - 1, -1)
        context.decode(tokens[-1:], [len(tokens) - 1], 0, "last")
        assert error(context.logits(-1), oracle.logits(tokens)[-1]) <= 2 * TOLERANCE

    run(context, quiet, [128])
    check(context, quiet)
    assert attention.blocks(context).skipped > 0
    context.remove(0, 0, -1)  # rewritten cell by cell
    run(context, mixed, [128])
    check(context, mixed)

    run(other, quiet, [128])
    check(other, quiet)
    load_state(other, 0, save_state(context, 0))  # written from a file
    check(other, mixed)
    other.clear()
    run(other, quiet, [128])
    check(other, quiet)
    context.close()
    other.close()
    model.close()


@pytest.mark.parametrize("passes", [1, 2])
def test_cells_in_any_order(passes: int, random_model: Files) -> None:
    """Three sequences whose pieces lie among each other, with holes filled again by others."""
    recipe = Recipe(n_layer=2, passes=passes, max_alibi_bias=8.0, seed=91)
    path = random_model(recipe)
    oracle = Oracle.from_gguf(path)
    model = Model.load(path)
    context = sparse_context(model, n_seq_max=3, cells=1024, margin=64)
    random = np.random.default_rng(3)
    held: list[list[int]] = [[], [], []]
    for turn in range(40):
        seq = int(random.integers(3))
        keep = int(random.integers(len(held[seq]) // 2, len(held[seq]) + 1)) if turn % 3 == 2 else len(held[seq])
        held[seq] = [*held[seq][:keep], *(int(t) for t in random.integers(0, 256, int(random.integers(1, 70))))][:300]
        keep = min(keep, len(held[seq]) - 1)
        plan = context.plan(seq, keep, len(held[seq]), batch=64)
        context.run(plan, held[seq], seq)
        if turn % 4 == 3:
            assert error(context.logits(-1), oracle.logits(held[seq])[-1]) <= 2 * TOLERANCE
    counts = attention.blocks(context)
    assert counts.skipped > 0
    context.close()
    model.close()


@pytest.mark.parametrize("gap", [5000, 70001])
@pytest.mark.parametrize("passes", [1, 2])
def test_distances_are_exact_beyond_what_half_precision_holds(passes: int, gap: int, random_model: Files) -> None:
    recipe = Recipe(n_layer=2, passes=passes, max_alibi_bias=20.0, seed=92)
    model = Model.load(random_model(recipe))
    tokens = tokens_for(recipe, 200)
    rows = []
    for flash, near_only in ((True, False), (False, False), (True, True)):
        context = LoopContext(model, 1024, type_k="f32", type_v="f32", flash_attn=flash, n_threads=1)
        run(context, tokens[:100], [100])
        context.shift(0, 50, -1, gap)
        if near_only:
            context.remove(0, 0, 50)
        rows.append(np.stack(run(context, tokens[100:], [64, 1], start=100 + gap)))
        context.close()
    assert error(rows[0], rows[1]) <= TOLERANCE
    assert error(rows[2], rows[1]) > 100 * TOLERANCE  # what lies beyond the gap matters
    model.close()


REACHES = [
    Recipe(max_alibi_bias=4.0, seed=1),
    Recipe(n_layer=6, n_head=8, window=16, max_alibi_bias=4.0, seed=6),
    Recipe(n_layer=2, n_embd=96, n_head=6, n_head_kv=3, passes=3, window=16, max_alibi_bias=5.0, seed=3),
    Recipe(n_layer=2, passes=1, max_alibi_bias=4.0, seed=5),
    Recipe(n_layer=2, parallel=True, gate_hidden=True, window=12, max_alibi_bias=4.0, seed=7),
]


@pytest.mark.parametrize("recipe", REACHES, ids=lambda recipe: f"seed {recipe.seed}")
def test_what_lies_beyond_the_reach_changes_nothing(recipe: Recipe, random_model: Files) -> None:
    """A window as wide as the planner makes it, against one four times as wide; through all layers and passes."""
    model = Model.load(random_model(recipe))
    seen = reach(recipe.max_alibi_bias, 1 << 20)
    tokens = tokens_for(recipe, 4 * seen)
    rows = []
    for size in (4 * seen, seen, seen // 4):
        context = sparse_context(model, cells=4096)
        context.run(context.plan(0, 0, size), tokens[-size:])
        rows.append(context.logits(-1))
        context.close()
    assert error(rows[1], rows[0]) <= 1e-4
    assert error(rows[2], rows[0]) > 1e-3
    model.close()


def test_other_models_keep_their_attention(random_model: Files) -> None:
    model = Model.load(random_model(Recipe(seed=93)))
    context = LoopContext(model, 256, flash_attn=True, n_threads=1)
    assert not attention.applies(context)
    assert attention.set_skip(context, 0.5) == 0.0
    context.decode([1, 2, 3], [0, 1, 2], 0, "last")
    assert attention.blocks(context) == attention.Blocks(0, 0, 0)
    context.close()
    model.close()


def test_it_is_the_default_for_alibi_models(random_model: Files) -> None:
    model = Model.load(random_model(Recipe(n_embd=128, max_alibi_bias=8.0, seed=94)))
    for kv, share in (("f32", 2.0**-24), ("f16", 2.0**-12), ("q8_0", 2.0**-9)):
        context = LoopContext(model, 256, type_k=kv, type_v=kv, n_threads=1)
        assert attention.applies(context)
        assert attention.set_skip(context, None) == share
        context.close()
    model.close()
