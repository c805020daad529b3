"""`python -m quantize synth`: random-weight GGUFs with the geometry of a published model, for benchmarks.

Types are those that llama.cpp's mixes give each tensor; the data are blocks of Gaussian weights quantized once per
type and row length and repeated in random order, so that a file is written about as fast as the disk takes it.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import gguf
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import IQuestError, ModelError
from iquest_lsp.runtime.llama import model
from iquest_lsp.runtime.models.gguf_header import Header, TensorInfo
from quantize import gguf_stream, model_keys, outputs
from quantize.gguf_stream import PlannedTensor, Progress
from quantize.meter import meter
from quantize.model_keys import ARCHITECTURE
from quantize.quantizer import has_more_bits
from quantize.random_model import Recipe, add_vocabulary, keys, tensor_shapes

#: LoopCoder-V2 7B (docs/loop-models.md, "The family"); the others of the family differ in layers and passes.
_PLT = Recipe(
    n_layer=14,
    n_embd=5120,
    n_head=40,
    n_head_kv=8,
    head_dim=128,
    n_ff=27648,
    n_vocab=76800,
    window=64,
    context=131_072,
    rope_base=500_000.0,
    parallel=True,
    gate_hidden=True,
    vocab="bytes",
)
_PLAIN = replace(_PLT, passes=1, parallel=False, gate_hidden=False, community=True)
GEOMETRIES = {
    "7b-plt": _PLT,
    "7b": _PLAIN,
    "14b": replace(_PLAIN, n_layer=28),
    "40b-loop": replace(_PLT, n_layer=80, parallel=False, gate_hidden=False),
}
#: How far logits spread: a trained model's two best are seldom as close as those of evenly random ones.
LOGITS = 8.0
#: Elements of a pool of quantized rows.
_POOL = 4 * 1024 * 1024
_PIECE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Mix:
    """The types of one of llama.cpp's mixes: most matrices, the ones it treats better, and the output."""

    base: str
    better: str
    output: str


MIXES = {
    "Q4_K_M": Mix("Q4_K", "Q6_K", "Q6_K"),
    "Q5_K_M": Mix("Q5_K", "Q6_K", "Q6_K"),
    "Q6_K": Mix("Q6_K", "Q6_K", "Q6_K"),
    "Q8_0": Mix("Q8_0", "Q8_0", "Q8_0"),
}


@click.command("synth")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--geometry", type=click.Choice(list(GEOMETRIES)), default="7b-plt", show_default=True)
@click.option("--type", "kind", type=click.Choice(list(MIXES)), default="Q4_K_M", show_default=True)
@click.option("--layers", type=click.IntRange(min=1), help="Fewer layers than the published model has.")
@click.option("--seed", default=0, show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def command(out: Path, geometry: str, kind: str, layers: int | None, seed: int, overwrite: bool) -> None:
    """Write a GGUF with random weights to OUT. It answers nonsense, at the speed and in the memory of the real one."""
    if out.exists() and not overwrite:
        raise click.UsageError(f"{out} exists; pass --overwrite to replace it")
    recipe = GEOMETRIES[geometry]
    recipe = replace(recipe, n_layer=layers or recipe.n_layer, seed=seed)
    try:
        outputs.check(out)
        with meter("synth") as progress:
            synthesize(out, recipe, kind, f"synthetic {geometry}", progress)
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {outputs.size_text(out.stat().st_size)}", err=True)


def synthesize(
    out: Path, recipe: Recipe, kind: str = "Q4_K_M", name: str = "synthetic", progress: Progress | None = None
) -> None:
    """Writes the file, streamed; a stopped run goes on where it was."""
    architecture = "llama" if recipe.community else ARCHITECTURE
    writer = gguf.GGUFWriter(None, architecture)
    writer.add_name(name)
    writer.add_description("Random weights, for benchmarks only")
    writer.add_file_type(int(getattr(gguf.LlamaFileType, f"MOSTLY_{kind}")))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    model_keys.write(writer, architecture, keys(recipe))
    add_vocabulary(writer, recipe)
    planned = plan(recipe, kind)
    pools = _Pools(recipe)

    def source(tensor: PlannedTensor) -> Iterator[NDArray[Any]]:
        return pools.data(tensor)

    gguf_stream.write(out, writer, planned, source, ["synth", repr(recipe), kind], progress)


def plan(recipe: Recipe, kind: str) -> list[PlannedTensor]:
    """The tensors with the types that llama.cpp's quantizer gives them (src/llama-quant.cpp)."""
    mix = MIXES[kind]
    planned = []
    for name, shape in tensor_shapes(recipe).items():
        if len(shape) < 2 or ".loop_gate" in name or name.startswith("loop_exit"):
            wanted = "F32"
        elif name == "output.weight" or (recipe.tied and name == "token_embd.weight"):
            wanted = mix.output
        elif re.search(r"\.(attn_v|ffn_down)\.", name) and has_more_bits(int(name.split(".")[1]), recipe.n_layer):
            wanted = mix.better
        elif ".attn_v." in name and recipe.n_layer == 80 and recipe.n_head != recipe.n_head_kv and kind == "Q4_K_M":
            wanted = "Q5_K"
        else:
            wanted = mix.base
        block = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[wanted]][0]
        if shape[-1] % block:
            raise ModelError(f"Rows of {shape[-1]} do not divide into the blocks of {wanted}", fix="Use another type")
        planned.append(PlannedTensor(name, shape, gguf.GGMLQuantizationType[wanted]))
    return planned


