"""The row order of Q and K: as published (the two halves of a head rotate together), or interleaved (pairs do).

With the published weights at hand the answer is certain. Without, trained weights give it away: the two rows that
rotate together have like norms, since their frequency decides how much they are used, and the frequencies of one head
differ; random weights do not, and then nothing can be said.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.models.gguf_header import TensorInfo
from quantize.checkpoint import Checkpoint
from quantize.gguf_edit import RawFile
from quantize.random_model import interleave

#: Layers that are looked at, and how clear the answer must be: a correlation of norms, and how many times what chance
#: gives to that many pairs of rows.
_LAYERS = 4
_CLEAR = 0.25
_CHANCE = 5.0


class Layout(enum.Enum):
    """Which rows of a head rotate together."""

    HALVES = "in halves, as published"
    INTERLEAVED = "in interleaved pairs, as llama.cpp's Llama converter writes them"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found and how; `is_mixed` says that Q and K, or two layers, lie in different orders."""

    layout: Layout | None
    why: str
    is_mixed: bool = False


def from_checkpoint(raw: RawFile, checkpoint: Checkpoint) -> Looked:
    """By comparing Q and K of the first layer and of the last with the published rows."""
    found: dict[str, Layout] = {}
    worst = 0.0
    for at, kind, tensor, heads in _matrices(raw, 2):
        theirs = _published(checkpoint, at, kind)
        if theirs is None or theirs.shape != (tensor.shape[1], tensor.shape[0]):
            return Looked(None, f"the published folder has no {kind.upper()} of layer {at} in this shape")
        ours = raw.rows(tensor, 0, tensor.shape[1])
        distance = {
            Layout.HALVES: _distance(ours, theirs),
            Layout.INTERLEAVED: _distance(ours, interleave(theirs, heads)),
        }
        best = min(distance, key=lambda layout: distance[layout])
        if distance[best] > 0.2:
            why = f"{kind.upper()} of layer {at} is not the published one (it differs by {distance[best]:.0%})"
            return Looked(None, why)
        found[f"{kind.upper()} of layer {at}"] = best
        worst = max(worst, distance[best])
    if not found:
        return Looked(None, "there are no rows of Q and K")
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} {layout.value}" for name, layout in found.items())
        return Looked(None, f"rows lie in different orders: {told}. Convert the model again", True)
    return Looked(next(iter(found.values())), f"compared with the published rows, difference {worst:.1%}")


def from_weights(raw: RawFile) -> Looked:
    """By the norms of rows."""
    votes = {Layout.HALVES: [], Layout.INTERLEAVED: []}  # type: dict[Layout, list[float]]
    pairs: list[int] = []
    for _, _, tensor, heads in _matrices(raw, _LAYERS):
        norms = np.log(np.linalg.norm(raw.rows(tensor, 0, tensor.shape[1]), axis=1) + 1e-9).reshape(heads, -1)
        half = norms.shape[1] // 2
        pairs.append(heads * half)
        votes[Layout.HALVES].append(_correlation(norms[:, :half], norms[:, half:]))
        votes[Layout.INTERLEAVED].append(_correlation(norms[:, 0::2], norms[:, 1::2]))
    if not votes[Layout.HALVES]:
        return Looked(None, "there are no rows of Q and K")
    clear = {
        Layout.HALVES if a > b else Layout.INTERLEAVED
        for a, b, count in zip(votes[Layout.HALVES], votes[Layout.INTERLEAVED], pairs, strict=True)
        if max(a, b) >= 2 * _CLEAR and abs(a - b) >= max(0.2, _CHANCE / count**0.5)
    }
    if len(clear) > 1:
        return Looked(None, "rows of some Q and K lie in halves and of others in pairs. Convert the model again", True)
    mean = {layout: float(np.mean(values)) for layout, values in votes.items()}
    best, other = sorted(mean, key=lambda layout: -mean[layout])
    told = f"norms of rows that rotate together correlate {mean[best]:.2f}, the other way {mean[other]:.2f}"
    if mean[best] < max(_CLEAR, _CHANCE / sum(pairs) ** 0.5) or mean[best] - max(mean[other], 0.0) < 0.1:
        return Looked(None, f"the weights do not tell ({told}); give --checkpoint to be certain")
    return Looked(best, told)


def _matrices(raw: RawFile, most: int) -> Iterator[tuple[int, str, TensorInfo, int]]:
    """Layer, "q" or "k", tensor and heads for some layers, the first and the last among them."""
    architecture = raw.get("general.architecture")
    tensors = {tensor.name: tensor for tensor in raw.tensors}
    layers = int(raw.get(f"{architecture}.block_count") or 0)
    heads = raw.get(f"{architecture}.attention.head_count")
    shared = raw.get(f"{architecture}.attention.head_count_kv") or heads
    for at in np.unique(np.linspace(0, max(layers - 1, 0), most).astype(int)):
        for kind, count in (("q", heads), ("k", shared)):
            tensor = tensors.get(f"blk.{at}.attn_{kind}.weight")
            if tensor is not None and isinstance(count, int) and count and tensor.shape[1] % (2 * count) == 0:
                yield int(at), kind, tensor, count


def _published(checkpoint: Checkpoint, layer: int, kind: str) -> NDArray[np.float32] | None:
    for name in (f"model.layers.{layer}.self_attn.{kind}_proj.weight", f"layers.{layer}.self_attn.{kind}_proj.weight"):
        if name in checkpoint.tensors:
            return checkpoint.rows(name, 0, checkpoint.tensors[name].rows)
    return None


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a - b) / max(float(np.linalg.norm(b)), 1e-30))


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Within heads: differences between heads say nothing about the order of rows."""
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 0 else 0.0
