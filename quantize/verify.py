"""`python -m quantize verify`: is a Loop GGUF what it says it is?

Looks at metadata, tensors, the row order of Q and K, the gates and the tokenizer, and runs the first layers twice: in
float64 from the equations, with weights streamed from the file, and through llama.cpp. What can be put right in the
header alone, `--repair` does, leaving the tensor data as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import IQuestError, ModelError, ModelFileError
from iquest_lsp.runtime.models.gguf_header import TensorInfo
from quantize import first_layers, header_facts, outputs, tokenizer_check
from quantize.checkpoint import Checkpoint
from quantize.convert import tensor_map
from quantize.findings import Finding
from quantize.gguf_edit import Entry, RawFile
from quantize.gguf_stream import Progress
from quantize.header_facts import USUAL, Prefix
from quantize.hf_config import ModelConfig
from quantize.layout import Layout, from_checkpoint, from_weights
from quantize.meter import meter
from quantize.model_keys import ARCHITECTURE
from quantize.published import Published
from quantize.random_model import interleave

_NAMES = {
    "token_embd.weight",
    "output_norm.weight",
    "output.weight",
    "rope_freqs.weight",
    "loop_exit.weight",
    "loop_exit.bias",
}
_BLOCK = {
    "attn_norm.weight",
    "attn_q.weight",
    "attn_k.weight",
    "attn_v.weight",
    "attn_output.weight",
    "ffn_norm.weight",
    "ffn_gate.weight",
    "ffn_up.weight",
    "ffn_down.weight",
    "loop_gate.weight",
    "loop_gate.bias",
}
_GATES = {"loop_gate.weight", "loop_gate.bias"}
_OPTIONAL = {"loop_gate_norm.weight", "attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias"}
#: Difference up to which a file's gates are the published ones: some files have them in 8 bits.
_SAME_GATES = 0.02


@click.command("verify")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The published folder (config.json is enough): with it, more is certain.",
)
@click.option("--ignore-key", "ignore", multiple=True, metavar="KEY", help="A key of config.json that has no effect.")
@click.option("--pre", default="", help="llama.cpp's name of the pre-tokenizer, where it is not recognised.")
@click.option("--layers", type=click.IntRange(min=1), default=2, show_default=True, help="Layers to run.")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A value you know, such as loop.num=2.")
@click.option("--repair", type=click.Path(dir_okay=False, path_type=Path), help="Write a corrected file here.")
@click.option("--overwrite", is_flag=True, help="With --repair: replace another file that exists.")
@click.option("--json", "json_", is_flag=True, help="One JSON object on stdout.")
def command(
    model: Path,
    checkpoint: Path | None,
    ignore: tuple[str, ...],
    pre: str,
    layers: int,
    given: tuple[str, ...],
    repair: Path | None,
    overwrite: bool,
    json_: bool,
) -> None:
    """Check the Loop model MODEL. Exit code 1 if something is wrong (and not repaired).

    --repair may name MODEL itself, whose header is then corrected in place.
    """
    try:
        values = dict(header_facts.parse_given(text) for text in given)
    except ValueError as error:
        raise click.UsageError("--set takes KEY=VALUE, such as loop.window_size=64") from error
    if repair is not None and repair.exists() and not repair.samefile(model) and not overwrite:
        raise click.UsageError(f"{repair} exists; pass --overwrite to replace it")
    try:
        outputs.check(repair)
        published = Published() if checkpoint is None else Published.read(checkpoint, ignore, pre)
        with meter("verify", "steps") as progress:
            findings = verify(model, published, layers, values, progress)
        repaired = False
        if repair is not None and any(found.repairable for found in findings):
            with meter("repair") as progress:
                apply(RawFile.read(model), findings).write(repair, progress=progress)
            with meter("verify again", "steps") as progress:
                again = _again(repair, published, layers, values, progress)
            repaired = all(found.state != "wrong" for found in again)
            findings = [*findings, *again]
            click.echo(f"{repair} was written", err=True)
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    if json_:
        rows = [{"name": f.name, "state": f.state, "detail": f.detail, "repairs": sorted(f.changes)} for f in findings]
        click.echo(json.dumps({"file": str(model), "repaired": repaired, "checks": rows}, indent=2))
    else:
        for found in findings:
            hint = "  (--repair can put it right)" if found.repairable and repair is None else ""
            click.echo(f"{found.state:8} {found.name:12} {found.detail}{hint}")
        if repair is not None and not any(found.repairable for found in findings):
            click.echo(f"There is nothing that the header can put right: {repair} was not written", err=True)
    if any(found.state == "wrong" for found in findings) and not repaired:
        raise SystemExit(1)


def verify(
    path: Path,
    published: Published | None = None,
    layers: int = 2,
    given: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """All findings; raises ModelFileError where the file is not the whole GGUF of a Loop model."""
    published = published or Published()
    raw = RawFile.read(path)
    gated = any(".loop_gate" in tensor.name for tensor in raw.tensors)
    if not gated and not any(".loop." in key for key in raw.entries):
        raise ModelFileError(
            f"{path.name} is not a Loop model",
            why=f"it is a {raw.get('general.architecture', '?')} without gates",
            fix="There is nothing of a loop to verify",
        )
    findings = [_metadata(raw, published.config, given or {})]
    fixed = apply(raw, findings)
    findings += [_tensors(fixed), _gates(fixed, published.weights, published.config)]
    findings += [_layout(fixed, published.weights), tokenizer_check.check(raw, published.vocabulary)]
    if all(found.repairable for found in findings if found.state == "wrong"):
        findings.append(_first_layers(apply(raw, findings), layers, progress))
    else:
        findings.append(Finding("first layers", "unknown", "not run: put the rest right first"))
    return findings


def apply(raw: RawFile, findings: Sequence[Finding]) -> RawFile:
    """The header with every finding's changes."""
    for found in findings:
        raw = raw.with_entries(found.changes)
    return raw


