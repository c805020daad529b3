"""What a Loop model's header ought to say: as its tensors' shapes tell, as the published configuration does, or as
every published model of the family has it.

Keys stand here without the architecture's prefix.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gguf

from quantize import model_keys
from quantize.convert import geometry, write_scaling
from quantize.gguf_edit import Entry, RawFile
from quantize.hf_config import ModelConfig
from quantize.model_keys import ARCHITECTURE
from quantize.vocabulary import Vocabulary

#: Architectures under which Loop models run.
KNOWN = (ARCHITECTURE, "llama")
#: What every published model has, for what neither tensors nor a configuration tell.
USUAL: Mapping[str, Any] = {
    "loop.num": 2,
    "loop.window_size": 64,
    "attention.layer_norm_rms_epsilon": 1e-5,
    "context_length": 131_072,
}
_MOST_PASSES = 4
#: The Parallel variant's keys, each of which marks it, with what the absent ones mean there (iquestloopcoder.cpp).
_PARALLEL: Mapping[str, Any] = {"loop.embedding_scale": 1.0, "loop.hidden_scale": 1.0, "loop.normalize": True}


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a header calls its architecture, and under which prefix its keys stand ("" where there are none)."""

    architecture: str
    keys: str

    @classmethod
    def of(cls, raw: RawFile) -> Prefix:
        """Reads both; they differ in a file whose architecture was changed and nothing else."""
        architecture = str(raw.get("general.architecture", ""))
        marks = (".attention.head_count", ".embedding_length", ".block_count", ".feed_forward_length")
        found = [key.removesuffix(mark) for mark in marks for key in raw.entries if key.endswith(mark)]
        keys = architecture if architecture in found or not found else max(found, key=found.count)
        return cls(architecture, keys)

    @property
    def wanted(self) -> str:
        """The architecture that these keys are for."""
        return self.keys if self.keys in KNOWN else ARCHITECTURE


def renamed(raw: RawFile, old: str, new: str) -> dict[str, Entry | None]:
    """Changes that put every key below another architecture's prefix."""
    changes: dict[str, Entry | None] = {"general.architecture": Entry.of(new)}
    for key, entry in raw.entries.items():
        if old and old != new and key.startswith(old + "."):
            changes[key] = None
            changes[new + key.removeprefix(old)] = entry
    return changes


def told_by_tensors(raw: RawFile) -> dict[str, Any]:
    """The shape of the model as its tensors have it; a key is left out where the tensors for it are missing."""
    shapes = {tensor.name: tensor.shape for tensor in raw.tensors}
    numbers = {int(part) for name in shapes if name.startswith("blk.") and (part := name.split(".")[1]).isdigit()}
    result: dict[str, Any] = {}
    if numbers:
        result["block_count"] = max(numbers) + 1
    words = shapes.get("token_embd.weight", ())
    norm = shapes.get("output_norm.weight", ())
    if words or norm:
        result["embedding_length"] = (words or norm)[0]
    if len(words) == 2:
        result["vocab_size"] = words[1]
    inner = shapes.get("blk.0.ffn_up.weight", ())
    if len(inner) == 2:
        result["feed_forward_length"] = inner[1]
    bias, gate = shapes.get("blk.0.loop_gate.bias", ()), shapes.get("blk.0.loop_gate.weight", ())
    heads = bias[0] if bias else gate[1] if len(gate) == 2 else 0
    queries, keys = shapes.get("blk.0.attn_q.weight", ()), shapes.get("blk.0.attn_k.weight", ())
    if not heads or len(queries) != 2 or queries[1] % heads:
        return result
    size = queries[1] // heads
    result |= {"attention.head_count": heads, "attention.key_length": size, "attention.value_length": size}
    if len(keys) == 2 and keys[1] % size == 0:
        result["attention.head_count_kv"] = keys[1] // size
    if gate:
        hidden = "blk.0.loop_gate_norm.weight" in shapes or gate[0] != size
        result["loop.gate_input"] = "hidden" if hidden else "query"
    return result


def told_by_config(config: ModelConfig) -> dict[str, Entry]:
    """What converting this configuration would write."""
    writer = gguf.GGUFWriter(None, ARCHITECTURE)
    model_keys.write(writer, ARCHITECTURE, geometry(config).keys())
    write_scaling(writer, config.scaling)
    return {
        key.removeprefix(ARCHITECTURE + "."): entry
        for key, entry in _entries(writer).items()
        if key.startswith(ARCHITECTURE + ".")
    }


def told_by_vocabulary(vocabulary: Vocabulary) -> dict[str, Entry]:
    """The tokenizer's keys, with their prefix, as converting would write them."""
    writer = gguf.GGUFWriter(None, ARCHITECTURE)
    vocabulary.write(writer)
    return {key: entry for key, entry in _entries(writer).items() if key.startswith("tokenizer.")}


def _entries(writer: gguf.GGUFWriter) -> dict[str, Entry]:
    return {key: Entry.of(value.value, value.type) for data in writer.kv_data for key, value in data.items()}


def value(raw: RawFile, prefix: str, key: str) -> Any:
    """What a key says, or means where it is left out; None where it has to be there."""
    found = raw.get(f"{prefix}.{key}")
    if found is not None:
        return found

    def size(name: str) -> int:
        number = raw.get(f"{prefix}.{name}")
        return number if type(number) is int else 0

    if key in _PARALLEL:
        parallel = any(f"{prefix}.{name}" in raw.entries for name in _PARALLEL)
        return _PARALLEL[key] if parallel else None
    if key == "attention.head_count_kv":
        return raw.get(f"{prefix}.attention.head_count")
    if key == "attention.key_length":
        heads = size("attention.head_count")
        return size("embedding_length") // heads if heads else None
    if key in ("attention.value_length", "rope.dimension_count"):
        return value(raw, prefix, "attention.key_length")
    return {"loop.gate_input": "query", "rope.freq_base": 10_000.0}.get(key)


def same(found: Any, wanted: Any) -> bool:
    """Whether two values mean the same: numbers to seven digits, a list of equal numbers like one of them."""
    if isinstance(found, list) and found and all(item == found[0] for item in found):
        found = found[0]
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    if isinstance(found, (int, float)) and isinstance(wanted, (int, float)):
        return math.isclose(found, wanted, rel_tol=1e-6)
    return bool(found == wanted)


def makes_sense(key: str, found: Any) -> bool:
    """Whether a value of USUAL's keys can be right at all."""
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return False
    if key == "loop.num":
        return isinstance(found, int) and 1 < found <= _MOST_PASSES
    if key == "attention.layer_norm_rms_epsilon":
        return isinstance(found, float) and 0 < found < 1
    return isinstance(found, int) and 0 < found < 1 << 31


def parse_given(text: str) -> tuple[str, Any]:
    """KEY=VALUE of the command line: an integer, a number, true, false, or a word. Raises ValueError."""
    key, sign, word = text.partition("=")
    if not key or not sign or not word:
        raise ValueError(text)
    if word.lower() in ("true", "false"):
        return key, word.lower() == "true"
    for kind in (int, float):
        try:
            return key, kind(word)
        except ValueError:
            continue
    return key, word


def entry_for(key: str, wanted: Any) -> Entry:
    """Encodes a value under a full key: as f32 where the key holds numbers, whole ones too."""
    real = ("_epsilon", ".freq_base", "_scale", ".factor", "_bias")
    if type(wanted) is int and key.endswith(real):
        wanted = float(wanted)
    return Entry.of(wanted)
