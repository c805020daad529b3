"""Evaluating one sequence of tokens in the ways an editor's session would, and comparing with a reference."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model
from quantize.oracle import Oracle
from quantize.random_model import Recipe

#: Whether models lie on a GPU in these tests (tests/port/vulkan).
ON_GPU = bool(os.environ.get("IQUEST_TESTS_ON_GPU"))
#: Vulkan's products lay keys out anew before they read them, and round them to half precision.
TOLERANCE = 5e-3 if ON_GPU else 1e-5
#: What is computed wrongly is off by more.
WRONG = 1e-2

#: Name -> model. Windows from 8 to 64; `lengths` gives sequences of 1 to 5 windows.
CASES: dict[str, Recipe] = {
    "rope, 2 passes, window 8, GQA 4/2": Recipe(),
    "rope, 2 passes, window 16, GQA 8/2, head 24": Recipe(n_head=8, n_head_kv=2, head_dim=24, window=16, seed=1),
    "rope, 2 passes, window 64, tied head": Recipe(n_layer=2, window=64, tied=True, seed=2),
    "rope, 2 passes, one layer, one KV head": Recipe(n_layer=1, n_head_kv=1, seed=3),
    "rope, 3 passes, window 8": Recipe(passes=3, seed=4),
    "rope, 4 passes, window 12": Recipe(n_layer=2, passes=4, window=12, seed=5),
    "rope, 1 pass": Recipe(passes=1, seed=6),
    "alibi, 2 passes, window 8": Recipe(max_alibi_bias=8.0, seed=7),
    "alibi, 2 passes, window 16, 6 heads": Recipe(
        n_embd=96, n_head=6, n_head_kv=3, window=16, max_alibi_bias=16.0, seed=8
    ),
    "alibi, 3 passes, window 8, 12 heads": Recipe(
        n_embd=96, n_head=12, n_head_kv=4, passes=3, max_alibi_bias=8.0, seed=9
    ),
    "alibi, 1 pass": Recipe(passes=1, max_alibi_bias=8.0, seed=10),
    "parallel, hidden gate": Recipe(parallel=True, gate_hidden=True, window=12, seed=11),
    "parallel, 3 passes": Recipe(n_layer=2, parallel=True, gate_hidden=True, passes=3, seed=12),
    "parallel, no position offset": Recipe(parallel=True, position_offset=0, window=12, seed=13),
    "parallel, alibi, query gate": Recipe(parallel=True, max_alibi_bias=8.0, window=12, seed=14),
    "community file": Recipe(community=True, window=12, seed=15),
    "community file, F16 gates": Recipe(community=True, n_head=8, n_head_kv=2, gate_quantization="F16", seed=16),
    "community file, Q8_0 gates": Recipe(
        community=True, n_head=4, n_head_kv=2, head_dim=32, gate_quantization="Q8_0", seed=17
    ),
}


def lengths(recipe: Recipe) -> tuple[int, ...]:
    """Sequences of one to five windows, one of them not a multiple."""
    window = recipe.window if recipe.window < 64 else 40
    return (recipe.window, 2 * window + 3, 5 * window)


def tokens_for(recipe: Recipe, n: int) -> NDArray[np.int32]:
    return np.random.default_rng(100 + recipe.seed + n).integers(0, recipe.n_vocab, n).astype(np.int32)


def expected(path: Path, tokens: NDArray[np.integer[Any]], **options: Any) -> NDArray[np.float64]:
    """What the oracle says of a session's model file, `options` as for `Oracle.logits`; worked out once, to be read."""
    return _expected(path, tokens.astype(np.int64).tobytes(), tuple(options.items()))


@functools.lru_cache(maxsize=200)
def _expected(path: Path, tokens: bytes, options: tuple[tuple[str, Any], ...]) -> NDArray[np.float64]:
    result = _oracle(path).logits(np.frombuffer(tokens, np.int64), **dict(options))
    result.flags.writeable = False
    return result


@functools.lru_cache(maxsize=40)
def _oracle(path: Path) -> Oracle:
    return Oracle.from_gguf(path)


def error(result: NDArray[Any], reference: NDArray[Any]) -> float:
    """Largest difference over the largest absolute value of the reference."""
    return float(np.abs(result - reference).max() / np.abs(reference).max())


def open_context(
    model: Model, *, sequences: int = 1, cells: int = 1024, swa_full: bool = False, **more: Any
) -> Context:
    """A context that computes as exactly as this runtime can: F32 KV, no flash attention."""
    return Context(
        model,
        cells,
        n_batch=512,
        n_ubatch=512,
        n_seq_max=sequences,
        type_k="f32",
        type_v="f32",
        flash_attn=False,
        n_threads=1,
        swa_full=swa_full,
        **more,
    )


def run(context: Context, tokens: NDArray[np.int32], sizes: list[int], start: int = 0, seq: int = 0) -> list[Any]:
    """The logits of each token, evaluated in batches of `sizes` (the last one repeats) from position `start` on."""
    rows: list[Any] = []
    step = iter(sizes)
    size = sizes[-1]
    while len(rows) < len(tokens):
        size = next(step, sizes[-1])
        piece = tokens[len(rows) : len(rows) + size]
        positions = np.arange(len(piece)) + start + len(rows)
        context.decode(piece, positions, seq, "all")
        rows += [context.logits(i) for i in range(len(piece))]
    return rows


def prefill(context: Context, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.stack(run(context, tokens, [512]))


def chunks(context: Context, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.stack(run(context, tokens, [7, 1, 13, 3, 2, 5, 11]))


def decode(context: Context, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.stack(run(context, tokens, [max(len(tokens) // 3, 1), 1]))


def interleaved(context: Context, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    """Two sequences whose tokens alternate in batches of both; the other one holds the tokens backwards."""
    other = tokens[::-1].copy()
    rows: list[Any] = []
    for at in range(0, len(tokens), 3):
        piece = min(3, len(tokens) - at)
        both = np.stack([tokens[at : at + piece], other[at : at + piece]], axis=1).ravel()
        positions = np.repeat(np.arange(at, at + piece), 2)
        context.decode(both, positions, np.tile([0, 1], piece), "all")
        rows += [context.logits(2 * i) for i in range(piece)]
    return np.stack(rows)


def tail_again(context: Context, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    """The last quarter is evaluated with other tokens first, removed, and evaluated again."""
    keep = max(len(tokens) - max(len(tokens) // 4, 1), 1)
    rows = run(context, tokens[:keep], [9])
    run(context, (tokens[keep:] + 1) % 256, [4], start=keep)
    assert context.remove(0, keep, -1)
    return np.stack(rows + run(context, tokens[keep:], [5, 1], start=keep))


#: Name -> (evaluation, sequences it needs).
WAYS: dict[str, tuple[Callable[[Context, NDArray[np.int32]], NDArray[np.float32]], int]] = {
    "whole prefill": (prefill, 1),
    "odd chunks": (chunks, 1),
    "token by token": (decode, 1),
    "two sequences": (interleaved, 2),
    "tail removed and redone": (tail_again, 1),
}


def model_file(folder: Path, recipe: Recipe) -> Path:
    """The model's file, written once."""
    from quantize.random_model import write

    path = folder / f"{abs(hash(recipe)):x}.gguf"
    return path if path.exists() else write(path, recipe)