def _again(path: Path, published: Published, layers: int, given: dict[str, Any], progress: Progress) -> list[Finding]:
    return [
        Finding(f"{found.name}", found.state, "repaired: " + found.detail, found.changes)
        for found in verify(path, published, layers, given, progress)
    ]


# ------------------------------------------------------------------------------------------------ the checks


def _metadata(raw: RawFile, config: ModelConfig | None, given: dict[str, Any]) -> Finding:
    """The architecture's name, and its keys against what is known of them from elsewhere."""
    prefix = Prefix.of(raw)
    own = prefix.wanted
    changes: dict[str, Entry | None] = {}
    problems = []
    if prefix.architecture != own or prefix.keys != own:
        named = repr(prefix.architecture) if prefix.architecture else "not named"
        under = f", its keys stand under {prefix.keys!r}" if prefix.keys != prefix.architecture else ""
        problems.append(f"the architecture is {named}{under}; it should be {own!r}")
        changes |= header_facts.renamed(raw, prefix.keys, own)
        raw = raw.with_entries(changes)
    shapes = header_facts.told_by_tensors(raw)
    wanted: dict[str, Any] = dict(shapes)
    sources = dict.fromkeys(shapes, "by the tensors' shapes")
    if config is not None:
        if config.loop is None:
            problems.append(f"the published model is a {config.family.value}, which has no loop")
        for key, entry in header_facts.told_by_config(config).items():
            # the offset awaits the real weights: a file that says otherwise is not wrong
            if key == "loop.position_offset":
                continue
            if key in shapes and not header_facts.same(shapes[key], entry.value):
                problems.append(
                    f"{key} is {shapes[key]} by the tensors' shapes and {entry.value} in config.json, "
                    "which belongs to another model"
                )
            elif key not in shapes:
                wanted[key], sources[key] = entry.value, "in config.json"
    wanted |= given
    sources |= dict.fromkeys(given, "by --set")
    gated = any(".loop_gate.weight" in tensor.name for tensor in raw.tensors)
    for key, usual in USUAL.items() if gated else ():
        if key not in wanted and not header_facts.makes_sense(key, raw.get(f"{own}.{key}")):
            wanted[key], sources[key] = usual, "in every published model"
    if f"{own}.vocab_size" not in raw.entries:  # the number of tokens is told by their list
        wanted.pop("vocab_size", None)
    for key, right in wanted.items():
        found = header_facts.value(raw, own, key)
        if not header_facts.same(found, right):
            problems.append(f"{key} is {_told(found)}; {sources[key]} it is {_told(right)}")
            changes[f"{own}.{key}"] = header_facts.entry_for(key, right)
    problems += _rotation(raw, own, wanted, changes)
    passes, window = raw.get(f"{own}.loop.num"), raw.get(f"{own}.loop.window_size")
    if problems:
        return Finding("metadata", "wrong", "; ".join(problems), changes)
    note = ""
    if f"{own}.rope.freq_base" not in raw.entries and not raw.get(f"{own}.attention.max_alibi_bias"):
        note = "; it has no rope.freq_base, which means 10000 (the published models have 500000)"
    return Finding("metadata", "ok", f"{own}, {passes} passes, local window {window}{note}")


