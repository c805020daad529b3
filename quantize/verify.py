"""`python -m quantize verify`: is a Loop GGUF what it says it is?

Looks at metadata, tensors, the row order of Q and K, the gates and the tokenizer, and runs the first layers twice: in
float64 from the equations, with weights streamed from the file, and through llama.cpp. What can be put right in the
header alone, `--repair` does, leaving the tensor data as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import IQuestError, ModelFileError
from iquest_lsp.runtime.gguf_header import TensorInfo
from iquest_lsp.runtime.llama import Model
from iquest_lsp.runtime.loop import LoopContext
from quantize import outputs
from quantize.checkpoint import Checkpoint, read_json
from quantize.gguf_edit import Entry, RawFile
from quantize.hf_config import ModelConfig, parse
from quantize.layout import Layout, from_checkpoint, from_weights
from quantize.model_keys import ARCHITECTURE
from quantize.observe import Observer
from quantize.oracle import Array, Oracle, shape_of
from quantize.vocabulary import Vocabulary

#: A prompt's length for the run of the first layers: longer than most local windows times a few layers.
PROMPT = 96
#: Relative difference up to which the first layers agree; quantized weights add that of 8-bit activations.
EXACT, ROUNDED = 1e-4, 5e-2
_NAMES = {"token_embd.weight", "output_norm.weight", "output.weight", "rope_freqs.weight", "loop_exit.weight",
          "loop_exit.bias"}  # fmt: skip
_BLOCK = {
    "attn_norm.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_output.weight", "ffn_norm.weight",
    "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight", "loop_gate.weight", "loop_gate.bias",
}  # fmt: skip
_OPTIONAL = {"loop_gate_norm.weight", "attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias"}
#: Tokens that are cut out of text though they are not special (LOOP_MODELS.md section 6).
_PLAIN = (
    "<think>", "</think>", "<tools>", "</tools>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `state` is ok, wrong, or unknown; `changes` are header keys that would put it right."""

    name: str
    state: str
    detail: str
    changes: dict[str, Entry | None] = field(default_factory=dict)

    @property
    def repairable(self) -> bool:
        """Whether the header alone can put it right."""
        return bool(self.changes)


@click.command("verify")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The published folder (config.json is enough): with it, more is certain.",
)  # fmt: skip
@click.option("--layers", type=click.IntRange(min=1), default=2, show_default=True, help="Layers to run.")
@click.option("--set", "given", multiple=True, metavar="KEY=NUMBER", help="A value you know, such as loop.num=2.")
@click.option("--repair", type=click.Path(dir_okay=False, path_type=Path), help="Write a corrected file here.")
@click.option("--json", "json_", is_flag=True, help="One JSON object on stdout.")
def command(
    model: Path, checkpoint: Path | None, layers: int, given: tuple[str, ...], repair: Path | None, json_: bool
) -> None:
    """Check the Loop model MODEL. Exit code 1 if something is wrong (and not repaired)."""
    try:
        values = {key: int(value) for key, _, value in (text.partition("=") for text in given)}
    except ValueError as error:
        raise click.UsageError("--set takes KEY=NUMBER, such as loop.window_size=64") from error
    try:
        outputs.check(repair)
        findings = verify(model, checkpoint, layers, values)
        repaired = False
        if repair is not None and any(found.repairable for found in findings):
            apply(RawFile.read(model), findings).write(repair)
            again = _again(repair, checkpoint, layers)
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
    path: Path, checkpoint: Path | None = None, layers: int = 2, given: dict[str, int] | None = None
) -> list[Finding]:
    """All findings; raises ModelFileError where the file is not the whole GGUF of a Loop model."""
    raw = RawFile.read(path)
    gated = any(".loop_gate" in tensor.name for tensor in raw.tensors)
    if not gated and not any(".loop." in key for key in raw.entries):
        raise ModelFileError(
            f"{path.name} is not a Loop model", why=f"it is a {raw.get('general.architecture', '?')} without gates",
            fix="There is nothing of a loop to verify",
        )  # fmt: skip
    config = _config(checkpoint)
    findings = [_metadata(raw, config, given or {}), _tensors(raw), _gates(raw)]
    fixed = apply(raw, findings)
    layout = _layout(fixed, checkpoint)
    findings += [layout, _tokenizer(raw, checkpoint, config)]
    if any(found.state == "wrong" for found in findings):
        findings.append(Finding("first layers", "unknown", "not run: put the rest right first"))
    else:
        findings.append(_first_layers(raw, layers))
    return findings


