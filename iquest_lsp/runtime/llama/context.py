"""A llama.cpp context: its KV cache and the evaluation of tokens over it, numpy in and out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iquest_lsp.errors import EngineError, EngineMemoryError, RequestCancelledError, UnsupportedModelError
from iquest_lsp.runtime.llama.context_options import DEFAULTS, KV_BLOCKS, KV_TYPES, ContextOptions
from iquest_lsp.runtime.llama.evaluation import EvaluationPlan, Step, pieces
from iquest_lsp.runtime.llama.library import bindings, complaint, forget_complaints
from iquest_lsp.runtime.llama.model import Model

LogitsWanted = Literal["last", "all"] | Sequence[bool] | NDArray[np.bool_] | None


class Context:
    """A KV cache and the evaluation of tokens over it; one thread at a time."""

    def __init__(
        self,
        model: Model,
        n_ctx: int,
        **options: Unpack[ContextOptions],
    ) -> None:
        """Allocates the KV cache of `n_ctx` cells. Raises EngineMemoryError, UnsupportedModelError."""
        lib = bindings()
        chosen: ContextOptions = {**DEFAULTS, **options}
        n_ubatch, n_seq_max = chosen["n_ubatch"], chosen["n_seq_max"]
        type_k, type_v, flash_attn = chosen["type_k"], chosen["type_v"], chosen["flash_attn"]
        if flash_attn is None and model.max_alibi_bias > 0:
            flash_attn = model.exact_flash_attention or KV_BLOCKS[type_v][1] > 1
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = n_ctx, chosen["n_batch"], n_ubatch, n_seq_max
        params.type_k, params.type_v = KV_TYPES[type_k], KV_TYPES[type_v]
        params.flash_attn_type = -1 if flash_attn is None else int(flash_attn)
        threads = chosen["n_threads"] or os.cpu_count() or 1
        params.n_threads, params.n_threads_batch = threads, chosen["n_threads_batch"] or threads
        params.swa_full, params.kv_unified = chosen["swa_full"], chosen["unified"]
        params.no_perf = True
        self._observer = chosen["observer"]
        if self._observer is not None:  # it must live as long as the context may call it
            params.cb_eval = self._observer
        forget_complaints()
        handle = lib.llama_init_from_model(model.handle, params)
        if not handle:
            raise _context_error(model, n_ctx)
        self.model = model
        self._handle = handle
        self._memory = lib.llama_get_memory(handle)
        self._abort: Any = None
        self.n_ctx = int(lib.llama_n_ctx(handle))
        self.n_batch = int(lib.llama_n_batch(handle))
        self.n_seq_max = n_seq_max
        self._unified = chosen["unified"]
        self._copies = False  # what was copied between caches of their own is moved by the next evaluation only
        self._memory_bytes = _kv_bytes(model, self.n_ctx, n_ubatch, n_seq_max, type_k, type_v, chosen["swa_full"])
        self._tokens = np.zeros(self.n_batch, np.int32)
        self._positions = np.zeros(self.n_batch, np.int32)
        self._sequences = np.zeros(self.n_batch, np.int32)
        self._counts = np.ones(self.n_batch, np.int32)
        self._outputs = np.zeros(self.n_batch, np.int8)
        # one sequence per token: a table of pointers into the array of sequence ids
        self._pointers = (self._sequences.ctypes.data + 4 * np.arange(self.n_batch)).astype(np.uintp)

    def decode(
        self, tokens: ArrayLike, positions: ArrayLike, seq_ids: ArrayLike = 0, logits: LogitsWanted = None
    ) -> None:
        """Evaluates up to n_batch tokens and stores them in the cache.

        `positions` must continue each sequence; `seq_ids` is one id or one per token; `logits` says which rows are
        kept for `logits()`. Raises EngineMemoryError when the cache is full, RequestCancelledError when the abort
        callback stopped it (the positions of the interrupted part are removed), EngineError for a wrong batch.
        """
        self.decode_batch(np.asarray(tokens, np.int32), None, positions, seq_ids, logits)

    def decode_batch(
        self,
        tokens: NDArray[np.int32] | None,
        hidden: NDArray[np.float32] | None,
        positions: ArrayLike,
        seq_ids: ArrayLike = 0,
        logits: LogitsWanted = None,
    ) -> None:
        """As decode, for tokens or for rows of hidden states [n, n_embd] that take the embeddings' place."""
        rows = tokens if tokens is not None else hidden
        assert rows is not None
        n = len(rows)
        if not 0 < n <= self.n_batch:
            raise EngineError(f"A batch of {n} tokens cannot be evaluated", why=f"the limit is {self.n_batch}")
        self._positions[:n] = positions
        self._sequences[:n] = seq_ids
        self._outputs[:n] = _output_mask(logits, n)
        lib = bindings()
        batch = lib.llama_batch()
        batch.n_tokens = n
        if tokens is not None:
            self._tokens[:n] = tokens
            batch.token = self._tokens.ctypes.data_as(type(batch.token))
        else:
            hidden = np.ascontiguousarray(hidden, np.float32)
            batch.embd = hidden.ctypes.data_as(type(batch.embd))
        batch.pos = self._positions.ctypes.data_as(type(batch.pos))
        batch.n_seq_id = self._counts.ctypes.data_as(type(batch.n_seq_id))
        batch.seq_id = self._pointers.ctypes.data_as(type(batch.seq_id))
        batch.logits = self._outputs.ctypes.data_as(type(batch.logits))
        forget_complaints()
        status = int(lib.llama_decode(self.handle, batch))
        if self.model.is_on_gpu:
            lib.llama_synchronize(self.handle)  # what is timed is the work, not the handing over of it
        self._copies = False
        if status != 0:
            raise _decode_error(status, n)

    def decode_step(self, step: Step, tokens: ArrayLike, seq: int, logits: LogitsWanted = None) -> None:
        """Evaluates the tokens of one step of a plan."""
        self.decode(tokens, np.arange(step.start, step.stop), seq, logits)

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
        """The cheapest way to evaluate a prompt of `total` tokens of which the first `held` are stored; what the
        options say concerns models with several passes, see LoopContext."""
        steps = tuple(Step(start, stop) for start, stop in pieces(held, total, batch or self.n_batch))
        return EvaluationPlan(held, steps, max(total - held, 0), 0, held)

    # ---------------------------------------------------- passes, of which a context has one unless it says otherwise

    @property
    def can_finish(self) -> bool:
        """Whether passes can be run later over outputs of the first: `decode_depth`, `hidden` and `finish`."""
        return False

    @property
    def first_pass(self) -> int:
        """Layers of the first pass where there are more passes, else 0."""
        return 0

    @property
    def has_independent_rows(self) -> bool:
        """Whether each row of a call is computed as if it were alone."""
        return False

    def movable(self, length: int) -> int:
        """How many tokens at the beginning of so many have keys and values that are valid at other positions."""
        return length

    def keep_hidden(self, value: bool) -> None:
        """Whether calls keep the hidden states of rows with logits, for `hidden` and `finish`."""
        raise _one_pass()

    def hidden(self, i: int) -> NDArray[np.float32]:
        """The output of the last pass that ran, before the final norm, for row `i` of the last batch [n_embd]."""
        raise _one_pass()

    def decode_depth(
        self, tokens: ArrayLike, positions: ArrayLike, seq_ids: ArrayLike, depth: int, logits: LogitsWanted = None
    ) -> None:
        """As decode, running `depth` passes."""
        raise _one_pass()

    def finish(
        self, hidden: NDArray[np.float32], positions: ArrayLike, seq_ids: ArrayLike = 0, logits: LogitsWanted = "all"
    ) -> None:
        """Runs the passes after the first over positions whose pass 1 is stored, given its outputs [n, n_embd]."""
        raise _one_pass()

    # ------------------------------------------------------------------------------------------ what was computed

    def logits(self, i: int) -> NDArray[np.float32]:
        """The logits of row `i` of the last batch (-1: its last output row), [n_vocab], a copy."""
        pointer = bindings().llama_get_logits_ith(self.handle, i)
        if not pointer:
            raise EngineError(f"Row {i} of the last batch has no logits")
        row = np.empty(self.model.n_vocab, np.float32)
        ctypes.memmove(row.ctypes.data, pointer, row.nbytes)
        return row

    def remove(self, seq: int, p0: int, p1: int) -> bool:
        """Forgets positions [p0, p1) of a sequence (-1: open); False if the cache cannot do that."""
        return bool(bindings().llama_memory_seq_rm(self._memory_of(), seq, p0, p1))

    def copy(self, src: int, dst: int, p0: int, p1: int) -> None:
        """Lets `dst` share positions [p0, p1) of `src` (-1: open).

        Where each sequence has a cache of its own, the values follow with the next evaluation of any tokens: until
        then no state can be written or read.
        """
        if not self._unified and (p0 > 0 or p1 >= 0):
            raise EngineError("Part of a sequence cannot be shared", why="each sequence has a cache of its own")
        bindings().llama_memory_seq_cp(self._memory_of(), src, dst, p0, p1)
        self._copies = not self._unified

    def shift(self, seq: int, p0: int, p1: int, delta: int) -> None:
        """Adds `delta` to the positions [p0, p1) of a sequence.

        Keys are rotated accordingly. A Loop model with RoPE whose gates read the query is not exact after that: the
        rotated query, unlike a dot product of two, depends on the position itself.
        """
        bindings().llama_memory_seq_add(self._memory_of(), seq, p0, p1, delta)

    @property
    def can_share(self) -> bool:
        """Whether any beginning of a sequence can be shared by another."""
        return self._unified and self.model.can_rewind and not self.model.sliding_window

    @property
    def can_move(self) -> bool:
        """Whether `shift` gives keys that are valid at their new positions."""
        return bool(bindings().llama_memory_can_shift(self._memory_of()))

    def usable(self, seq: int, length: int) -> int:
        """How many of the first `length` tokens of a sequence are of use to what follows them.

        A model with a sliding window has forgotten what lies further back: it starts anew after a longer rewind.
        """
        last = self.position_max(seq)
        if not self.model.sliding_window or length > last:
            return length
        return length if self.position_min(seq) <= max(length - self.model.sliding_window, 0) else 0

    def clear(self) -> None:
        """Forgets everything."""
        bindings().llama_memory_clear(self._memory_of(), True)

    def position_max(self, seq: int) -> int:
        """The last position of a sequence, -1 if it is empty."""
        return int(bindings().llama_memory_seq_pos_max(self._memory_of(), seq))

    def position_min(self, seq: int) -> int:
        """The first position that every cache holds for a sequence, -1 if there is none."""
        return int(bindings().llama_memory_seq_pos_min(self._memory_of(), seq))

    def state_size(self, seq: int) -> int:
        """Bytes that `write_state` needs for a sequence now."""
        return int(bindings().llama_state_seq_get_size(self.handle, seq))

    def write_state(self, seq: int, buffer: NDArray[np.uint8]) -> None:
        """Writes the KV of a sequence into a buffer of `state_size` bytes, as llama.cpp does: it checks neither model
        nor content when it is read. Raises EngineError also where copied sequences are not there yet (see copy)."""
        self._check_copied()
        pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if int(bindings().llama_state_seq_get_data(self.handle, pointer, len(buffer), seq)) != len(buffer):
            raise EngineError(f"The state of sequence {seq} could not be saved", why=complaint())

    def read_state(self, seq: int, buffer: NDArray[np.uint8]) -> None:
        """Puts a written KV in place of a sequence; on failure the sequence is empty and EngineError is raised."""
        self._check_copied()
        self.remove(seq, -1, -1)
        pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        forget_complaints()
        if int(bindings().llama_state_seq_set_data(self.handle, pointer, len(buffer), seq)) != len(buffer):
            self.remove(seq, -1, -1)
            raise EngineError(f"The saved state does not fit sequence {seq}", why=complaint())

    def write_partial_state(self, seq: int) -> NDArray[np.uint8]:
        """What of a sequence's state cannot go back: recurrent layers, and layers with a sliding window."""
        lib = bindings()
        flags = lib.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        buffer = np.empty(int(lib.llama_state_seq_get_size_ext(self.handle, seq, flags)), np.uint8)
        pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if int(lib.llama_state_seq_get_data_ext(self.handle, pointer, len(buffer), seq, flags)) != len(buffer):
            raise EngineError(f"The state of sequence {seq} could not be kept", why=complaint())
        return buffer

    def read_partial_state(self, seq: int, buffer: NDArray[np.uint8]) -> bool:
        """Puts what `write_partial_state` gave in place; False where llama.cpp refuses it."""
        lib = bindings()
        flags = lib.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        return int(lib.llama_state_seq_set_data_ext(self.handle, pointer, len(buffer), seq, flags)) == len(buffer)

    def _check_copied(self) -> None:
        if self._copies:
            raise EngineError(
                "Sequences that were copied are not there yet",
                why="each sequence has a cache of its own",
                fix="Evaluate a token first",
            )

    def set_threads(self, threads: int, batch_threads: int) -> None:
        """Sets how many threads evaluate one token, and how many several."""
        bindings().llama_set_n_threads(self.handle, threads, batch_threads)

    def set_abort(self, callback: Callable[[], bool] | None) -> None:
        """Sets what is asked during evaluation whether to stop; works on the CPU only."""
        lib = bindings()
        wrapped = lib.ggml_abort_callback(lambda _: bool(callback())) if callback else lib.ggml_abort_callback()
        lib.llama_set_abort_callback(self.handle, wrapped, None)
        self._abort = wrapped  # must live as long as the context may call it

    @property
    def handle(self) -> Any:
        """The C pointer, for what the port adds."""
        if self._handle is None:
            raise EngineError("The context is closed")
        return self._handle

    @property
    def memory_bytes(self) -> int:
        """Size of the KV cache."""
        return self._memory_bytes

    def close(self) -> None:
        """Frees the KV cache."""
        if self._handle is not None:
            bindings().llama_free(self._handle)
            self._handle = None

    def _memory_of(self) -> Any:
        if self._handle is None:
            raise EngineError("The context is closed")
        return self._memory


