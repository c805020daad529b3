"""How much memory a model needs: weights, KV cache, and what llama.cpp works in.

The KV cache as the port lays it out: all positions for the first pass, the local window, the batch and the rewind
margin for each pass after it. Working memory: the widest intermediate results of one batch, the scores of attention
where flash attention is not used, the logits, and the process itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from iquest_lsp.runtime.gguf_header import Header

#: Positions behind the local window that the engine keeps, so that edits may rewind (runtime/llama_backend.py).
MARGIN = 4096
#: A Python process with llama.cpp loaded.
PROCESS = 90 * 2**20
_BYTES = {"f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_0": 22 / 32, "q4_0": 18 / 32}


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes of weights, KV cache, and everything else."""

    weights: int
    kv: int
    other: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv + self.other


def footprint(
    header: Header, context: int, kv_type: str, *, weights: int | None = None, batch: int = 512, sequences: int = 1
) -> Footprint:
    """What the engine will hold for a window of `context` tokens; `weights` stands in for the file's own size."""
    own = sum(tensor.size or 0 for tensor in header.tensors) if weights is None else weights
    heads = max(int(header.get("attention.head_count", 1)), 1)
    kv_heads = int(header.get("attention.head_count_kv", heads)) or heads
    wide = int(header.get("embedding_length", 0))
    width = int(header.get("attention.key_length", 0)) or wide // heads
    layers = int(header.get("block_count", 1))
    cells = _padded(context)
    window = int(header.get("loop.window_size", 0))
    local = min(cells, _padded(window * sequences + batch + min(MARGIN, context))) if header.passes > 1 else 0
    cell = 2 * layers * kv_heads * width * _BYTES[kv_type]
    kv = int(cell * (cells + (header.passes - 1) * local))
    return Footprint(own, kv, PROCESS + _working(header, wide, heads, cells, batch, kv_type))


def _working(header: Header, wide: int, heads: int, cells: int, batch: int, kv_type: str) -> int:
    inner = int(header.get("feed_forward_length", 4 * wide))
    words = next((tensor.shape[1] for tensor in header.tensors if tensor.name == "token_embd.weight"), 0)
    rows = 2 * inner + 6 * wide  # alive at once in a layer, and the logits after the last one
    result = 4 * batch * max(rows, words + 2 * wide)
    if float(header.get("attention.max_alibi_bias", 0.0)) > 0 and kv_type in ("f32", "f16", "bf16"):
        result += 4 * heads * cells * batch  # the scores; see Model.context for why flash attention is not used
    return result + 6 * batch * cells  # masks in two types


def _padded(cells: int) -> int:
    return -(-cells // 256) * 256
