"""The metadata that says how a model computes, for everything here that writes a model file.

Keys stand under the architecture's prefix, those of the loop as docs/loop-models.md (“GGUF keys”) names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gguf

ARCHITECTURE = "iquestloopcoder"


@dataclass(frozen=True)
class Loop:
    """What the passes after the first do; offset, scales and normalize belong to the Parallel variant only."""

    passes: int
    window: int
    parallel: bool = False
    embedding_scale: float = 0.0
    hidden_scale: float = 1.0
    normalize: bool = False
    position_offset: int = 0
    gate_hidden: bool = False

    def keys(self) -> dict[str, Any]:
        """The loop's part of the metadata."""
        result: dict[str, Any] = {"loop.num": self.passes, "loop.window_size": self.window}
        if self.parallel:
            result |= {
                "loop.position_offset": self.position_offset,
                "loop.embedding_scale": float(self.embedding_scale),
                "loop.hidden_scale": float(self.hidden_scale),
                "loop.normalize": self.normalize,
            }
        if self.parallel or self.gate_hidden:
            result["loop.gate_input"] = "hidden" if self.gate_hidden else "query"
        return result


@dataclass(frozen=True)
class Geometry:
    """A model's shape. `head_size` None leaves the key out (then it is width / heads); `rope_base` 0 means no
    rotation; `vocabulary` None leaves the number of tokens to be told elsewhere."""

    layers: int
    context: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    epsilon: float
    head_size: int | None = None
    rope_base: float = 0.0
    rope_dimensions: int = 0
    max_alibi_bias: float = 0.0
    loop: Loop | None = None
    vocabulary: int | None = None

    def keys(self) -> dict[str, Any]:
        """All keys, without the architecture's prefix."""
        result: dict[str, Any] = {
            "block_count": self.layers,
            "context_length": self.context,
            "embedding_length": self.width,
            "feed_forward_length": self.feed_forward,
            "attention.head_count": self.heads,
            "attention.head_count_kv": self.kv_heads,
        }
        if self.head_size is not None:
            result |= {"attention.key_length": self.head_size, "attention.value_length": self.head_size}
        result["attention.layer_norm_rms_epsilon"] = float(self.epsilon)
        if self.rope_base > 0:
            result |= {"rope.freq_base": float(self.rope_base), "rope.dimension_count": self.rope_dimensions}
        if self.max_alibi_bias > 0:
            result["attention.max_alibi_bias"] = float(self.max_alibi_bias)
        if self.loop is not None:
            result |= self.loop.keys()
        if self.vocabulary is not None:
            result["vocab_size"] = self.vocabulary
        return result


def write(writer: gguf.GGUFWriter, architecture: str, keys: Mapping[str, Any]) -> None:
    """Integers as u32, numbers as f32, and so on; None leaves a key out."""
    for key, value in keys.items():
        name = f"{architecture}.{key}"
        if isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        elif value is not None:
            writer.add_string(name, str(value))
