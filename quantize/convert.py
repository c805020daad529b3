"""`python -m quantize convert`: a published checkpoint as a GGUF, tensor by tensor.

IQuestCoderForCausalLM becomes a `llama` file equal to what llama.cpp's own converter writes (Q and K rows in its
interleaved order); the Loop variants become `iquestloopcoder` files with the names and keys of
docs/loop-models.md (Q and K rows as they are, gates in F32).
"""

from __future__ import annotations

import collections
import concurrent.futures
import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import gguf
import numpy as np
from gguf.quants import quantize as to_type
from numpy.typing import NDArray

from iquest_lsp.errors import CheckpointError, IQuestError
from quantize import gguf_stream, model_keys, outputs
from quantize.checkpoint import Checkpoint
from quantize.gguf_stream import PlannedTensor, Progress
from quantize.hf_config import Family, ModelConfig, parse
from quantize.meter import meter
from quantize.model_keys import ARCHITECTURE, Geometry
from quantize.outputs import size_text
from quantize.random_model import interleave
from quantize.vocabulary import Vocabulary

FILE_TYPES = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "bf16": (gguf.GGMLQuantizationType.BF16, gguf.LlamaFileType.MOSTLY_BF16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}
#: float32 elements that one worker converts at a time: several arrays of this size are alive at once.
PIECE_ELEMENTS = 2 * 1024 * 1024
#: The least magnitude that F16 rounds to infinity.
_F16_LIMIT = 65520.0
_WORKERS = min(4, os.cpu_count() or 1)
_LAYER = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
#: What the gates of layer {i} have been called, by family and part.
_GATES = {
    Family.LOOP: ("model.gate_projections.{i}.", "model.gate_projections.{i}.gate_proj."),
    Family.PARALLEL: (
        "model.layers.{i}.self_attn.plt_gate.",
        "model.layers.{i}.self_attn.loop_gate_proj.",
        "model.layers.{i}.self_attn.plt_gate.gate_proj.",
        "model.layers.{i}.self_attn.loop_gate_proj.gate_proj.",
    ),
}
_GATE_NORMS = (
    "model.layers.{i}.self_attn.plt_gate.gate_norm.weight",
    "model.layers.{i}.self_attn.loop_gate_proj.gate_norm.weight",
)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where a GGUF tensor comes from; `heads` > 0 says that its rows are to be interleaved within each head."""

    source: str
    shape: tuple[int, ...]
    heads: int = 0


@click.command("convert")
@click.argument("checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--type", "kind", type=click.Choice(list(FILE_TYPES)), default="bf16", show_default=True)
@click.option("--ignore-key", "ignore", multiple=True, metavar="KEY", help="A key of config.json that has no effect.")
@click.option("--position-offset", type=click.IntRange(0, 1), help="Parallel variant: whether pass 2 is shifted.")
@click.option("--pre", default="", help="llama.cpp's name of the pre-tokenizer, where it is not recognised.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def command(
    checkpoint: Path,
    out: Path,
    kind: str,
    ignore: tuple[str, ...],
    position_offset: int | None,
    pre: str,
    overwrite: bool,
) -> None:
    """Convert the folder CHECKPOINT (config.json, *.safetensors, tokenizer) into the GGUF file OUT.

    Stopped halfway, the same command goes on where it was. Memory stays within 1 GB whatever the model's size.
    """
    if out.exists() and not overwrite:
        raise click.UsageError(f"{out} exists; pass --overwrite to replace it")
    try:
        outputs.check(out)
        with meter("convert") as progress:
            result = convert(checkpoint, out, kind, ignore, position_offset, pre, progress)
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    for caution in result.cautions:
        click.echo(f"caution: {caution}", err=True)
    kept = f", {result.kept} of them from an earlier run" if result.kept else ""
    click.echo(f"{out}: {result.tensors} tensors{kept}, {size_text(out.stat().st_size)}", err=True)


@dataclass(frozen=True, slots=True)
class Result:
    """What was written: tensors, how many of them an earlier run had written, and what to be careful about."""

    tensors: int
    kept: int
    cautions: tuple[str, ...]


def convert(
    folder: Path,
    out: Path,
    kind: str = "bf16",
    ignore: tuple[str, ...] = (),
    position_offset: int | None = None,
    pre: str = "",
    progress: Progress | None = None,
) -> Result:
    """Writes `out`; raises CheckpointError for what cannot be converted, ModelFileError where there is no room."""
    checkpoint = Checkpoint.open(folder)
    config = parse(checkpoint.config, ignore, position_offset)
    vocabulary = Vocabulary.read(folder, config.n_vocab, config.eos_ids, pre)
    mappings = tensor_map(checkpoint, config)
    wanted, file_type = FILE_TYPES[kind]
    planned = [_planned(name, mapping, wanted) for name, mapping in mappings.items()]
    if config.scaling.get("rope_type") == "llama3":
        planned.insert(0, PlannedTensor("rope_freqs.weight", (config.head_dim // 2,), gguf.GGMLQuantizationType.F32))
    writer = gguf.GGUFWriter(None, "llama" if config.loop is None else ARCHITECTURE)
    total = sum(int(np.prod(tensor.shape, dtype=np.int64)) for tensor in planned)
    card, cautions = _card(folder, total)
    card.name = card.name or folder.resolve().name
    card.size_label = card.size_label or gguf.size_label(total, 0, 0, 0)
    writer.add_type(gguf.GGUFType.MODEL)
    card.set_gguf_meta_model(writer)
    cautions += _drop_nonsense(writer)
    model_keys.write(writer, writer.arch, geometry(config).keys())
    write_scaling(writer, config.scaling)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    vocabulary.write(writer)

    odd: set[str] = set()

    def source(tensor: PlannedTensor) -> Iterator[NDArray[Any]]:
        if tensor.name == "rope_freqs.weight":
            yield rope_factors(config)
        else:
            yield from _pieces(checkpoint, mappings[tensor.name], tensor, odd)

    kept = gguf_stream.write(out, writer, planned, source, checkpoint.fingerprint(), progress)
    if checkpoint.left_out:
        cautions.append(f"{', '.join(checkpoint.left_out)} is not named in the checkpoint's index and was left out")
    if odd:
        few = ", ".join(sorted(odd)[:3]) + (f" and {len(odd) - 3} more" if len(odd) > 3 else "")
        cautions.append(f"{few} holds values that are not finite: the checkpoint is damaged, and so is the model")
    return Result(len(planned), kept, (*cautions, *vocabulary.cautions))


def _card(folder: Path, parameters: int) -> tuple[gguf.Metadata, list[str]]:
    """What the folder's README says of the model; a caution where it cannot be read."""
    try:
        return gguf.Metadata.load(None, folder, None, parameters), []
    except Exception as error:  # noqa: BLE001  whatever its YAML reader makes of a text by somebody else
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        caution = f"README.md cannot be read ({first}), so the file tells no licence and no authors"
        return gguf.Metadata.load(None, None, None, parameters), [caution]


