"""The Loop models in float64 numpy, straight from the equations: slow, without a cache, and nobody else's code.

`Oracle.from_gguf` reads any GGUF of the family (iquestloopcoder, or `llama` with loop keys as the community files
have it); `Oracle.logits` evaluates a whole sequence at once. `Wrong` names deliberately wrong variants: an
implementation that agrees with one of those as well as with the right one has not been tested.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Wrong(enum.Enum):
    """A mistake an implementation could make."""

    GATE_BEFORE_ROPE = "gate from the query before RoPE"
    GLOBAL_ON_OWN_KV = "global branch on the pass' own KV"
    NO_WINDOW = "no local window"
    WINDOW_OFF_BY_ONE = "window off by one"


@dataclass(frozen=True)
class Shape:
    """The sizes and switches of a model."""

    n_layer: int
    n_embd: int
    n_head: int
    n_head_kv: int
    head_dim: int
    passes: int
    window: int
    eps: float
    rope_base: float = 10000.0
    rope_dim: int = 0
    max_alibi_bias: float = 0.0
    embedding_scale: float = 0.0
    hidden_scale: float = 1.0
    normalize: bool = False
    position_offset: int = 0
    gate_hidden: bool = False
    rope_scale: float = 1.0  # positions are divided by it ("linear" scaling)

    @property
    def receptive_field(self) -> int:
        """Positions before the last one at which the passes after the first matter for it, itself included."""
        per_pass = self.n_layer * (self.window - 1) + self.position_offset
        return (self.passes - 1) * per_pass + 1


@dataclass
class Oracle:
    """A model's shape and its weights in float64, matrices as [out, in]."""

    shape: Shape
    tensors: dict[str, Array] = field(repr=False)

    @classmethod
    def from_gguf(cls, path: Path) -> Oracle:
        """Reads shape and weights from a GGUF, quantized or not."""
        from gguf import GGUFReader
        from gguf.quants import dequantize

        reader = GGUFReader(path)
        fields = {name: value.contents() for name, value in reader.fields.items()}
        architecture = str(fields["general.architecture"])
        shape = shape_of(architecture, fields)
        tensors = {
            str(tensor.name): np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float64)
            for tensor in reader.tensors
        }
        return cls.of(shape, tensors, architecture)

    @classmethod
    def of(cls, shape: Shape, tensors: dict[str, Array], architecture: str) -> Oracle:
        """From weights as a file of that architecture holds them."""
        tensors = dict(tensors)
        if architecture == "llama":  # rows of Q and K lie in the interleaved RoPE layout; the gates do not
            for i in range(shape.n_layer):
                for kind, heads in (("q", shape.n_head), ("k", shape.n_head_kv)):
                    name = f"blk.{i}.attn_{kind}.weight"
                    tensors[name] = _split_halves(tensors[name], heads)
                    bias = tensors.get(f"blk.{i}.attn_{kind}.bias")
                    if bias is not None:
                        tensors[f"blk.{i}.attn_{kind}.bias"] = _split_halves(bias.reshape(-1, 1), heads).reshape(-1)
        return cls(shape, tensors)

    def logits(
        self,
        tokens: NDArray[np.integer[Any]] | list[int],
        *,
        depth: int | None = None,
        second_from: int = 0,
        wrong: Wrong | None = None,
    ) -> Array:
        """Evaluates `tokens` [n]; returns [n, vocab].

        `depth` passes are run (default: all). Passes after the first exist at positions from `second_from` on
        only; rows before it are NaN when depth > 1.
        """
        depth = self.shape.passes if depth is None else depth
        out = self.layers(tokens, depth=depth, second_from=second_from, wrong=wrong)[-1]
        head = self.tensors.get("output.weight", self.tensors["token_embd.weight"])
        result = self.norm(out, "output_norm.weight") @ head.T
        if depth > 1:
            result[:second_from] = np.nan
        return np.asarray(result)

    def layers(
        self,
        tokens: NDArray[np.integer[Any]] | list[int],
        *,
        depth: int | None = None,
        second_from: int = 0,
        wrong: Wrong | None = None,
    ) -> list[Array]:
        """The output [n, n_embd] of every layer in every pass, those of pass 1 first."""
        shape = self.shape
        ids = np.asarray(tokens, dtype=np.int64)
        embedding = self.tensors["token_embd.weight"][ids]
        outputs, first_kv = self._first_pass(embedding)
        for _ in range(1, shape.passes if depth is None else depth):
            carried = self.norm(outputs[-1], "output_norm.weight") if shape.normalize else outputs[-1]
            if shape.position_offset:
                carried = np.concatenate([np.zeros_like(carried[:1]), carried[:-1]])
                carried[: second_from + 1] = 0.0  # what the first row that runs the pass would take is not kept
            mixed = shape.embedding_scale * embedding + shape.hidden_scale * carried
            outputs += self._later_pass(mixed, first_kv, second_from, wrong)
        return outputs

    # -------------------------------------------------------------------------------------------- passes

    def _first_pass(self, hidden: Array) -> tuple[list[Array], list[tuple[Array, Array]]]:
        """The output [n, n_embd] of each layer, and its keys and values."""
        stored, outputs = [], []
        distance = _distance(len(hidden))
        for i in range(self.shape.n_layer):
            q, k, v, _ = self._project(hidden, i)
            stored.append((k, v))
            hidden = self._finish(hidden, self._attention(q, k, v, distance, distance >= 0), i)
            outputs.append(hidden)
        return outputs, stored

    def _later_pass(
        self, hidden: Array, first_kv: list[tuple[Array, Array]], second_from: int, wrong: Wrong | None
    ) -> list[Array]:
        outputs = []
        shape = self.shape
        distance = _distance(len(hidden))
        window = shape.window + (1 if wrong is Wrong.WINDOW_OFF_BY_ONE else 0)
        local = distance >= 0
        if wrong is not Wrong.NO_WINDOW:
            local = local & (distance < window)
        # Positions without this pass are absent; their own rows attend to something only so as to stay finite.
        present = np.arange(len(hidden)) >= second_from
        local = local & (present[None, :] | (distance == 0))
        for i in range(shape.n_layer):
            q, k, v, unrotated = self._project(hidden, i)
            keys, values = (k, v) if wrong is Wrong.GLOBAL_ON_OWN_KV else first_kv[i]
            everywhere = self._attention(q, keys, values, distance, distance >= 0)
            near = self._attention(q, k, v, distance, local)
            gate = self._gate(hidden, unrotated if wrong is Wrong.GATE_BEFORE_ROPE else q, i)
            hidden = self._finish(hidden, gate * everywhere + (1.0 - gate) * near, i)
            outputs.append(hidden)
        return outputs

    # -------------------------------------------------------------------------------------------- pieces

    def _project(self, hidden: Array, i: int) -> tuple[Array, Array, Array, Array]:
        """Q [n, n_head, head_dim], K and V [n, n_head_kv, head_dim], and Q before its rotation."""
        shape = self.shape
        normed = self.norm(hidden, f"blk.{i}.attn_norm.weight")
        q = self._product(normed, f"blk.{i}.attn_q").reshape(-1, shape.n_head, shape.head_dim)
        k = self._product(normed, f"blk.{i}.attn_k").reshape(-1, shape.n_head_kv, shape.head_dim)
        v = self._product(normed, f"blk.{i}.attn_v").reshape(-1, shape.n_head_kv, shape.head_dim)
        if shape.max_alibi_bias > 0:
            return q, k, v, q
        return self._rotate(q), self._rotate(k), v, q

    def _rotate(self, x: Array) -> Array:
        """RoPE in the rotate-half layout over the first `rope_dim` elements of each head."""
        dim = self.shape.rope_dim
        half = dim // 2
        frequency = self.shape.rope_base ** (-np.arange(half) * 2.0 / dim) / self.shape.rope_scale
        frequency = frequency / self.tensors.get("rope_freqs.weight", np.ones(half))
        angle = np.arange(len(x))[:, None, None] * frequency
        cos, sin = np.cos(angle), np.sin(angle)
        a, b = x[..., :half], x[..., half:dim]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin, x[..., dim:]], axis=-1)

    def _attention(self, q: Array, k: Array, v: Array, distance: Array, visible: NDArray[np.bool_]) -> Array:
        """[n, n_head, head_dim]; heads share keys and values in consecutive groups."""
        shape = self.shape
        group = shape.n_head // shape.n_head_kv
        k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
        scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(shape.head_dim)
        if shape.max_alibi_bias > 0:
            scores = scores - alibi_slopes(shape.n_head, shape.max_alibi_bias)[:, None, None] * np.abs(distance)
        scores = np.where(visible, scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = scores / scores.sum(axis=-1, keepdims=True)
        return np.asarray(np.einsum("hij,jhd->ihd", weights, v))

    def _gate(self, hidden: Array, q: Array, i: int) -> Array:
        """[n, n_head, 1], between 0 (local) and 1 (global)."""
        weight, bias = self.tensors[f"blk.{i}.loop_gate.weight"], self.tensors[f"blk.{i}.loop_gate.bias"]
        if self.shape.gate_hidden:
            score = self.norm(hidden, f"blk.{i}.loop_gate_norm.weight") @ weight.T + bias
        else:
            score = np.einsum("ihd,hd->ih", q, weight) + bias
        return np.asarray(1.0 / (1.0 + np.exp(-score)))[..., None]

    def _finish(self, hidden: Array, mixed: Array, i: int) -> Array:
        hidden = hidden + self._product(mixed.reshape(len(hidden), -1), f"blk.{i}.attn_output")
        normed = self.norm(hidden, f"blk.{i}.ffn_norm.weight")
        opened = normed @ self.tensors[f"blk.{i}.ffn_gate.weight"].T
        opened = opened / (1.0 + np.exp(-opened)) * (normed @ self.tensors[f"blk.{i}.ffn_up.weight"].T)
        return hidden + opened @ self.tensors[f"blk.{i}.ffn_down.weight"].T

    def _product(self, x: Array, name: str) -> Array:
        """With a matrix that may have a bias."""
        return np.asarray(x @ self.tensors[f"{name}.weight"].T + self.tensors.get(f"{name}.bias", 0.0))

    def norm(self, x: Array, name: str) -> Array:
        scale = 1.0 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.shape.eps)
        return np.asarray(x * scale * self.tensors[name])