def header_of(recipe: Recipe, kind: str = "Q4_K_M") -> Header:
    """The header such a file would have, without writing it: for forecasts."""
    tensors, offset = [], 0
    for tensor in plan(recipe, kind):
        tensors.append(TensorInfo(tensor.name, tuple(reversed(tensor.shape)), int(tensor.kind), offset))
        offset += -(-tensor.size // 32) * 32
    architecture = "llama" if recipe.community else ARCHITECTURE
    metadata = {"general.architecture": architecture, "general.name": "synthetic"}
    values: dict[str, Any] = metadata | {f"{architecture}.{key}": value for key, value in keys(recipe).items()}
    return Header(Path("synthetic.gguf"), values, tuple(tensors), 0, offset)


class _Pools:
    """Rows of quantized Gaussian weights, by type and length, made when they are first needed."""

    def __init__(self, recipe: Recipe) -> None:
        self._random = np.random.default_rng(recipe.seed)
        self._pools: dict[tuple[gguf.GGMLQuantizationType, int], NDArray[np.uint8]] = {}

    def data(self, tensor: PlannedTensor) -> Iterator[NDArray[Any]]:
        if tensor.kind == gguf.GGMLQuantizationType.F32:
            scale = 1.0 if tensor.name.endswith("norm.weight") else 0.0
            spread = 0.05 if scale else 1 / np.sqrt(tensor.shape[-1])
            if tensor.name == "output_norm.weight":
                scale = LOGITS
            values = scale + spread * self._random.standard_normal(tensor.shape)
            yield values.astype(np.float32)
            return
        pool = self._pool(tensor.kind, tensor.shape[-1])
        rows, step = tensor.shape[0], max(_PIECE // pool.shape[1], 1)
        width = gguf.GGML_QUANT_SIZES[tensor.kind][1]
        blocks = pool.reshape(len(pool), -1, width)
        places = np.arange(blocks.shape[1])
        for start in range(0, rows, step):
            count = min(step, rows - start)
            if tensor.name == "output.weight":  # no two alike, or the best two logits would be the same
                chosen = self._random.integers(0, len(pool), (count, len(places)))
                yield blocks[chosen, places].reshape(count, -1)
            else:
                yield pool[self._random.integers(0, len(pool), count)]

    def _pool(self, kind: gguf.GGMLQuantizationType, columns: int) -> NDArray[np.uint8]:
        if (kind, columns) not in self._pools:
            rows = max(_POOL // columns, 8)
            values = self._random.standard_normal((rows, columns)).astype(np.float32) / np.float32(np.sqrt(columns))
            self._pools[kind, columns] = quantize_rows(values, kind)
        return self._pools[kind, columns]


def quantize_rows(values: NDArray[np.float32], kind: gguf.GGMLQuantizationType) -> NDArray[np.uint8]:
    """Rows [n, columns] as llama.cpp quantizes them, [n, bytes]."""
    lib = model.bindings()
    function = lib._lib.ggml_quantize_chunk
    function.restype = ctypes.c_size_t
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    function.argtypes = [ctypes.c_int, pointer, pointer, number, number, number, pointer]
    block, width = gguf.GGML_QUANT_SIZES[kind]
    rows, columns = values.shape
    values = np.ascontiguousarray(values)
    result = np.empty((rows, columns // block * width), np.uint8)
    function(int(kind), values.ctypes.data, result.ctypes.data, 0, rows, columns, None)
    return result
