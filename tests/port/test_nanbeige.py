"""Nanbeige's loops, which llama.cpp runs by itself: the same layers twice, each time with a cache of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model, bindings
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.runtime.models.planner import kv_bytes
from quantize import random_model as maker
from quantize.random_model import Recipe, keys, tensors, write

RECIPE = Recipe(n_layer=2, passes=1, n_vocab=320, community=True, seed=9)
LOOPS = 2


def nanbeige(folder: Path, plain: Path) -> Path:
    """A plain file's model as one that runs its layers LOOPS times, with no norm between."""
    path = folder / "nanbeige.gguf"
    writer = gguf.GGUFWriter(path, "nanbeige")
    reader = gguf.GGUFReader(plain)
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            name = field.name.replace("llama.", "nanbeige.", 1)
            writer.add_key_value(name, field.contents(), field.types[0], inner)
    writer.add_uint32("nanbeige.num_loops", LOOPS)
    writer.add_bool("nanbeige.skip_loop_final_norm", True)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, np.array(tensor.data))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def logits(path: Path) -> tuple[NDArray[np.float32], int]:
    model = Model.load(path)
    context = Context(model, 256, type_k="f32", type_v="f32", flash_attn=False, n_threads=1)
    context.decode(np.arange(40), np.arange(40), logits="last")
    found = context.logits(-1), context.memory_bytes
    context.close()
    model.close()
    return found


def test_it_is_a_model_of_twice_as_many_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loops = tuple(key for key in keys(RECIPE) if key.startswith("loop."))
    looped = nanbeige(tmp_path, write(tmp_path / "plain.gguf", RECIPE, leave_out=loops))
    weights: dict[str, NDArray[np.float32]] = {}
    for name, values in tensors(RECIPE).items():
        weights[name] = values
        if name.startswith("blk."):
            _, layer, rest = name.split(".", 2)
            weights[f"blk.{int(layer) + RECIPE.n_layer}.{rest}"] = values
    monkeypatch.setattr(maker, "tensors", lambda recipe: weights)
    deep = write(tmp_path / "deep.gguf", replace(RECIPE, n_layer=LOOPS * RECIPE.n_layer), leave_out=loops)
    (found, memory), (expected, wanted) = logits(looped), logits(deep)
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    assert memory == wanted
    assert kv_bytes(read_header(looped), 512, "f16") == kv_bytes(read_header(deep), 512, "f16")


def test_a_call_on_a_gpu_is_awaited_before_its_clock_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loops = tuple(key for key in keys(RECIPE) if key.startswith("loop."))
    model = Model.load(write(tmp_path / "plain.gguf", RECIPE, leave_out=loops))
    context, lib, awaited = Context(model, 64, n_threads=1), bindings(), list[Any]()
    monkeypatch.setattr(lib, "llama_synchronize", awaited.append)
    context.decode([1], [0], logits="last")
    assert not awaited  # a processor has done the work by then
    model.is_on_gpu = True
    context.decode([2], [1], logits="last")
    assert awaited == [context.handle]
    context.close()
    model.close()
