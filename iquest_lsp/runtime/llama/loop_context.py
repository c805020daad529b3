"""What the port adds to llama.cpp: passes chosen per call, and which outputs are exact after that.

The C API is declared in port/llama-kv-cache-loop.h. Layers are counted once per pass here ("logical layers"), as the
C API does: pass r of a model with L layers runs the logical layers [(r-1)·L, r·L).
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.context import Context, LogitsWanted
from iquest_lsp.runtime.llama.context_options import ContextOptions
from iquest_lsp.runtime.llama.evaluation import EvaluationPlan, Step, pieces
from iquest_lsp.runtime.llama.library import Prototypes, address, declared
from iquest_lsp.runtime.llama.model import Model

#: A gap in the local cache is not worth saving fewer tokens of the later passes than this.
SKIP_WORTH = 64


class LoopContext(Context):
    """A context whose calls can run some of the passes; for a model with one pass it is an ordinary one."""

    def __init__(self, model: Model, n_ctx: int, margin: int = 0, **options: Unpack[ContextOptions]) -> None:
        """`margin` is how many positions behind the local window a rewind costs nothing."""
        lib = _library()
        lib.llama_loop_set_margin(_pointer(model), margin)
        super().__init__(model, n_ctx, **options)
        self.margin = margin
        self.passes = int(lib.llama_loop_n_pass(_pointer(model)))
        self.layers = int(lib.llama_loop_n_layer(_pointer(model)))
        self.window = model.loop_window
        self._parallel = self.passes > 1 and not bool(self._set_range(self.layers, self.passes * self.layers))
        self._set_range(0, self.passes * self.layers)
        #: Tokens evaluated by pass 1, and by the passes after it.
        self.evaluated_first = 0
        self.evaluated_later = 0

    def copy(self, src: int, dst: int, p0: int, p1: int) -> None:
        if not self._unified and (self._parallel or self.model.number("loop.position_offset", 0) > 0):
            raise EngineError(
                "A sequence of this model cannot be copied",
                why="each has a cache of its own, and what its later passes start from is not copied with it",
                fix="Make the context with unified=True",
            )
        super().copy(src, dst, p0, p1)

    @property
    def memory_bytes(self) -> int:
        """Size of all caches."""
        return int(_library().llama_loop_memory_size(self._pointer()))

    @property
    def can_finish(self) -> bool:
        """Whether passes can be run later over outputs of pass 1 (not in the parallel variant)."""
        return self.passes > 1 and not self._parallel

    @property
    def reach(self) -> int:
        """If the passes after the first start anew at a position, outputs are exact so many positions later."""
        return int(_library().llama_loop_reach(self._pointer()))

    def decode_batch(
        self,
        tokens: NDArray[np.int32] | None,
        hidden: NDArray[np.float32] | None,
        positions: ArrayLike,
        seq_ids: ArrayLike = 0,
        logits: LogitsWanted = None,
    ) -> None:
        super().decode_batch(tokens, hidden, positions, seq_ids, logits)
        n = len(tokens) if tokens is not None else 0
        self.evaluated_first += n
        self.evaluated_later += n if self.passes > 1 else 0

    def decode_layers(
        self,
        tokens: ArrayLike,
        positions: ArrayLike,
        seq_ids: ArrayLike,
        layers: int,
        logits: LogitsWanted = None,
        *,
        apex: int = -1,
    ) -> None:
        """As decode, through the first `layers` logical layers only (at least one pass).

        Logits mean nothing where `layers` ends inside a pass; such positions are forgotten by the local caches when a
        later call runs more layers. With an `apex` (and all layers) outputs are asked for from that position on only:
        each layer of the later passes leaves out positions that those do not depend on (docs/loop-models.md),
        and positions farther than `reach` before it stay absent from the local caches.
        """
        if not self._set_range(0, layers, apex):
            raise EngineError(f"{layers} layers cannot be run", why=f"there are {self.passes} passes of {self.layers}")
        ids = np.asarray(tokens, np.int32)
        try:
            super().decode_batch(ids, None, positions, seq_ids, logits)
        finally:
            self._set_range(0, self.passes * self.layers)
        self.evaluated_first += len(ids)
        if layers > self.layers:
            self.evaluated_later += int(np.count_nonzero(np.asarray(positions) >= apex - self.reach))

    def decode_depth(
        self, tokens: ArrayLike, positions: ArrayLike, seq_ids: ArrayLike, depth: int, logits: LogitsWanted = None
    ) -> None:
        """As decode, running `depth` passes. At depth 1 the positions stay absent from the local caches."""
        self.decode_layers(tokens, positions, seq_ids, depth * self.layers, logits)

    def keep_hidden(self, value: bool) -> None:
        """Whether calls keep the hidden states of rows with logits, for `hidden` and `finish`."""
        _library().llama_loop_set_hidden(self._pointer(), value)

    def hidden(self, i: int) -> NDArray[np.float32]:
        """The output of the last pass that ran, before the final norm, for row `i` of the last batch [n_embd]."""
        pointer = _library().llama_loop_get_hidden(self._pointer(), i)
        if not pointer:
            raise EngineError(f"Row {i} of the last batch kept no hidden state")
        return np.ctypeslib.as_array(pointer, (self.model.n_embd,)).copy()

    def finish(
        self, hidden: NDArray[np.float32], positions: ArrayLike, seq_ids: ArrayLike = 0, logits: LogitsWanted = "all"
    ) -> None:
        """Runs the passes after the first over positions whose pass 1 is stored, given its outputs [n, n_embd].

        Raises EngineError in the parallel variant, whose later passes also need the embeddings, and what decode
        raises; a call that was stopped removes its positions from every cache, pass 1 included.
        """
        if not self._set_range(self.layers, self.passes * self.layers):
            raise EngineError("This model's passes cannot be run apart")
        try:
            super().decode_batch(None, hidden, positions, seq_ids, logits)
        finally:
            self._set_range(0, self.passes * self.layers)
        self.evaluated_later += len(hidden)

    def exact_from(self, seq: int, position: int) -> int:
        """The first position whose output is exact, if all passes are run from `position` on."""
        return int(_library().llama_loop_exact_from(self._pointer(), seq, position))

    def local_span(self, seq: int) -> tuple[int, int]:
        """First and last position of a sequence in the local caches, (-1, -1) if there is none."""
        lib, pointer = _library(), self._pointer()
        return int(lib.llama_loop_pos_min(pointer, seq)), int(lib.llama_loop_pos_max(pointer, seq))

    def plan(
        self,
        seq: int,
        held: int,
        total: int,
        *,
        batch: int | None = None,
        extra: int = 0,
        can_pause: bool = False,
    ) -> EvaluationPlan:
        """The cheapest way to evaluate a prompt of `total` tokens of which the first `held` are stored.

        Pass 1 runs over everything new, the passes after it over the receptive field of the last position and of
        `extra` positions before it (which a later edit may rewind to for free, within the margin). With `can_pause` all
        layers run over all of the field, which costs more, but what is done after any step need not be done again.
        """
        batch = batch or self.n_batch
        full = self.passes * self.layers
        if self.passes == 1 or total <= held:
            steps = tuple(Step(a, b, full) for a, b in pieces(held, total, batch))
            return EvaluationPlan(
                held, steps, max(total - held, 0), 0 if self.passes == 1 else max(total - held, 0), held
            )
        target = max(total - 1 - extra, 0)
        begin = max(target - self.reach, 0)
        going_on = self.exact_from(seq, held)
        if (going_on <= target and begin - held < SKIP_WORTH) or begin == held:
            steps = tuple(Step(a, b, full) for a, b in pieces(held, total, batch))
            return EvaluationPlan(held, steps, total - held, total - held, going_on)
        start = min(held, begin)
        exact = 0 if begin == 0 else begin + self.reach
        if begin == 0 or can_pause:
            skipped = [Step(a, b, self.layers) for a, b in pieces(start, begin, batch)]
            steps = (*skipped, *(Step(a, b, full) for a, b in pieces(begin, total, batch)))
        else:
            steps = tuple(
                Step(a, b, self.layers) if b <= begin else Step(a, b, full, target)
                for a, b in pieces(start, total, batch)
            )
        return EvaluationPlan(start, steps, total - start, total - begin, exact)

    @property
    def first_pass(self) -> int:
        return self.layers if self.passes > 1 else 0

    @property
    def has_independent_rows(self) -> bool:
        return attention.applies(self)

    def movable(self, length: int) -> int:
        # the gates of a model with RoPE have seen the position: what lies in the local window is valid there only
        if self.passes == 1 or self.model.max_alibi_bias > 0:
            return length
        return max(length - self.window, 0)

    def decode_step(self, step: Step, tokens: ArrayLike, seq: int, logits: LogitsWanted = None) -> None:
        if not step.layers:
            super().decode_step(step, tokens, seq, logits)
            return
        positions = np.arange(step.start, step.stop)
        self.decode_layers(tokens, positions, seq, step.layers, logits, apex=step.apex)

    def run(self, plan: EvaluationPlan, tokens: ArrayLike, seq: int = 0, logits: LogitsWanted = "last") -> None:
        """Carries out a plan for the prompt `tokens`; `logits` applies to the last step ("last" or None)."""
        ids = np.asarray(tokens, np.int32)
        if plan.start <= self.position_max(seq):
            self.remove(seq, plan.start, -1)
        for step in plan.steps:
            wanted = logits if step is plan.steps[-1] else None
            self.decode_step(step, ids[step.start : step.stop], seq, wanted)

    def _set_range(self, begin: int, end: int, apex: int = -1) -> bool:
        return bool(_library().llama_loop_set_range(self._pointer(), begin, end, apex))

    def _pointer(self) -> ctypes.c_void_p:
        return address(self.handle)


def open_context(model: Model, n_ctx: int, margin: int = 0, **options: Unpack[ContextOptions]) -> Context:
    """A context of the kind that the model needs; `margin` matters to Loop models only."""
    if model.passes > 1:
        return LoopContext(model, n_ctx, margin, **options)
    return Context(model, n_ctx, **options)


def _pointer(model: Model) -> ctypes.c_void_p:
    return address(model.handle)


_prototypes: Prototypes = {
    "llama_loop_n_pass": (ctypes.c_int32, [ctypes.c_void_p]),
    "llama_loop_n_layer": (ctypes.c_int32, [ctypes.c_void_p]),
    "llama_loop_set_margin": (None, [ctypes.c_void_p, ctypes.c_uint32]),
    "llama_loop_set_range": (ctypes.c_bool, [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]),
    "llama_loop_exact_from": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32]),
    "llama_loop_reach": (ctypes.c_int32, [ctypes.c_void_p]),
    "llama_loop_pos_min": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "llama_loop_pos_max": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int32]),
    "llama_loop_memory_size": (ctypes.c_uint64, [ctypes.c_void_p]),
    "llama_loop_set_hidden": (None, [ctypes.c_void_p, ctypes.c_bool]),
    "llama_loop_get_hidden": (ctypes.POINTER(ctypes.c_float), [ctypes.c_void_p, ctypes.c_int32]),
}


@functools.cache
def _library() -> Any:
    """The shared library with the port's functions declared. Raises PortMissingError where it has none."""
    return declared(_prototypes, "run passes apart")
