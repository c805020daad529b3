"""The row order of Q and K: as published (the two halves of a head rotate together), or interleaved (pairs do).

With the published weights at hand the answer is certain. Without, trained weights give it away: the two rows that
rotate together have like norms, since their frequency decides how much they are used, and the frequencies of one head
differ; random weights do not, and then nothing can be said.
"""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from quantize.checkpoint import Checkpoint
from quantize.gguf_edit import RawFile
from quantize.random_model import interleave

#: Heads times layers that are looked at, and how clear the answer must be (correlation of norms).
_LAYERS = 4
_CLEAR = 0.25


class Layout(enum.Enum):
    """Which rows of a head rotate together."""

    HALVES = "in halves, as published"
    INTERLEAVED = "in interleaved pairs, as llama.cpp's Llama converter writes them"


def from_checkpoint(raw: RawFile, checkpoint: Checkpoint) -> tuple[Layout | None, str]:
    """By comparing the first layer with the published rows."""
    architecture = raw.get("general.architecture")
    heads = int(raw.get(f"{architecture}.attention.head_count"))
    tensor = next(t for t in raw.tensors if t.name == "blk.0.attn_q.weight")
    ours = raw.rows(tensor, 0, tensor.shape[1])
    names = ("model.layers.0.self_attn.q_proj.weight", "layers.0.self_attn.q_proj.weight")
    name = next((name for name in names if name in checkpoint.tensors), None)
    if name is None or checkpoint.tensors[name].shape != ours.shape:
        return None, "the published folder has no first layer of this shape"
    theirs = checkpoint.rows(name, 0, ours.shape[0])
    distance = {
        Layout.HALVES: _distance(ours, theirs),
        Layout.INTERLEAVED: _distance(ours, interleave(theirs, heads)),
    }
    best = min(distance, key=lambda layout: distance[layout])
    if distance[best] > 0.2:
        return None, f"the first layer is not the published one (it differs by {distance[best]:.0%})"
    return best, f"compared with the published rows, difference {distance[best]:.1%}"


def from_weights(raw: RawFile) -> tuple[Layout | None, str]:
    """By the norms of rows."""
    architecture = raw.get("general.architecture")
    layers = int(raw.get(f"{architecture}.block_count"))
    votes = {Layout.HALVES: [], Layout.INTERLEAVED: []}  # type: dict[Layout, list[float]]
    for at in np.unique(np.linspace(0, layers - 1, _LAYERS).astype(int)):
        for kind, key in (("q", "attention.head_count"), ("k", "attention.head_count_kv")):
            tensor = next(t for t in raw.tensors if t.name == f"blk.{at}.attn_{kind}.weight")
            norms = np.linalg.norm(raw.rows(tensor, 0, tensor.shape[1]), axis=1)
            norms = np.log(norms + 1e-9).reshape(int(raw.get(f"{architecture}.{key}")), -1)
            half = norms.shape[1] // 2
            votes[Layout.HALVES].append(_correlation(norms[:, :half], norms[:, half:]))
            votes[Layout.INTERLEAVED].append(_correlation(norms[:, 0::2], norms[:, 1::2]))
    mean = {layout: float(np.mean(values)) for layout, values in votes.items()}
    best, other = sorted(mean, key=lambda layout: -mean[layout])
    told = f"norms of rows that rotate together correlate {mean[best]:.2f}, the other way {mean[other]:.2f}"
    if mean[best] < _CLEAR or mean[best] - max(mean[other], 0.0) < 0.1:
        return None, f"the weights do not tell ({told}); give --checkpoint to be certain"
    return best, told


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a - b) / max(float(np.linalg.norm(b)), 1e-30))


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Within heads: differences between heads say nothing about the order of rows."""
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 0 else 0.0