def _drop_nonsense(writer: gguf.GGUFWriter) -> list[str]:
    """Leaves out what a README calls a licence, a tag and so on and is no text; a caution for each."""
    cautions = []
    for key, entry in list(writer.kv_data[0].items()):
        texts = entry.value if entry.type == gguf.GGUFValueType.ARRAY else [entry.value]
        is_text = entry.type in (gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.STRING)
        if is_text and not all(isinstance(text, str) for text in texts):
            del writer.kv_data[0][key]
            cautions.append(f"{key} is left out, since the README says {entry.value!r}, which is no text")
    return cautions


def tensor_map(checkpoint: Checkpoint, config: ModelConfig) -> dict[str, Mapping]:
    """Each GGUF tensor's source, in the order of the file; every tensor of the checkpoint is used or known as idle.

    Raises CheckpointError that names unknown, missing and misshapen tensors.
    """
    found = _Finder(checkpoint)
    queries, kept = config.n_head * config.head_dim, config.n_head_kv * config.head_dim
    wide = config.n_embd
    found.take("token_embd.weight", "embed_tokens.weight", (config.n_vocab, wide))
    shapes: dict[str, tuple[int, ...]] = {
        "attn_norm": (wide,),
        "ffn_norm": (wide,),
        "attn_q": (queries, wide),
        "attn_k": (kept, wide),
        "attn_v": (kept, wide),
        "attn_output": (wide, queries),
        "ffn_gate": (config.n_ff, wide),
        "ffn_up": (config.n_ff, wide),
        "ffn_down": (wide, config.n_ff),
    }
    heads = {"attn_q": config.n_head, "attn_k": config.n_head_kv} if config.loop is None else {}
    for i in range(config.n_layer):
        for theirs, ours in _LAYER.items():
            shape, count = shapes[ours], heads.get(ours, 0)
            found.take(f"blk.{i}.{ours}.weight", f"layers.{i}.{theirs}.weight", shape, count)
            biased = config.attention_bias if ours.startswith("attn") else config.mlp_bias
            if biased and len(shape) == 2:
                found.take(f"blk.{i}.{ours}.bias", f"layers.{i}.{theirs}.bias", shape[:1], count)
        if config.loop is not None:
            _take_gate(found, config, i)
    found.take("output_norm.weight", "norm.weight", (wide,))
    if not (config.tied and "lm_head.weight" not in checkpoint.tensors):
        found.take("output.weight", "lm_head.weight", (config.n_vocab, wide))
    found.finish()
    return found.mappings