def apply(raw: RawFile, findings: Sequence[Finding]) -> RawFile:
    """The header with every finding's changes."""
    for found in findings:
        raw = raw.with_entries(found.changes)
    return raw


def _again(path: Path, checkpoint: Path | None, layers: int) -> list[Finding]:
    return [Finding(f"{found.name}", found.state, "repaired: " + found.detail, found.changes)
            for found in verify(path, checkpoint, layers)]  # fmt: skip


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))


def _config(folder: Path | None) -> ModelConfig | None:
    if folder is None or not (folder / "config.json").exists():
        return None
    return parse(read_json(folder / "config.json"))


# ------------------------------------------------------------------------------------------------ the checks


def _metadata(raw: RawFile, config: ModelConfig | None, given: dict[str, int]) -> Finding:
    architecture = str(raw.get("general.architecture", ""))
    if architecture not in (ARCHITECTURE, "llama"):
        return Finding("metadata", "wrong", f"the architecture is {architecture!r}, which is no Loop model")
    wanted: dict[str, Any] = dict(given)
    if config is not None and config.loop is not None:
        # the offset awaits the real weights: a file that says otherwise is not wrong
        published = {key: value for key, value in config.loop.keys().items() if key != "loop.position_offset"}
        wanted = published | wanted
    changes: dict[str, Entry | None] = {}
    problems = []
    for key, value in wanted.items():
        found = raw.get(f"{architecture}.{key}")
        same = abs(found - value) < 1e-5 if isinstance(found, float) else found == value
        if not same:
            problems.append(f"{key} is {found} instead of {value}")
            changes[f"{architecture}.{key}"] = Entry.of(value)
    gated = any(".loop_gate.weight" in tensor.name for tensor in raw.tensors)
    for key, usual in (("loop.num", 2), ("loop.window_size", 64)):
        full = f"{architecture}.{key}"
        value = raw.get(full)
        makes_sense = type(value) is int and (value > 1 if key == "loop.num" else value > 0)
        if gated and not makes_sense and full not in changes:
            told = "missing" if value is None else value
            problems.append(f"{key} is {told}, though there are gates; every published model has {usual}")
            changes[full] = Entry.of(usual)
    needed = ("block_count", "embedding_length", "attention.head_count", "attention.layer_norm_rms_epsilon")
    problems += [f"{key} is missing" for key in needed if f"{architecture}.{key}" not in raw.entries]
    hidden = next((t for t in raw.tensors if t.name == "blk.0.loop_gate_norm.weight"), None) is not None
    key = f"{architecture}.loop.gate_input"
    if hidden and raw.get(key, "query") != "hidden" and key not in changes:
        problems.append("the gates have a norm, so they read the hidden state, but loop.gate_input does not say so")
        changes[key] = Entry.of("hidden")
    passes, window = raw.get(f"{architecture}.loop.num"), raw.get(f"{architecture}.loop.window_size")
    if problems:
        return Finding("metadata", "wrong", "; ".join(problems), changes)
    return Finding("metadata", "ok", f"{architecture}, {passes} passes, local window {window}")


def _tensors(raw: RawFile) -> Finding:
    layers = int(raw.get(f"{raw.get('general.architecture')}.block_count", 0))
    names = {tensor.name for tensor in raw.tensors}
    block = {f"blk.{i}.{name}" for i in range(layers) for name in _BLOCK}
    optional = {f"blk.{i}.{name}" for i in range(layers) for name in _OPTIONAL}
    missing = sorted((block | {"token_embd.weight", "output_norm.weight"}) - names)
    unknown = sorted(names - block - optional - _NAMES)
    problems = [
        f"{len(found)} {what} ({', '.join(found[:3])})"
        for what, found in (("missing", missing), ("unknown", unknown))
        if found
    ]
    quantized = [t.name for t in raw.tensors if t.kind != 0 and ("_norm." in t.name or ".loop_gate" in t.name)]
    if problems:
        return Finding("tensors", "wrong", "; ".join(problems))
    note = f"; {len(quantized)} gates or norms are not F32, which costs accuracy" if quantized else ""
    return Finding("tensors", "ok", f"{len(names)} tensors, {layers} layers{note}")


