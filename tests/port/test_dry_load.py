"""The planner's sums against llama.cpp's own: it loads a published model's shape without weights or memory
(`no_alloc`) and says what it would have allocated."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import pytest

from iquest_lsp.runtime.llama.library import bindings
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.footprint import PROCESS, footprint
from iquest_lsp.runtime.models.gguf_header import Header, read_header
from iquest_lsp.runtime.models.planner import BATCH, REWIND_MARGIN, kv_bytes
from quantize import model_keys
from quantize.model_keys import ARCHITECTURE
from quantize.random_model import add_vocabulary, keys
from quantize.synth import GEOMETRIES, plan

MIB = 2**20


def hollow(path: Path, name: str) -> Path:
    """A file with a published model's header and, where its weights would be, a hole."""
    recipe = GEOMETRIES[name]
    architecture = "llama" if recipe.community else ARCHITECTURE
    writer = gguf.GGUFWriter(path, architecture)
    model_keys.write(writer, architecture, keys(recipe))
    add_vocabulary(writer, recipe)
    size = 0
    for tensor in plan(recipe, "Q4_K_M"):
        is_whole = tensor.kind == gguf.GGMLQuantizationType.F32
        shape = tensor.shape if is_whole else gguf.quant_shape_to_byte_shape(tensor.shape, tensor.kind)
        kind = np.dtype(np.float32 if is_whole else np.uint8)
        writer.add_tensor_info(tensor.name, shape, kind, tensor.size, raw_dtype=tensor.kind)
        size += -(-tensor.size // 32) * 32
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    os.truncate(path, -(-path.stat().st_size // 32) * 32 + size)
    return path


@pytest.fixture(scope="module", params=["7b-plt", "7b", "40b-loop"])
def dry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Model, Header]]:
    path = hollow(tmp_path_factory.mktemp("dry") / "hollow.gguf", request.param)
    lib = bindings()
    params = lib.llama_model_default_params()
    params.no_alloc, params.load_mode, params.n_gpu_layers = True, lib.LLAMA_LOAD_MODE_NONE, 0
    model = Model(lib.llama_model_load_from_file(os.fsencode(path), params), path)
    yield model, read_header(path)
    model.close()
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize(("cells", "sequences", "kv_type"), [(8704, 1, "f16"), (33_280, 4, "q8_0")])
def test_what_the_planner_counts_is_what_llama_cpp_would_allocate(
    dry: tuple[Model, Header], caplog: pytest.LogCaptureFixture, cells: int, sequences: int, kv_type: str
) -> None:
    model, header = dry
    with caplog.at_level(logging.DEBUG, "iquest_lsp.llama"):
        context = open_context(
            model,
            cells,
            REWIND_MARGIN,
            n_batch=BATCH,
            n_ubatch=BATCH,
            n_seq_max=2 * sequences + 1,
            type_k=kv_type,
            type_v=kv_type,
            flash_attn=True,
            n_threads=1,
        )
        context.close()
    cache = sum(float(size) for size in re.findall(r"llama_kv_cache: size = *([\d.]+) MiB", caplog.text))
    (work,) = re.findall(r"compute buffer size = *([\d.]+) MiB", caplog.text)
    counted = kv_bytes(header, cells, kv_type, sequences) / MIB
    assert cache - 1 <= counted <= 1.01 * cache + 1
    worked = (footprint(header, cells, kv_type, batch=BATCH, sequences=sequences).other - PROCESS) / MIB
    assert float(work) <= worked <= 1.5 * float(work), (work, worked)