def _told(value: Any) -> str:
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _rotation(raw: RawFile, own: str, wanted: dict[str, Any], changes: dict[str, Entry | None]) -> list[str]:
    """A number of rotated elements that a head does not have."""
    key, size = "rope.dimension_count", wanted.get("attention.key_length")
    found = raw.get(f"{own}.{key}")
    if found is None or size is None or key in wanted or raw.get(f"{own}.attention.max_alibi_bias"):
        return []
    if type(found) is int and 0 < found <= size and found % 2 == 0:
        return []
    changes[f"{own}.{key}"] = Entry.of(size)
    return [f"{key} is {found!r}, and a head has {size} elements"]


def _tensors(raw: RawFile) -> Finding:
    layers = int(header_facts.told_by_tensors(raw).get("block_count", 0))
    names = {tensor.name for tensor in raw.tensors}
    needed = _BLOCK - _GATES if _has_one_pass(raw) else _BLOCK
    block = {f"blk.{i}.{name}" for i in range(layers) for name in needed}
    optional = {f"blk.{i}.{name}" for i in range(layers) for name in _OPTIONAL | _GATES}
    missing = sorted((block | {"token_embd.weight", "output_norm.weight"}) - names)
    unknown = sorted(names - block - optional - _NAMES)
    misshapen = _misshapen(raw)
    problems = [
        f"{len(found)} {what} ({', '.join(found[:3])})"
        for what, found in (("missing", missing), ("unknown", unknown), ("misshapen", misshapen))
        if found
    ]
    quantized = [t.name for t in raw.tensors if t.kind != 0 and ("_norm." in t.name or ".loop_gate" in t.name)]
    if problems:
        return Finding("tensors", "wrong", "; ".join(problems))
    note = f"; {len(quantized)} gates or norms are not F32, which costs accuracy" if quantized else ""
    return Finding("tensors", "ok", f"{len(names)} tensors, {layers} layers{note}")


def _has_one_pass(raw: RawFile) -> bool:
    return bool(raw.get(f"{raw.get('general.architecture')}.loop.num") == 1)


def _misshapen(raw: RawFile) -> list[str]:
    """Tensors that have another shape than those of the first layer say."""
    told = header_facts.told_by_tensors(raw)
    needed = ("embedding_length", "attention.head_count", "attention.head_count_kv", "feed_forward_length")
    if any(key not in told for key in needed):
        return []  # their names are among the missing ones
    wide, heads, kept, inner = (int(told[key]) for key in needed)
    size = int(told["attention.key_length"])
    gate = wide if told.get("loop.gate_input") == "hidden" else size
    shapes = {
        "attn_norm.weight": (wide,),
        "ffn_norm.weight": (wide,),
        "attn_q.weight": (wide, heads * size),
        "attn_k.weight": (wide, kept * size),
        "attn_v.weight": (wide, kept * size),
        "attn_output.weight": (heads * size, wide),
        "ffn_gate.weight": (wide, inner),
        "ffn_up.weight": (wide, inner),
        "ffn_down.weight": (inner, wide),
        "loop_gate.weight": (gate, heads),
        "loop_gate.bias": (heads,),
        "loop_gate_norm.weight": (wide,),
        "attn_q.bias": (heads * size,),
        "attn_k.bias": (kept * size,),
        "attn_v.bias": (kept * size,),
        "attn_output.bias": (wide,),
        "output_norm.weight": (wide,),
    }
    words = next((tensor.shape for tensor in raw.tensors if tensor.name == "token_embd.weight"), ())
    return [
        f"{tensor.name} is {list(tensor.shape)} instead of {list(right)}"
        for tensor in raw.tensors
        if (
            right := (words or None)
            if tensor.name == "output.weight"
            else shapes.get(tensor.name.split(".", 2)[-1] if tensor.name.startswith("blk.") else tensor.name)
        )
        is not None
        and tensor.shape != right
    ]