def _gates(raw: RawFile) -> Finding:
    """The gates' values: finite, and not all the same of everything."""
    weights: list[NDArray[np.float32]] = []
    biases: list[NDArray[np.float32]] = []
    for tensor in raw.tensors:
        if tensor.name.endswith(("loop_gate.weight", "loop_gate.bias")):
            rows = tensor.elements // tensor.shape[0]
            values = raw.rows(tensor, 0, rows)
            if not np.isfinite(values).all():
                return Finding("gates", "wrong", f"{tensor.name} holds numbers that are not finite")
            (weights if tensor.name.endswith("weight") else biases).append(values.reshape(-1))
    if not weights or not biases:
        return Finding("gates", "wrong", "there are none")
    weight, bias = np.concatenate(weights), np.concatenate(biases)
    share = 1 / (1 + np.exp(-bias.astype(np.float64)))
    empty = "; all weights are zero, so the gates ignore their input" if not weight.any() else ""
    spread = f"biases give the global branch {share.min():.2f} to {share.max():.2f}"
    return Finding("gates", "ok", f"{spread}, weights up to {np.abs(weight).max():.3f}{empty}")


def _layout(raw: RawFile, checkpoint: Path | None) -> Finding:
    """Whether Q and K lie in the row order that the architecture's RoPE expects."""
    architecture = str(raw.get("general.architecture"))
    if float(raw.get(f"{architecture}.attention.max_alibi_bias", 0.0) or 0.0) > 0:
        return Finding("row order", "ok", "ALiBi: there is no rotation, so any order is the right one")
    expected = Layout.INTERLEAVED if architecture == "llama" else Layout.HALVES
    if checkpoint is not None and _has_weights(checkpoint):
        found, why = from_checkpoint(raw, Checkpoint.open(checkpoint))
    else:
        found, why = from_weights(raw)
    if found is None:
        return Finding("row order", "unknown", why)
    if found is expected:
        return Finding("row order", "ok", why)
    other = "llama" if architecture == ARCHITECTURE else ARCHITECTURE
    changes: dict[str, Entry | None] = {"general.architecture": Entry.of(other)}
    for key, entry in raw.entries.items():
        if key.startswith(architecture + "."):
            changes[key] = None
            changes[other + key.removeprefix(architecture)] = entry
    detail = f"rows of Q and K lie {found.value}, which the architecture {architecture} does not expect ({why})"
    return Finding("row order", "wrong", detail, changes)


def _tokenizer(raw: RawFile, checkpoint: Path | None, config: ModelConfig | None) -> Finding:
    tokens = raw.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list):
        return Finding("tokenizer", "unknown", "the file has no vocabulary")
    kinds = list(raw.get("tokenizer.ggml.token_type") or [1] * len(tokens))
    changes: dict[str, Entry | None] = {}
    problems = []
    ids = {text: at for at, text in enumerate(tokens)}
    plain = [text for text in _PLAIN if text in ids and kinds[ids[text]] != 4]
    if plain:
        problems.append(f"{', '.join(plain)} would not be cut out of text as one token")
        for text in plain:
            kinds[ids[text]] = 4
        changes["tokenizer.ggml.token_type"] = Entry.of(kinds)
    if (
        raw.get("tokenizer.ggml.model") == "llama"
        and raw.get("tokenizer.ggml.add_space_prefix", True)
        and ("<|fim_prefix|>" in ids or "<|im_start|>" in ids)
    ):
        problems.append("a space would be put in front of text, which these models' tokenizer does not do")
        changes["tokenizer.ggml.add_space_prefix"] = Entry.of(False)
    vocabulary = _published(checkpoint, config)
    if vocabulary is not None:
        wrong = sum(a != b for a, b in zip(tokens, vocabulary.tokens, strict=False))
        if len(tokens) != len(vocabulary.tokens) or wrong:
            problems.append(f"{wrong} of {len(tokens)} tokens are not those published ({len(vocabulary.tokens)})")
        for key, at in vocabulary.fim_ids().items():
            full = f"tokenizer.ggml.fim_{key}_token_id"
            if raw.get(full) != at:
                changes[full] = Entry.of(at)
                problems.append(f"fim_{key}_token_id is not {at}")
    else:
        for key, text in (("pre", "<|fim_prefix|>"), ("suf", "<|fim_suffix|>"), ("mid", "<|fim_middle|>")):
            full = f"tokenizer.ggml.fim_{key}_token_id"
            if text in ids and raw.get(full, ids[text]) != ids[text]:
                changes[full] = Entry.of(ids[text])
                problems.append(f"fim_{key}_token_id is not that of {text}")
    if problems:
        return Finding("tokenizer", "wrong", "; ".join(problems), changes)
    return Finding("tokenizer", "ok", f"{len(tokens)} tokens ({raw.get('tokenizer.ggml.model')})")