def _take_gate(found: _Finder, config: ModelConfig, i: int) -> None:
    assert config.loop is not None
    hidden = config.loop.gate_hidden
    names = [name.format(i=i) for name in _GATES[config.family]]
    shape = (config.n_head, config.n_embd if hidden else config.head_dim)
    found.take_one(f"blk.{i}.loop_gate.weight", [name + "weight" for name in names], shape)
    found.take_one(f"blk.{i}.loop_gate.bias", [name + "bias" for name in names], (config.n_head,))
    if hidden:
        norms = [name.format(i=i) for name in _GATE_NORMS]
        found.take_one(f"blk.{i}.loop_gate_norm.weight", norms, (config.n_embd,))


class _Finder:
    """Looks tensors up by name, checks shapes, and keeps account."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._tensors = checkpoint.tensors
        self._folder = checkpoint.folder
        self._missing: list[str] = []
        self._odd: list[str] = []
        self.mappings: dict[str, Mapping] = {}

    def take(self, ours: str, theirs: str, shape: tuple[int, ...], heads: int = 0) -> None:
        self.take_one(ours, [theirs if theirs.startswith("lm_head") else "model." + theirs], shape, heads)

    def take_one(self, ours: str, candidates: list[str], shape: tuple[int, ...], heads: int = 0) -> None:
        # some checkpoints were saved without the outer module
        every = [name for given in candidates for name in (given, given.removeprefix("model."))]
        name = next((name for name in every if name in self._tensors), None)
        if name is None:
            self._missing.append(candidates[0])
            return
        if self._tensors[name].shape != shape:
            self._odd.append(f"{name} is {list(self._tensors[name].shape)} instead of {list(shape)}")
        self.mappings[ours] = Mapping(name, shape, heads)

    def finish(self) -> None:
        used = {mapping.source for mapping in self.mappings.values()}
        idle = (".rotary_emb.inv_freq",)  # computed from the configuration
        unknown = [name for name in self._tensors if name not in used and not name.endswith(idle)]
        problems = [
            f"{len(names)} {what}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
            for what, names in (("missing", self._missing), ("misshapen", self._odd), ("unknown", unknown))
            if names
        ]
        if problems:
            raise CheckpointError(
                f"The tensors of {self._folder} are not those that its config.json describes",
                why="; ".join(problems),
                fix="Check that all files belong to the same model",
            )


def geometry(config: ModelConfig) -> Geometry:
    """The model's shape as its GGUF tells it."""
    told = config.head_dim_given or config.loop is not None
    return Geometry(
        config.n_layer,
        config.context,
        config.n_embd,
        config.n_ff,
        config.n_head,
        config.n_head_kv,
        config.eps,
        config.head_dim if told else None,
        config.rope_theta,
        config.head_dim,
        loop=config.loop,
        vocabulary=config.n_vocab,
    )


