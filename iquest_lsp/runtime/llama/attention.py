"""Attention with linear biases on the CPU: what may be left out, and what was.

The C API is declared in port/llama-alibi.h; the rule and its proof stand in port/flash-attn-alibi.cpp. Distances are
exact there at any length, which is not so in llama.cpp's own flash attention (its f16 mask).
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from typing import Any

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.library import Prototypes, address, declared


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of 64 queries by 64 cells by one head that a context met, summed over layers and calls.

    `visible` hold a pair of a token and a cell that it attends to; of those, `skipped` were left out, and of
    `skipped_values` only the keys were read.
    """

    visible: int
    skipped: int
    skipped_values: int

    def sentence(self) -> str:
        """What was left out, in words."""
        shares = [100 * part / max(self.visible, 1) for part in (self.skipped, self.skipped_values)]
        return f"{shares[0]:.1f}% of the attention's blocks left out, of {shares[1]:.1f}% only the keys read"


def applies(context: Context) -> bool:
    """Whether a context computes distances exactly and can leave out blocks: a Loop model with ALiBi on the CPU."""
    return bool(_library().llama_loop_attn_applies(_pointer(context)))


def set_skip(context: Context, share: float | None) -> float:
    """Chooses the share of a row's attention weights that the following calls may leave out, and returns it.

    0 computes everything; None is the default, below the rounding of the KV cache's types. The share is a bound: what
    is left out in fact is far less. Contexts where `applies` is False leave out nothing, and 0.0 is returned.
    """
    return float(_library().llama_loop_attn_set_skip(_pointer(context), -1.0 if share is None else share))


def blocks(context: Context, *, reset: bool = True) -> Blocks:
    """What was counted since the last reset."""
    counts = (ctypes.c_uint64 * 3)()
    _library().llama_loop_attn_counts(_pointer(context), counts, reset)
    return Blocks(*counts)


def _pointer(context: Context) -> ctypes.c_void_p:
    return address(context.handle)


_prototypes: Prototypes = {
    "llama_loop_attn_applies": (ctypes.c_bool, [ctypes.c_void_p]),
    "llama_loop_attn_set_skip": (ctypes.c_float, [ctypes.c_void_p, ctypes.c_float]),
    "llama_loop_attn_counts": (None, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64), ctypes.c_bool]),
}


@functools.cache
def _library() -> Any:
    """The shared library with these functions declared. Raises PortMissingError where it has none."""
    return declared(_prototypes, "leave out blocks of attention")
