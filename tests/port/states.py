"""The KV of a sequence as bytes, and what llama.cpp counts of a context."""

from __future__ import annotations

import numpy as np

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.library import bindings


def save_state(context: Context, seq: int) -> bytes:
    """The KV of a sequence."""
    buffer = np.empty(context.state_size(seq), np.uint8)
    context.write_state(seq, buffer)
    return buffer.tobytes()


def load_state(context: Context, seq: int, data: bytes) -> None:
    """Puts a saved KV in place of a sequence."""
    context.read_state(seq, np.frombuffer(data, np.uint8))


def reused_graphs(context: Context) -> int:
    """How many calls so far found the graph of their shape built already."""
    return int(bindings().llama_perf_context(context.handle).n_reused)