def _gates(raw: RawFile, published: Checkpoint | None, config: ModelConfig | None) -> Finding:
    """The gates' values: finite, and those published."""
    weights: list[NDArray[np.float32]] = []
    biases: list[NDArray[np.float32]] = []
    for tensor in raw.tensors:
        if tensor.name.endswith(("loop_gate.weight", "loop_gate.bias")):
            rows = tensor.elements // tensor.shape[0]
            values = raw.rows(tensor, 0, rows)
            if not np.isfinite(values).all():
                return Finding("gates", "wrong", f"{tensor.name} holds numbers that are not finite")
            (weights if tensor.name.endswith("weight") else biases).append(values.reshape(-1))
    if not weights and not biases and _has_one_pass(raw):
        return Finding("gates", "ok", "there are none, and none are needed for one pass")
    if not weights or not biases:
        return Finding("gates", "wrong", "there are none")
    weight, bias = np.concatenate(weights), np.concatenate(biases)
    share = 1 / (1 + np.exp(-bias.astype(np.float64)))
    empty = "; all weights are zero, so the gates ignore their input" if not weight.any() else ""
    spread = f"biases give the global branch {share.min():.2f} to {share.max():.2f}"
    other = "" if published is None or config is None else _other_gates(raw, published, config)
    if other:
        return Finding("gates", "wrong", other)
    return Finding("gates", "ok", f"{spread}, weights up to {np.abs(weight).max():.3f}{empty}")


def _other_gates(raw: RawFile, published: Checkpoint, config: ModelConfig) -> str:
    """What makes the gates others than the published ones, "" for nothing."""
    if config.loop is None:
        return ""
    mappings = tensor_map(published, config)
    for tensor in raw.tensors:
        if ".loop_gate" not in tensor.name or tensor.name not in mappings:
            continue
        ours = _whole(raw, tensor)
        source = mappings[tensor.name].source
        theirs = published.rows(source, 0, published.tensors[source].rows)
        if ours.size != theirs.size:
            return f"{tensor.name} has another shape than the published {source}"
        if _distance(ours, theirs) <= _SAME_GATES:
            continue
        turned = theirs.shape[0] == config.n_head and theirs.shape[1] == config.head_dim
        if turned and _distance(ours, interleave(theirs.reshape(-1, 1), config.n_head)) <= _SAME_GATES:
            return (
                f"the elements of {tensor.name} are interleaved like rows of Q; they belong in the published "
                "order whatever that of Q and K is. Convert the model again"
            )
        return f"{tensor.name} is not the published {source}"
    return ""


def _whole(raw: RawFile, tensor: TensorInfo) -> NDArray[np.float32]:
    return raw.rows(tensor, 0, tensor.elements // tensor.shape[0])


def _distance(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    scale = max(float(np.linalg.norm(theirs)), 1e-30)
    return float(np.linalg.norm(ours.reshape(-1) - theirs.reshape(-1))) / scale


def _layout(raw: RawFile, published: Checkpoint | None) -> Finding:
    """Whether Q and K lie in the row order that the architecture's RoPE expects."""
    architecture = str(raw.get("general.architecture"))
    if float(raw.get(f"{architecture}.attention.max_alibi_bias", 0.0) or 0.0) > 0:
        return Finding("row order", "ok", "ALiBi: there is no rotation, so any order is the right one")
    expected = Layout.INTERLEAVED if architecture == "llama" else Layout.HALVES
    looked = from_checkpoint(raw, published) if published is not None else from_weights(raw)
    if looked.is_mixed:
        return Finding("row order", "wrong", looked.why)
    if looked.layout is None:
        return Finding("row order", "unknown", looked.why)
    if looked.layout is expected:
        return Finding("row order", "ok", looked.why)
    other = "llama" if architecture == ARCHITECTURE else ARCHITECTURE
    detail = f"rows of Q and K lie {looked.layout.value}, not as the architecture {architecture} has them"
    changes = header_facts.renamed(raw, architecture, other)
    return Finding("row order", "wrong", f"{detail} ({looked.why})", changes)


def _first_layers(raw: RawFile, layers: int, progress: Progress | None) -> Finding:
    """All passes of the first layers, from the equations and through llama.cpp."""
    try:
        found = first_layers.compare(raw, layers, progress)
    except ModelError as error:
        return Finding("first layers", "wrong" if isinstance(error, ModelFileError) else "unknown", str(error))
    return Finding("first layers", "ok" if found.is_exact else "wrong", found.describe())
