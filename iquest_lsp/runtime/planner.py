"""Chooses window, KV type, batch and threads from the memory there is, the model's reach and the settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.runtime.gguf_header import Header
from iquest_lsp.settings import Settings

#: Default window on a processor without an accelerator: warmed in seconds, re-read in milliseconds.
CPU_WINDOW = 8192
ANSWER_ROOM = 512
MEMORY_SHARE = 0.6
_ELEMENT_BYTES = {"f32": 4.0, "f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine is started with; `window` in tokens, `kv_bytes` for the whole cache."""

    window: int
    kv_type: str
    batch: int
    threads: int
    kv_bytes: int
    reason: str

    @property
    def context_tokens(self) -> int:
        """Size of the KV cache: the window and room for the answer."""
        return self.window + ANSWER_ROOM


def plan(settings: Settings, header: Header) -> Plan:
    """The plan for one model on this machine, now."""
    reasons = []
    train = int(header.get("context_length", 0)) or CPU_WINDOW
    window = settings.window_tokens or min(CPU_WINDOW, train)
    reasons.append("window as set" if settings.window_tokens else f"window {window} suits a processor")
    if settings.window_tokens > train:
        reasons.append(f"beyond the {train} tokens the model was made for")
    kv_type = "f16" if settings.kv_type == "auto" else settings.kv_type
    memory = available_memory()
    if memory is not None:
        room = int(memory * MEMORY_SHARE) - header.file_size
        types = ["f16", "q8_0", "q4_0"] if settings.kv_type == "auto" else [kv_type]
        kv_type = next((kind for kind in types if kv_bytes(header, window, kind) <= room), types[-1])
        while kv_bytes(header, window, kv_type) > room and window > 1024:
            window //= 2
            reasons = [f"window cut to {window} by {memory / 2**30:.1f} GiB of free memory"]
    threads = settings.threads or cores()
    return Plan(window, kv_type, 512, threads, kv_bytes(header, window, kv_type), "; ".join(reasons))


def kv_bytes(header: Header, tokens: int, kv_type: str) -> int:
    """Memory of the KV cache for a number of tokens, all passes at full size."""
    heads = int(header.get("attention.head_count", 1)) or 1
    kv_heads = int(header.get("attention.head_count_kv", heads)) or heads
    width = int(header.get("attention.key_length", 0)) or int(header.get("embedding_length", 0)) // heads
    layers = int(header.get("block_count", 1)) * header.passes
    return int(2 * layers * kv_heads * width * tokens * _ELEMENT_BYTES[kv_type])


def available_memory() -> int | None:
    """Bytes that can be used without swapping; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
