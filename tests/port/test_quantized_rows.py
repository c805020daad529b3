"""Products of several rows with quantized weights: what each row gives alone, and what the weights say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize
from numpy.typing import NDArray

from iquest_lsp.runtime.llama.library import bindings
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.random_model import Recipe, tensors, write
from quantize.synth import quantize_rows

READ, ROWS = 40, 48
KINDS = ("Q4_K", "Q5_K", "Q6_K", "Q4_1")
RECIPE = Recipe(
    n_layer=2, n_embd=256, n_head=8, n_head_kv=2, n_ff=512, n_vocab=320, window=8, max_alibi_bias=8.0, seed=41
)


def quantized(folder: Path, kind: str, *, whole: bool = False, recipe: Recipe = RECIPE) -> Path:
    """A random model with matrices of one type, or (`whole`) of the values that this type makes of them, in F32."""
    path = folder / f"{kind}{'-whole' if whole else ''}.gguf"
    wanted = gguf.GGMLQuantizationType[kind]
    source = gguf.GGUFReader(write(folder / f"{kind}-source.gguf", recipe))
    writer = gguf.GGUFWriter(path, "llama" if recipe.community else "iquestloopcoder")
    for field in source.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    for name, values in tensors(recipe).items():
        if values.ndim < 2 or "loop" in name:
            writer.add_tensor(name, values)
            continue
        packed = quantize_rows(values, wanted)
        if whole:
            writer.add_tensor(name, dequantize(packed, wanted).astype(np.float32))
        else:
            writer.add_tensor(name, packed, raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def logits(path: Path, size: int, threads: int = 1) -> NDArray[np.float32]:
    """The logits of ROWS tokens behind READ others, so many a call [ROWS, n_vocab]."""
    ids = (np.arange(READ + ROWS) * 7919 + 13) % RECIPE.n_vocab
    model = Model.load(path)
    context = LoopContext(model, READ + ROWS + 8, margin=64, n_threads=threads, type_k="f32", type_v="f32")
    found = []
    try:
        context.decode(ids[:READ], np.arange(READ))
        for place in range(READ, READ + ROWS, size):
            piece = ids[place : place + size]
            context.decode(piece, np.arange(place, place + len(piece)), 0, "all")
            found += [context.logits(row) for row in range(len(piece))]
    finally:
        context.close()
        model.close()
    return np.stack(found)


def error(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How far two answers lie apart, against their size."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def has_rows_of_its_own() -> bool:
    """Whether the kernels of mul-mat-rows.cpp are those of this processor."""
    said = bindings().llama_print_system_info().decode()
    return "AVX2 = 1" in said and "AVX512 = 1" not in said


@pytest.mark.skipif(not has_rows_of_its_own(), reason="for AVX2 without AVX-512")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_gives_what_it_gives_alone(kind: str, threads: int, tmp_path: Path) -> None:
    path = quantized(tmp_path, kind)
    alone = logits(path, 1, threads)
    for size in (2, 3, 4, 5, 7, 16):
        assert np.array_equal(logits(path, size, threads), alone), size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 3, 16, ROWS])
def test_the_products_are_those_of_the_weights_values(kind: str, size: int, tmp_path: Path) -> None:
    """Activations are rounded to 8 bits, which costs some hundredths; other weights give another answer."""
    whole = logits(quantized(tmp_path, kind, whole=True), 1)
    found = logits(quantized(tmp_path, kind), size)
    assert error(found, whole) < 0.04
    other = "Q6_K" if kind != "Q6_K" else "Q4_K"
    assert error(logits(quantized(tmp_path, other, whole=True), 1), whole) > 0.04


@pytest.mark.skipif(not has_rows_of_its_own(), reason="for AVX2 without AVX-512")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["Q4_K", "Q8_0"])
def test_rows_of_a_stock_model_over_a_long_cache_are_alike_too(kind: str, threads: int, tmp_path: Path) -> None:
    """llama.cpp's own flash attention over 512 cells and more, which shares keys or heads out among threads."""
    recipe = replace(RECIPE, passes=1, community=True, max_alibi_bias=0.0)
    path = quantized(tmp_path, kind, recipe=recipe)
    ids = (np.arange(600) * 7919 + 13) % recipe.n_vocab
    model = Model.load(path)
    context = LoopContext(model, 1024, n_threads=threads, flash_attn=True)
    found = {}
    for size in (1, 2, 5):
        context.clear()
        context.decode(ids[:500], np.arange(500))
        rows = []
        for place in range(500, 600, size):
            context.decode(ids[place : place + size], np.arange(place, place + size), 0, "all")
            rows += [context.logits(row) for row in range(size)]
        found[size] = np.stack(rows)
    context.close()
    model.close()
    assert np.array_equal(found[2], found[1])
    assert np.array_equal(found[5], found[1])
