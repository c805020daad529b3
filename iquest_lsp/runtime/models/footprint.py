"""How much memory a model needs: weights, KV cache, and what llama.cpp works in.

Working memory: the widest intermediate results of one batch, the scores of attention where flash attention is not
used, the logits, and the process itself. While it loads, llama.cpp copies some weights into a layout of its own; the
pages of the mapped file that it read for that are given back (file_pages.py) and not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from iquest_lsp.runtime.models.gguf_header import Header
from iquest_lsp.runtime.models.planner import CELLS_AT_ONCE, attention_bytes, has_sparse_attention, kv_bytes

#: A Python process with llama.cpp loaded.
PROCESS = 90 * 2**20


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
    cells = -(-context // CELLS_AT_ONCE) * CELLS_AT_ONCE
    return Footprint(
        own, kv_bytes(header, cells, kv_type, sequences), PROCESS + _working(header, cells, batch, kv_type)
    )


def _working(header: Header, cells: int, batch: int, kv_type: str) -> int:
    heads = max(int(header.get("attention.head_count", 1)), 1)
    wide = int(header.get("embedding_length", 0))
    inner = int(header.get("feed_forward_length", 4 * wide))
    words = next((tensor.shape[1] for tensor in header.tensors if tensor.name == "token_embd.weight"), 0)
    # alive at once in a layer; and after the last one the logits, and what the passes hand on
    rows = max(2 * inner + 6 * wide, words + (6 if header.passes == 1 else 8) * wide)
    result = 4 * batch * rows
    if has_sparse_attention(header):  # positions in place of masks, and what is known of each 64 keys
        width = wide // heads
        kept = int(header.get("block_count", 1)) * int(header.get("attention.head_count_kv", heads)) * 4 * (width + 2)
        return result + cells * (10 + kept // 64)
    return result + attention_bytes(header, cells, batch, kv_type)