def _published(checkpoint: Path | None, config: ModelConfig | None) -> Vocabulary | None:
    names = ("tokenizer.model", "tokenizer.json")
    if checkpoint is None or not any((checkpoint / name).exists() for name in names):
        return None
    return Vocabulary.read(checkpoint, config.n_vocab if config else None)


def _first_layers(raw: RawFile, layers: int) -> Finding:
    """Pass 1 of the first layers, from the equations and through llama.cpp."""
    n_vocab = next(t for t in raw.tensors if t.name == "token_embd.weight").shape[1]
    tokens = np.random.default_rng(0).integers(0, n_vocab, PROMPT).astype(np.int32)
    layers = min(layers, int(raw.get(f"{raw.get('general.architecture')}.block_count", 1)))
    expected = _equations(raw, tokens, layers)
    found = _through_llama(raw.path, tokens, layers)
    worst = 0.0
    for at in range(layers):
        worst = max(worst, float(np.abs(found[at] - expected[at]).max() / np.abs(expected[at]).max()))
    exact = all(tensor.kind == 0 for tensor in raw.tensors)
    bound = EXACT if exact else ROUNDED
    state = "ok" if worst <= bound else "wrong"
    detail = f"{layers} layers agree with the equations to {worst:.1e} (allowed {bound:.0e})"
    return Finding("first layers", state, detail)


def _equations(raw: RawFile, tokens: NDArray[np.int32], layers: int) -> list[Array]:
    """Outputs of the first layers in pass 1 [n, n_embd], one layer's weights in memory at a time."""
    by_name = {tensor.name: tensor for tensor in raw.tensors}
    hidden = _embeddings(raw, by_name["token_embd.weight"], tokens)
    architecture = str(raw.get("general.architecture"))
    fields = {key: entry.value for key, entry in raw.entries.items() if key.startswith(architecture + ".")}
    shape = replace(shape_of(architecture, fields), n_layer=1)
    outputs = []
    for at in range(layers):
        weights = {
            f"blk.0.{name}": _whole(raw, tensor)
            for name in (*_BLOCK, *_OPTIONAL)
            if (tensor := by_name.get(f"blk.{at}.{name}")) is not None
        }
        oracle = Oracle.of(shape, weights, architecture)
        hidden, _ = oracle.first_pass(hidden)
        outputs.append(hidden)
    return outputs


def _embeddings(raw: RawFile, tensor: TensorInfo, tokens: NDArray[np.int32]) -> Array:
    rows = {int(token): raw.rows(tensor, int(token), int(token) + 1)[0] for token in set(tokens.tolist())}
    return np.array([rows[int(token)] for token in tokens], np.float64)


def _whole(raw: RawFile, tensor: TensorInfo) -> Array:
    rows = tensor.elements // tensor.shape[0]
    values = raw.rows(tensor, 0, rows).astype(np.float64)
    return values if len(tensor.shape) > 1 else values.reshape(-1)


def _through_llama(path: Path, tokens: NDArray[np.int32], layers: int) -> list[NDArray[np.float32]]:
    wanted = {f"l_out-{at}" for at in range(layers)}
    found: dict[str, NDArray[np.float32]] = {}

    def keep(name: str, values: NDArray[np.float32]) -> None:
        found.setdefault(name, values)  # a layer's first run is pass 1

    observer = Observer(on_result=keep, results=lambda name: name in wanted)
    model = Model.load(path)
    try:
        context = LoopContext(
            model, len(tokens), n_batch=len(tokens), n_ubatch=len(tokens), type_k="f32", type_v="f32",
            flash_attn=False, observer=observer.callback,
        )  # fmt: skip
        try:
            context.decode_depth(tokens, np.arange(len(tokens)), 0, 1, "all")
            observer.check()
        finally:
            context.close()
    finally:
        model.close()
    return [found[f"l_out-{at}"] for at in range(layers)]
