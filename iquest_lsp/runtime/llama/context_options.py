"""How a llama.cpp context may be made, and the types that a KV cache can have."""

from __future__ import annotations

from typing import Any, TypedDict

KV_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "bf16": 30}
#: Bytes per block and elements per block of each of them (ggml.h).
KV_BLOCKS = {
    "f32": (4, 1),
    "f16": (2, 1),
    "bf16": (2, 1),
    "q4_0": (18, 32),
    "q4_1": (20, 32),
    "q5_0": (22, 32),
    "q5_1": (24, 32),
    "q8_0": (34, 32),
}


class ContextOptions(TypedDict, total=False):
    """How a context is made, besides its number of cells.

    `flash_attn` None lets llama.cpp decide, except for ALiBi models: the port's flash attention for Loop models on the
    CPU is used there. Elsewhere flash attention's f16 mask holds distances exactly up to 2048 tokens only, so it is
    used only where a quantized V cache demands it. `n_threads` None means all cores, `n_threads_batch` None as many.
    `observer` is a ggml_backend_sched_eval_callback: it sees every result that it asks for.
    """

    n_batch: int
    n_ubatch: int
    n_seq_max: int
    type_k: str
    type_v: str
    flash_attn: bool | None
    n_threads: int | None
    n_threads_batch: int | None
    swa_full: bool
    unified: bool
    observer: Any


DEFAULTS: ContextOptions = {
    "n_batch": 512,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "type_k": "f16",
    "type_v": "f16",
    "flash_attn": None,
    "n_threads": None,
    "n_threads_batch": None,
    "swa_full": False,
    "unified": True,
    "observer": None,
}