def write_scaling(writer: gguf.GGUFWriter, scaling: dict[str, Any]) -> None:
    kind = scaling.get("rope_type")
    if kind not in ("linear", "yarn"):  # llama3 is a tensor of factors
        return
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR if kind == "linear" else gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(scaling["factor"])
    if kind == "yarn":
        writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
        for key, add in (
            ("extrapolation_factor", writer.add_rope_scaling_yarn_ext_factor),
            ("attention_factor", writer.add_rope_scaling_yarn_attn_factor),
            ("attn_factor", writer.add_rope_scaling_yarn_attn_factor),
            ("beta_fast", writer.add_rope_scaling_yarn_beta_fast),
            ("beta_slow", writer.add_rope_scaling_yarn_beta_slow),
        ):
            if scaling.get(key) is not None:
                add(scaling[key])


def rope_factors(config: ModelConfig) -> NDArray[np.float32]:
    """Divisors of the rotary frequencies [head_dim / 2] of the "llama3" scaling.

    Frequencies with a short wavelength stay, long ones are divided by the factor, those between are interpolated.
    Source: Llama 3.1's published rope scaling.
    """
    scaling = config.scaling
    factor = float(scaling["factor"])
    low, high = float(scaling.get("low_freq_factor", 1.0)), float(scaling.get("high_freq_factor", 4.0))
    trained = float(scaling.get("original_max_position_embeddings", 8192))
    steps = np.arange(0, config.head_dim, 2, dtype=np.float32)
    frequencies = 1.0 / (np.float32(config.rope_theta) ** (steps / np.float32(config.head_dim)))
    lengths = 2 * np.pi / frequencies.astype(np.float64)
    share = (trained / lengths - low) / (high - low)
    between = 1.0 / ((1.0 - share) / factor + share)
    result = np.where(lengths < trained / high, 1.0, np.where(lengths > trained / low, factor, between))
    return result.astype(np.float32)


def _planned(name: str, mapping: Mapping, wanted: gguf.GGMLQuantizationType) -> PlannedTensor:
    kind = wanted
    if len(mapping.shape) < 2 or ".loop_gate" in name:
        kind = gguf.GGMLQuantizationType.F32
    elif mapping.shape[-1] % gguf.GGML_QUANT_SIZES[kind][0]:
        kind = gguf.GGMLQuantizationType.F16  # as llama.cpp does where rows do not divide into blocks
    return PlannedTensor(name, mapping.shape, kind)


def _pieces(checkpoint: Checkpoint, mapping: Mapping, tensor: PlannedTensor, odd: set[str]) -> Iterator[NDArray[Any]]:
    stored = checkpoint.tensors[mapping.source]
    columns = stored.row_elements
    if len(mapping.shape) == 1:  # a vector is one row, or one element per row where its rows belong to heads
        data = checkpoint.rows(mapping.source, 0, 1)
        if mapping.heads:
            data = interleave(data.reshape(-1, 1), mapping.heads).reshape(1, -1)
        yield _encoded(data, tensor, mapping.source, odd)
        return
    step = max(PIECE_ELEMENTS // columns, 1)
    if mapping.heads:
        head = stored.rows // mapping.heads
        step = max(step // head, 1) * head

    def piece(start: int) -> NDArray[Any]:
        stop = min(start + step, stored.rows)
        data = checkpoint.rows(mapping.source, start, stop)
        if mapping.heads:
            data = interleave(data, (stop - start) // head)
        return _encoded(data, tensor, mapping.source, odd)

    yield from _in_order(piece, range(0, stored.rows, step))


def _encoded(data: NDArray[np.float32], tensor: PlannedTensor, source: str, odd: set[str]) -> NDArray[Any]:
    """As the type that is written; `odd` gets the names of tensors that hold no numbers somewhere.

    Raises CheckpointError for a number that this type cannot hold.
    """
    largest = float(np.abs(data).max())
    if not math.isfinite(largest):
        odd.add(source)
    elif tensor.kind == gguf.GGMLQuantizationType.F16 and largest >= _F16_LIMIT:
        raise CheckpointError(
            f"The tensor {source} holds {largest:g}", why="F16 reaches to 65504 only", fix="Convert with --type bf16"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        result: NDArray[Any] = to_type(data, tensor.kind)
    return result


def _in_order(work: Callable[[int], NDArray[Any]], items: Iterable[int]) -> Iterator[NDArray[Any]]:
    """Results in order, a few of them computed ahead: numpy lets threads run side by side."""
    with concurrent.futures.ThreadPoolExecutor(_WORKERS) as pool:
        waiting: collections.deque[concurrent.futures.Future[NDArray[Any]]] = collections.deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