def alibi_slopes(n_head: int, max_bias: float) -> Array:
    """The slope of each head [n_head], by the rule of ggml_soft_max_ext, for any head count."""
    power: int = 2 ** math.floor(math.log2(n_head))
    near, between = 2.0 ** (-max_bias / power), 2.0 ** (-max_bias / 2.0 / power)
    return np.array([near ** (h + 1) if h < power else between ** (2 * (h - power) + 1) for h in range(n_head)])


def _distance(n: int) -> Array:
    return np.asarray(np.arange(n)[:, None] - np.arange(n)[None, :], dtype=np.float64)


def _split_halves(rows: Array, heads: int) -> Array:
    """Undoes the row order of llama.cpp's converter: pairs (2i, 2i+1) back to (i, half + i)."""
    out, columns = rows.shape
    return rows.reshape(heads, out // heads // 2, 2, columns).swapaxes(1, 2).reshape(out, columns)


def shape_of(architecture: str, fields: dict[str, Any]) -> Shape:
    """The shape that a GGUF's metadata describe, by keys with the architecture's prefix."""

    def get(name: str, default: Any = None) -> Any:
        value = fields.get(f"{architecture}.{name}", default)
        if value is None:
            raise KeyError(f"{architecture}.{name}")
        return value

    n_embd, n_head = int(get("embedding_length")), int(get("attention.head_count"))
    head_dim = int(get("attention.key_length", n_embd // n_head))
    parallel = any(f"{architecture}.loop.{name}" in fields for name in ("embedding_scale", "hidden_scale", "normalize"))
    return Shape(
        n_layer=int(get("block_count")),
        n_embd=n_embd,
        n_head=n_head,
        n_head_kv=int(get("attention.head_count_kv", n_head)),
        head_dim=head_dim,
        passes=int(get("loop.num", 1)),
        window=int(get("loop.window_size", 1)),
        eps=float(get("attention.layer_norm_rms_epsilon")),
        rope_base=float(get("rope.freq_base", 10000.0)),
        rope_dim=int(get("rope.dimension_count", head_dim)),
        max_alibi_bias=float(get("attention.max_alibi_bias", 0.0)),
        embedding_scale=float(get("loop.embedding_scale", 1.0 if parallel else 0.0)),
        hidden_scale=float(get("loop.hidden_scale", 1.0)),
        normalize=bool(get("loop.normalize", parallel)),
        position_offset=int(get("loop.position_offset", 1 if parallel else 0)),
        gate_hidden=str(get("loop.gate_input", "query")) == "hidden",
        rope_scale=float(get("rope.scaling.factor", 1.0)) if get("rope.scaling.type", "linear") == "linear" else 1.0,
    )
