"""`python -m quantize quantize`: smaller weights, through llama.cpp's own quantizer in the installed runtime.

For stock architectures the result is byte for byte what llama.cpp's tool writes, since the same function writes it.
The port keeps gates in F32 and counts a Loop model's layers once, so that mixes treat them as the layers they are.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import gguf

from iquest_lsp.atomic_file import put_in_place
from iquest_lsp.errors import IQuestError, ModelError, ModelFileError, PortMissingError
from iquest_lsp.runtime.llama import model as llama
from iquest_lsp.runtime.models.gguf_header import Header, check_language_model, read_header
from quantize import outputs
from quantize.fit import Choice, choose
from quantize.gguf_edit import RawFile
from quantize.gguf_stream import Progress
from quantize.importance import Importance
from quantize.meter import meter

TYPES = ("Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_XS", "IQ4_NL", "Q3_K_M", "F16", "BF16")
#: Types that a tensor can be given by name; others would end the process or need an importance matrix of their own.
TENSOR_TYPES = (
    "F32",
    "F16",
    "BF16",
    "Q8_0",
    "Q6_K",
    "Q5_K",
    "Q5_1",
    "Q5_0",
    "Q4_K",
    "Q4_1",
    "Q4_0",
    "IQ4_NL",
    "IQ4_XS",
    "Q3_K",
    "IQ3_S",
    "Q2_K",
)
_CONTEXT = 32_768
#: llama.h, enum llama_model_kv_override_type.
_KV_INT, _KV_STRING = 0, 3
#: Fewer free bytes than these after a failure mean that the disk is full.
_FULL = 1 << 20
#: Names of functions before what llama.cpp has to say.
_PREFIX = re.compile(r"^(llama_model_quantize\w*: )?(failed to quantize: )?(error loading model( \w+)?: )*")
_LINE = re.compile(r"^\[\s*\d+/\s*\d+\]\s+(\S+)\s")


@dataclass(frozen=True)
class Recipe:
    """What to make: `kind` one of TYPES, and types of tensors by regular expression, which win over the mix's own."""

    kind: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    imatrix: Path | None = None
    threads: int = 0
    requantize: bool = False


