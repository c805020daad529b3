"""Chooses the weights' types and the KV cache's type for a given memory and context.

Weights: every matrix starts at IQ4_XS; then the matrix whose step to the next better type removes most error per byte
gets it, until the memory is used. A type's error is taken as 4^-bits of the weights' own variance, times how much the
matrix's kind matters: the weights of llama.cpp's own mixes (values and down projections first). The KV cache is F16
unless that would leave fewer than 4.9 bits a weight, then Q8_0, then Q4_0.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import gguf

from iquest_lsp.errors import EngineMemoryError, ModelError
from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import Header, TensorInfo
from quantize.outputs import size_text

LADDER = ("IQ4_XS", "Q4_K", "Q5_K", "Q6_K", "Q8_0")
#: For rows that do not divide into blocks of 256, what llama.cpp falls back to.
SHORT_LADDER = ("IQ4_NL", "Q5_0", "Q8_0")
#: The mix's name in the file, by the type that most weights have.
_NAMES = {
    "IQ4_XS": "IQ4_XS",
    "Q4_K": "Q4_K_M",
    "Q5_K": "Q5_K_M",
    "Q6_K": "Q6_K",
    "Q8_0": "Q8_0",
    "IQ4_NL": "IQ4_NL",
    "Q5_0": "Q5_0",
}
_MATTERS = {"attn_v": 4.0, "ffn_down": 2.0, "attn_output": 1.5, "attn_k": 1.5, "output": 3.0}
_ENOUGH_BITS = 4.9


@dataclass(frozen=True)
class Choice:
    """A mix: `kind` names it, `overrides` has each matrix's type by expression; sizes in bytes."""

    kind: str
    overrides: Mapping[str, str]
    kv_type: str
    context: int
    weights: int
    kv: int
    other: int
    bits: float
    target: int
    counts: Mapping[str, int] = field(default_factory=dict)

    def describe(self) -> str:
        """One line for a person."""
        mix = ", ".join(f"{count} x {name}" for name, count in self.counts.items())
        return (
            f"weights {size_text(self.weights)} ({self.bits:.2f} bits each: {mix}), KV {self.kv_type} for "
            f"{self.context} tokens {size_text(self.kv)}, working memory {size_text(self.other)}: "
            f"{size_text(self.weights + self.kv + self.other)} of {size_text(self.target)}"
        )


def choose(header: Header, target: int, context: int) -> Choice:
    """The best mix for `target` bytes with a window of `context` tokens. Raises EngineMemoryError if none fits."""
    train = int(header.get("context_length", 0))
    if train and context > train:
        raise ModelError(
            f"{header.name} was made for {train} tokens", why=f"{context} were asked for", fix="Use a smaller --context"
        )
    best: Choice | None = None
    for kv_type in ("f16", "q8_0", "q4_0"):
        found = _with_kv(header, target, context, kv_type)
        if found is not None and (best is None or (best.bits < _ENOUGH_BITS and found.bits > best.bits)):
            best = found
        if best is not None and best.bits >= _ENOUGH_BITS:
            break
    if best is not None:
        return best
    smallest = sum(_size(tensor, _ladder(tensor)[0]) for tensor in header.tensors)
    cost = footprint(header, context, "q4_0", weights=smallest)
    raise EngineMemoryError(
        f"{header.name} does not fit into {size_text(target)} with {context} tokens",
        why=f"the smallest mix needs {size_text(cost.total)} ({size_text(cost.weights)} for weights, "
        f"{size_text(cost.kv)} for the KV cache)",
        fix=_smaller_context(header, smallest, target),
    )


def _smaller_context(header: Header, weights: int, target: int) -> str:
    for context in (65_536, 32_768, 16_384, 8192, 4096, 2048):
        if footprint(header, context, "q4_0", weights=weights).total <= target:
            return f"It would fit with --context {context}"
    return "A smaller model is needed"


def _with_kv(header: Header, target: int, context: int, kv_type: str) -> Choice | None:
    matrices = [tensor for tensor in header.tensors if _is_matrix(tensor)]
    level = {tensor.name: 0 for tensor in matrices}
    sizes = {tensor.name: _size(tensor, _ladder(tensor)[0]) for tensor in header.tensors}
    fixed = footprint(header, context, kv_type, weights=0)
    room = target - fixed.total
    used = sum(sizes.values())
    if used > room:
        return None
    steps = [step for tensor in matrices if (step := _step(tensor, 0)) is not None]
    heapq.heapify(steps)
    names = {tensor.name: tensor for tensor in matrices}
    while steps:
        _, name, extra = heapq.heappop(steps)
        if used + extra > room:
            continue  # a smaller matrix may still fit
        used += extra
        level[name] += 1
        following = _step(names[name], level[name])
        if following is not None:
            heapq.heappush(steps, following)
    chosen = {name: _ladder(names[name])[at] for name, at in level.items()}
    counts = {kind: sum(1 for found in chosen.values() if found == kind) for kind in _NAMES}
    weight: dict[str, int] = {"Q8_0": 0}
    for tensor in matrices:
        weight[chosen[tensor.name]] = weight.get(chosen[tensor.name], 0) + tensor.elements
    main = max(weight, key=lambda kind: weight[kind])
    overrides = {f"^{re.escape(name)}$".replace(r"\-", "-"): kind for name, kind in chosen.items()}
    return Choice(
        _NAMES[main],
        overrides,
        kv_type,
        context,
        used,
        fixed.kv,
        fixed.other,
        used * 8 / header.parameters,
        target,
        {kind: count for kind, count in counts.items() if count},
    )


def _step(tensor: TensorInfo, at: int) -> tuple[float, str, int] | None:
    """The gain per byte (negative: heaps give the smallest first), name and cost of the next better type."""
    ladder = _ladder(tensor)
    if at + 1 >= len(ladder):
        return None
    now, then = ladder[at], ladder[at + 1]
    extra = _size(tensor, then) - _size(tensor, now)
    stem = tensor.name.split(".")[-2]
    gain = _MATTERS.get(stem, 1.0) * tensor.elements * (4.0 ** -_bits(now) - 4.0 ** -_bits(then))
    return (-gain / max(extra, 1), tensor.name, extra)


def _is_matrix(tensor: TensorInfo) -> bool:
    """What the quantizer would quantize, with rows that divide into blocks."""
    return _is_weight(tensor) and tensor.shape[0] % 32 == 0


def _is_weight(tensor: TensorInfo) -> bool:
    """What the quantizer would quantize if it could."""
    return (
        len(tensor.shape) == 2
        and tensor.name.endswith(".weight")
        and "_norm" not in tensor.name
        and ".loop_gate" not in tensor.name
        and not tensor.name.startswith("loop_exit")
    )


def _ladder(tensor: TensorInfo) -> tuple[str, ...]:
    return LADDER if tensor.shape[0] % 256 == 0 else SHORT_LADDER


def _size(tensor: TensorInfo, kind: str) -> int:
    if not _is_matrix(tensor):  # llama.cpp makes F16 of rows that divide into no blocks
        return 2 * tensor.elements if _is_weight(tensor) else tensor.size or 0
    block, width = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    return int(tensor.elements // block * width)


def _bits(kind: str) -> float:
    block, width = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    return float(width * 8 / block)