def _one_pass() -> EngineError:
    return EngineError("This model's passes cannot be run apart")


def _context_error(model: Model, n_ctx: int) -> Exception:
    why = complaint()
    if "alloc" in why.lower():
        return EngineMemoryError(
            f"There is not enough memory for a window of {n_ctx} tokens", why=why, fix="Make window_tokens smaller"
        )
    return UnsupportedModelError(f"{model.path.name} cannot be run with a window of {n_ctx} tokens", why=why)


def _decode_error(status: int, n: int) -> Exception:
    if status == 1:
        return EngineMemoryError(f"The KV cache has no room for {n} more tokens", fix="Make window_tokens smaller")
    if status == 2:
        return RequestCancelledError("The evaluation was stopped")
    return EngineError(f"llama.cpp could not evaluate a batch of {n} tokens", why=complaint() or f"status {status}")


def _output_mask(logits: LogitsWanted, n: int) -> NDArray[np.int8]:
    mask = np.zeros(n, np.int8)
    if logits is None:
        return mask
    if isinstance(logits, str):
        mask[0 if logits == "all" else n - 1 :] = 1
        return mask
    mask[:] = np.asarray(logits, bool)
    return mask


def _kv_bytes(model: Model, n_ctx: int, n_ubatch: int, n_seq_max: int, type_k: str, type_v: str, swa_full: bool) -> int:
    """Bytes of keys and values: every layer's for the first pass, windows for the passes after it."""
    width = int(model.number("attention.key_length", model.n_embd // max(model.n_head, 1))) * model.n_head_kv
    cell = sum(width * KV_BLOCKS[kind][0] // KV_BLOCKS[kind][1] for kind in (type_k, type_v)) * model.cached_layers
    local = n_ctx if swa_full else min(n_ctx, -(-(model.loop_window * n_seq_max + n_ubatch) // 256) * 256)
    return cell * (n_ctx + (model.passes - 1) * local)