@click.command("quantize")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("kind", required=False, type=click.Choice(TYPES, case_sensitive=False))
@click.option("--fit", metavar="SIZE", help="Choose the mix that fits into this much memory, such as 12GB.")
@click.option("--context", type=click.IntRange(min=256), help="With --fit: tokens; default: 32768 if it has as many.")
@click.option("--imatrix", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Importance matrix.")
@click.option("--tensor-type", "overrides", multiple=True, metavar="REGEX=TYPE", help="Type of some tensors.")
@click.option("--threads", type=click.IntRange(min=0), default=0, help="0 uses all cores.")
@click.option("--requantize", is_flag=True, help="Allow MODEL to be quantized already; each step loses quality.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def command(
    model: Path,
    out: Path,
    kind: str | None,
    fit: str | None,
    context: int | None,
    imatrix: Path | None,
    overrides: tuple[str, ...],
    threads: int,
    requantize: bool,
    overwrite: bool,
) -> None:
    """Write MODEL with smaller weights to OUT: KIND (Q4_K_M, ...), or what fits into --fit with --context tokens."""
    if (kind is None) == (fit is None):
        raise click.UsageError("Give either a type or --fit")
    if out.exists() and not overwrite:
        raise click.UsageError(f"{out} exists; pass --overwrite to replace it")
    pairs = dict(text.partition("=")[::2] for text in overrides)
    if not all(pairs.values()):
        raise click.UsageError("--tensor-type needs REGEX=TYPE")
    try:
        header = read_header(model)
        choice: Choice | None = None
        if fit is not None:
            _check_source(header, requantize)
            choice = choose(header, outputs.parse_size(fit), context or usual_context(header))
            click.echo(choice.describe(), err=True)
        recipe = Recipe(
            choice.kind if choice else str(kind).upper(),
            (dict(choice.overrides) if choice else {}) | pairs,
            imatrix,
            threads,
            requantize,
        )
        with meter("quantize") as progress, outputs.interruptible(part_of(out)):
            quantize(model, out, recipe, progress)
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    size = out.stat().st_size
    bits = size * 8 / max(header.parameters, 1)
    click.echo(f"{out}: {outputs.size_text(size)}, {bits:.2f} bits per weight", err=True)
    if choice is not None and choice.kv_type != "f16":
        click.echo(f"Run it with kv_type {choice.kv_type} (setting `kv_type`)", err=True)


def part_of(out: Path) -> Path:
    """What a file is called until it is whole."""
    return out.with_name(out.name + ".part")


def usual_context(header: Header) -> int:
    """The context that is planned for where none is asked for."""
    trained = int(header.get("context_length", 0))
    return min(_CONTEXT, trained) if trained > 0 else _CONTEXT


def quantize(source: Path, out: Path, recipe: Recipe, progress: Progress | None = None) -> None:
    """Writes `out`, under a temporary name until it is whole.

    Raises ModelFileError for a bad source or type, PortMissingError for a Loop model without the port.
    """
    header = read_header(source)
    lib = llama.bindings()
    if header.needs_port and not llama.is_ported():
        raise PortMissingError(
            f"{source.name} is a Loop model, which the installed llama.cpp cannot quantize",
            why="it lacks the IQuest port",
            fix="Run `iquest-lsp runtime build`",
        )
    _check_source(header, recipe.requantize)
    params, alive = _parameters(lib, recipe, {**recipe.overrides, **_of_many_layers(header, recipe.kind)})
    part = part_of(out)
    outputs.check(out)
    with outputs.writing(out, part):
        part.touch()  # llama.cpp does not say why a file cannot be opened
    watcher = _Watcher(header, progress)
    log = logging.getLogger("iquest_lsp.llama")
    level = log.level
    log.addHandler(watcher)
    log.setLevel(logging.DEBUG)
    propagate, log.propagate = log.propagate, False
    try:
        status = lib.llama_model_quantize(os.fsencode(source), os.fsencode(part), ctypes.byref(params))
    finally:
        log.removeHandler(watcher)
        log.setLevel(level)
        log.propagate = propagate
        del alive
    if status != 0:
        is_full = shutil.disk_usage(part.parent).free < _FULL
        part.unlink(missing_ok=True)
        if is_full:
            raise ModelFileError(
                f"{out} cannot be written", why="the disk is full", fix="Free some space, or write it elsewhere"
            )
        raise ModelError(f"{source.name} could not be quantized to {recipe.kind}", why=watcher.complaint)
    _gates_in_f32(part)
    with outputs.writing(out, part):
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        put_in_place(part, out)


def _check_source(header: Header, requantize: bool) -> None:
    check_language_model(header)
    quantized = {
        gguf.GGMLQuantizationType(tensor.kind).name
        for tensor in header.tensors
        if len(tensor.shape) > 1 and tensor.kind not in (0, 1, 30) and ".loop_gate" not in tensor.name
    }
    if quantized and not requantize:
        raise ModelFileError(
            f"{header.path.name} is quantized already",
            why=f"it holds {', '.join(sorted(quantized))}",
            fix="Quantize the F16 or BF16 file, or pass --requantize",
        )


def _of_many_layers(header: Header, kind: str) -> dict[str, str]:
    """What llama.cpp's mixes give `llama` models of 80 layers that share keys among heads, for Loop models of as many.

    There the values' matrices are small and matter much: Q5_K is the least (src/llama-quant.cpp, LLM_TYPE_70B).
    """
    layers = int(header.get("block_count", 0))
    shared = header.get("attention.head_count") != header.get("attention.head_count_kv")
    if not header.needs_port or layers != 80 or not shared or kind not in ("Q3_K_M", "Q4_K_S", "Q4_K_M"):
        return {}
    # every layer is named: llama.cpp counts only those that no override names
    better = "|".join(str(at) for at in range(layers) if kind == "Q4_K_M" and has_more_bits(at, layers))
    return {rf"^blk\.({better})\.attn_v\.weight$": "Q6_K", r"^blk\.\d+\.attn_v\.weight$": "Q5_K"}


def has_more_bits(layer: int, layers: int) -> bool:
    """Whether Q4_K_M and Q5_K_M treat a layer's values and the last matrix of its network better."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def _parameters(lib: Any, recipe: Recipe, types: Mapping[str, str]) -> tuple[Any, list[Any]]:
    """The C parameters, and what must live as long as they do."""
    params = lib.llama_model_quantize_default_params()
    params.ftype = int(getattr(gguf.LlamaFileType, f"MOSTLY_{recipe.kind}"))
    params.nthread = recipe.threads
    params.allow_requantize = recipe.requantize
    alive: list[Any] = []
    if types:
        for pattern, name in types.items():
            if name.upper() not in TENSOR_TYPES:
                raise ModelError(f"{name} is not a type of weights", fix=f"One of {', '.join(TENSOR_TYPES)}")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ModelError(f"{pattern} is not a regular expression", why=str(error)) from error
        pairs = [(pattern.encode(), int(gguf.GGMLQuantizationType[name.upper()])) for pattern, name in types.items()]
        overrides = (lib.llama_model_tensor_override * (len(pairs) + 1))(*pairs, (None, 0))
        params.tt_overrides = overrides
        alive.append(overrides)
    if recipe.imatrix is not None:
        alive += _add_importance(lib, params, recipe.imatrix)
    return params, alive


def _add_importance(lib: Any, params: Any, path: Path) -> list[Any]:
    """The matrix, and the keys that llama.cpp's tool writes about it (tools/quantize/quantize.cpp)."""
    importance = Importance.read(path)
    means = importance.means()
    data = (lib.llama_model_imatrix_data * (len(means) + 1))()
    for at, (name, values) in enumerate(means.items()):
        data[at].name = name.encode()
        data[at].data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        data[at].size = values.size
    notes: list[tuple[str, str | int]] = [("quantize.imatrix.file", str(path))]
    if importance.datasets:
        notes.append(("quantize.imatrix.dataset", importance.datasets[0]))
    notes.append(("quantize.imatrix.entries_count", len(means)))
    if importance.chunks > 0:
        notes.append(("quantize.imatrix.chunks_count", importance.chunks))
    keys = (lib.llama_model_kv_override * (len(notes) + 1))()
    for at, (key, value) in enumerate(notes):
        keys[at].key = key.encode()
        keys[at].tag = _KV_INT if isinstance(value, int) else _KV_STRING
        if isinstance(value, int):
            keys[at].value.val_i64 = value
        else:
            keys[at].value.val_str = value.encode("utf-8")[:127]
    params.imatrix, params.kv_overrides = data, keys
    return [means, data, keys]


def _gates_in_f32(path: Path) -> None:
    """Community files have gates in other types, which llama.cpp leaves as they are: make them F32."""
    raw = RawFile.read(path)
    odd = frozenset(
        tensor.name
        for tensor in raw.tensors
        if tensor.kind != 0
        and (".loop_gate" in tensor.name or tensor.name.startswith("loop_exit") or tensor.name.endswith("_norm.weight"))
    )
    if odd:
        raw.write(path, odd)


class _Watcher(logging.Handler):
    """Reads llama.cpp's log: which tensor is at work, and what it complains of."""

    def __init__(self, header: Header, progress: Progress | None) -> None:
        super().__init__(logging.DEBUG)
        self._sizes = {tensor.name: tensor.size or 0 for tensor in header.tensors}
        self._total = sum(self._sizes.values())
        self._done = 0
        self._progress = progress
        self.complaint = ""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.ERROR and not self.complaint and text.strip("= \n"):
            self.complaint = _PREFIX.sub("", text.strip())
        found = _LINE.match(text)
        if found and self._progress is not None:  # the line comes before the work
            self._progress(self._done, self._total, found[1])
            self._done += self._sizes.pop(found[1], 0)
