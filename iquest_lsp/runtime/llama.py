"""llama.cpp through llama-cpp-python's low-level bindings: models and contexts, numpy in and out, our errors.

The only module that touches llama_cpp, together with loop.py for what the port adds. llama_cpp is imported on first
use; llama.cpp's own log goes to the logger `iquest_lsp.llama`.
"""

from __future__ import annotations

import collections
import ctypes
import importlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iquest_lsp.errors import (
    EngineError,
    EngineMemoryError,
    ModelFileError,
    PortMissingError,
    RequestCancelledError,
    RuntimeSetupError,
    UnsupportedModelError,
)

KV_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "bf16": 30}
#: Bytes per block and elements per block of each of them (ggml.h).
KV_BLOCKS = {
    "f32": (4, 1), "f16": (2, 1), "bf16": (2, 1), "q4_0": (18, 32), "q4_1": (20, 32), "q5_0": (22, 32),
    "q5_1": (24, 32), "q8_0": (34, 32),
}  # fmt: skip

Logits = Literal["last", "all"] | Sequence[bool] | NDArray[np.bool_] | None

#: ggml.h, enum ggml_log_level.
_LEVELS = {1: logging.DEBUG, 2: logging.INFO, 3: logging.WARNING, 4: logging.ERROR}
_complaints: collections.deque[str] = collections.deque(maxlen=20)
_setup_lock = threading.Lock()
_state: dict[str, Any] = {}


def bindings() -> Any:
    """llama_cpp's low-level module, imported and initialised once. Raises RuntimeSetupError where it is missing."""
    with _setup_lock:
        if "module" not in _state:
            try:
                package = importlib.import_module("llama_cpp")
                module = importlib.import_module("llama_cpp.llama_cpp")
            except (ImportError, OSError, RuntimeError) as error:
                raise RuntimeSetupError(
                    "The llama.cpp runtime cannot be loaded", why=str(error), fix="Run `iquest-lsp runtime build`"
                ) from error
            logging.getLogger("iquest_lsp.llama").addHandler(logging.NullHandler())  # silent unless logging is set up
            callback = module.llama_log_callback(_log)
            module.llama_log_set(callback, ctypes.c_void_p(0))
            module.llama_backend_init()
            _state.update(module=module, package=package, log=callback)  # the callback must outlive the library
        return _state["module"]


def port_version() -> str | None:
    """The version of the installed llama_cpp if it carries the port (0.3.36+loop.N), else None."""
    bindings()
    version = str(getattr(_state["package"], "__version__", ""))
    return version if "+loop." in version else None


def is_ported() -> bool:
    """Whether the installed llama_cpp can run Loop models."""
    return port_version() is not None


def needs_port(path: Path) -> bool:
    """Whether a GGUF holds a Loop model, judged by the keys near its start."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 20)
    except OSError:
        return False
    return b"iquestloopcoder" in head or b"llama.loop.num" in head


class Model:
    """Weights and vocabulary of one GGUF."""

    def __init__(self, handle: Any, path: Path) -> None:
        lib = bindings()
        self._handle = handle
        self._vocab = lib.llama_model_get_vocab(handle)
        self.path = path
        self.metadata = _metadata(lib, handle)
        self.n_vocab = int(lib.llama_vocab_n_tokens(self._vocab))
        self.n_embd = int(lib.llama_model_n_embd(handle))
        self.n_head = int(lib.llama_model_n_head(handle))
        self.n_head_kv = int(lib.llama_model_n_head_kv(handle))
        self.n_params = int(lib.llama_model_n_params(handle))
        self.size_bytes = int(lib.llama_model_size(handle))
        self.architecture = self.metadata.get("general.architecture", "")
        # llama.cpp counts a Loop model's layers once per pass
        self.n_layer = int(self._number("block_count", lib.llama_model_n_layer(handle)))
        self.passes = int(self._number("loop.num", 1))
        self.loop_window = int(self._number("loop.window_size", 0))
        self.max_alibi_bias = self._number("attention.max_alibi_bias", 0.0)
        self._names: dict[bytes, int] | None = None

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        n_gpu_layers: int = 0,
        use_mmap: bool = True,
        progress: Callable[[float], bool] | None = None,
    ) -> Model:
        """Loads a GGUF; `progress` gets the share done and returns False to stop.

        Raises ModelFileError, UnsupportedModelError, PortMissingError, RequestCancelledError.
        """
        path = Path(path)
        _check_file(path)
        lib = bindings()
        if needs_port(path) and not is_ported():
            raise PortMissingError(
                f"{path.name} is a Loop model, which the installed llama.cpp cannot run",
                why="it lacks the IQuest port",
                fix="Run `iquest-lsp runtime build`",
            )
        stopped = False
        failure: list[BaseException] = []

        def report(share: float, _: Any) -> bool:
            nonlocal stopped
            try:
                stopped = progress is not None and not progress(share)
            except BaseException as error:  # noqa: BLE001  an exception cannot cross the C++ frames; raised below
                failure.append(error)
                stopped = True
            return not stopped

        params = lib.llama_model_default_params()
        params.n_gpu_layers = n_gpu_layers
        params.load_mode = lib.LLAMA_LOAD_MODE_MMAP if use_mmap else lib.LLAMA_LOAD_MODE_NONE
        callback = lib.llama_progress_callback(report)
        params.progress_callback = callback
        _complaints.clear()
        handle = lib.llama_model_load_from_file(os.fsencode(path), params)
        if not handle:
            if failure:
                raise failure[0]
            if stopped:
                raise RequestCancelledError(f"Loading {path.name} was stopped")
            raise _load_error(path)
        return cls(handle, path)

    def context(
        self,
        n_ctx: int,
        n_batch: int = 512,
        n_ubatch: int = 512,
        n_seq_max: int = 1,
        type_k: str = "f16",
        type_v: str = "f16",
        flash_attn: bool | None = None,
        n_threads: int | None = None,
        n_threads_batch: int | None = None,
        swa_full: bool = False,
        unified: bool = True,
    ) -> Context:
        """Creates a context, with its KV cache allocated.

        `flash_attn` None lets llama.cpp decide, except for ALiBi models: flash attention's f16 mask holds distances
        exactly up to 2048 tokens only, so it is used there only where a quantized V cache demands it.
        Raises EngineMemoryError, UnsupportedModelError.
        """
        return Context(
            self, n_ctx, n_batch, n_ubatch, n_seq_max, type_k, type_v, flash_attn, n_threads, n_threads_batch,
            swa_full, unified,
        )  # fmt: skip

    @property
    def handle(self) -> Any:
        """The C pointer, for loop.py and contexts."""
        if self._handle is None:
            raise EngineError("The model is closed")
        return self._handle

    @property
    def description(self) -> str:
        """llama.cpp's short description: architecture, size class, quantization."""
        buffer = ctypes.create_string_buffer(256)
        bindings().llama_model_desc(self.handle, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def token_bos(self) -> int:
        return int(bindings().llama_vocab_bos(self._vocab))

    @property
    def token_eos(self) -> int:
        return int(bindings().llama_vocab_eos(self._vocab))

    @property
    def token_eot(self) -> int:
        return int(bindings().llama_vocab_eot(self._vocab))

    def is_eog(self, token: int) -> bool:
        """Whether a token ends a generation."""
        return bool(bindings().llama_vocab_is_eog(self._vocab, token))

    def special_tokens(self) -> dict[str, int]:
        """The control and user-defined entries of the vocabulary, by their text."""
        lib = bindings()
        wanted = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        found = {}
        if self._has_vocabulary:
            for token in range(self.n_vocab):
                if lib.llama_vocab_get_attr(self._vocab, token) & wanted:
                    found[lib.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace")] = token
        return found

    def token_id(self, text: str) -> int | None:
        """The id of the vocabulary entry with exactly this text (in the vocabulary's own spelling)."""
        if self._names is None:
            lib = bindings()
            ids = range(self.n_vocab if self._has_vocabulary else 0)
            self._names = {lib.llama_vocab_get_text(self._vocab, token): token for token in ids}
        return self._names.get(text.encode("utf-8"))

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids of a text; no BOS or EOS is added, and only `special=True` reads special tokens out of it."""
        if not self._has_vocabulary:
            raise UnsupportedModelError(f"{self.path.name} has no vocabulary, so it cannot read text")
        data = text.encode("utf-8", "surrogatepass")
        room = len(data) + 16
        lib = bindings()
        while True:
            ids = (ctypes.c_int32 * room)()
            count = lib.llama_tokenize(self._vocab, data, len(data), ids, room, False, special)
            if count >= 0:
                return ids[:count]
            room = -count

    def piece(self, token: int, special: bool = False) -> bytes:
        """The bytes a token stands for; control tokens give none unless `special`."""
        lib = bindings()
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def detokenize(self, ids: Sequence[int]) -> bytes:
        """The bytes of a sequence of tokens, without special tokens."""
        return b"".join(self.piece(token) for token in ids)

    def close(self) -> None:
        """Frees the weights; contexts must be closed before."""
        if self._handle is not None:
            bindings().llama_model_free(self._handle)
            self._handle = None

    @property
    def _has_vocabulary(self) -> bool:
        return int(bindings().llama_vocab_type(self._vocab)) != 0

    def _number(self, key: str, default: float) -> float:
        value = self.metadata.get(f"{self.architecture}.{key}")
        return float(default if value is None else value)


class Context:
    """A KV cache and the evaluation of tokens over it; one thread at a time."""

    def __init__(
        self, model: Model, n_ctx: int, n_batch: int, n_ubatch: int, n_seq_max: int, type_k: str, type_v: str,
        flash_attn: bool | None, n_threads: int | None, n_threads_batch: int | None, swa_full: bool, unified: bool,
    ) -> None:  # fmt: skip
        lib = bindings()
        if flash_attn is None and model.max_alibi_bias > 0:
            flash_attn = KV_BLOCKS[type_v][1] > 1
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = n_ctx, n_batch, n_ubatch, n_seq_max
        params.type_k, params.type_v = KV_TYPES[type_k], KV_TYPES[type_v]
        params.flash_attn_type = -1 if flash_attn is None else int(flash_attn)
        threads = n_threads or os.cpu_count() or 1
        params.n_threads, params.n_threads_batch = threads, n_threads_batch or threads
        params.swa_full, params.kv_unified = swa_full, unified
        params.no_perf = True
        _complaints.clear()
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
        self._unified = unified
        self._memory_bytes = _kv_bytes(model, self.n_ctx, n_ubatch, n_seq_max, type_k, type_v, swa_full)
        self._tokens = np.zeros(self.n_batch, np.int32)
        self._positions = np.zeros(self.n_batch, np.int32)
        self._sequences = np.zeros(self.n_batch, np.int32)
        self._counts = np.ones(self.n_batch, np.int32)
        self._outputs = np.zeros(self.n_batch, np.int8)
        # one sequence per token: a table of pointers into the array of sequence ids
        self._pointers = (self._sequences.ctypes.data + 4 * np.arange(self.n_batch)).astype(np.uintp)

    def decode(self, tokens: ArrayLike, positions: ArrayLike, seq_ids: ArrayLike = 0, logits: Logits = None) -> None:
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
        logits: Logits = None,
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
        _complaints.clear()
        status = int(lib.llama_decode(self.handle, batch))
        if status != 0:
            raise _decode_error(status, n)

    def logits(self, i: int) -> NDArray[np.float32]:
        """The logits of row `i` of the last batch (-1: its last output row), [n_vocab], a copy."""
        pointer = bindings().llama_get_logits_ith(self.handle, i)
        if not pointer:
            raise EngineError(f"Row {i} of the last batch has no logits")
        return np.ctypeslib.as_array(pointer, (self.model.n_vocab,)).copy()

    def remove(self, seq: int, p0: int, p1: int) -> bool:
        """Forgets positions [p0, p1) of a sequence (-1: open); False if the cache cannot do that."""
        return bool(bindings().llama_memory_seq_rm(self._memory_of(), seq, p0, p1))

    def copy(self, src: int, dst: int, p0: int, p1: int) -> None:
        """Lets `dst` share positions [p0, p1) of `src` (-1: open)."""
        if not self._unified and (p0 > 0 or p1 >= 0):
            raise EngineError("Part of a sequence cannot be shared", why="each sequence has a cache of its own")
        bindings().llama_memory_seq_cp(self._memory_of(), src, dst, p0, p1)

    def shift(self, seq: int, p0: int, p1: int, delta: int) -> None:
        """Adds `delta` to the positions [p0, p1) of a sequence.

        Keys are rotated accordingly. A Loop model with RoPE whose gates read the query is not exact after that: the
        rotated query, unlike a dot product of two, depends on the position itself.
        """
        bindings().llama_memory_seq_add(self._memory_of(), seq, p0, p1, delta)

    def clear(self) -> None:
        """Forgets everything."""
        bindings().llama_memory_clear(self._memory_of(), True)

    def position_max(self, seq: int) -> int:
        """The last position of a sequence, -1 if it is empty."""
        return int(bindings().llama_memory_seq_pos_max(self._memory_of(), seq))

    def position_min(self, seq: int) -> int:
        """The first position that every cache holds for a sequence, -1 if there is none."""
        return int(bindings().llama_memory_seq_pos_min(self._memory_of(), seq))

    def save_state(self, seq: int) -> bytes:
        """The KV of a sequence as llama.cpp writes it: it checks neither model nor content when loaded."""
        lib = bindings()
        size = int(lib.llama_state_seq_get_size(self.handle, seq))
        buffer = (ctypes.c_uint8 * size)()
        written = int(lib.llama_state_seq_get_data(self.handle, buffer, size, seq))
        if written != size:
            raise EngineError(f"The state of sequence {seq} could not be saved")
        return bytes(buffer)

    def load_state(self, seq: int, data: bytes) -> None:
        """Puts a saved KV in place of a sequence; on failure the sequence is empty and EngineError is raised."""
        self.remove(seq, -1, -1)
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        if int(bindings().llama_state_seq_set_data(self.handle, buffer, len(data), seq)) != len(data):
            self.remove(seq, -1, -1)
            raise EngineError(f"The saved state does not fit sequence {seq}")

    def set_abort(self, callback: Callable[[], bool] | None) -> None:
        """Sets what is asked during evaluation whether to stop; works on the CPU only."""
        lib = bindings()
        wrapped = lib.ggml_abort_callback(lambda _: bool(callback())) if callback else lib.ggml_abort_callback()
        lib.llama_set_abort_callback(self.handle, wrapped, None)
        self._abort = wrapped  # must live as long as the context may call it

    @property
    def handle(self) -> Any:
        """The C pointer, for loop.py."""
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


# ------------------------------------------------------------------------------------------------ helpers


def _log(level: int, text: bytes, _: Any) -> None:
    line = text.decode("utf-8", "replace").rstrip()
    if not line or line.strip(".") == "":
        return
    if level in (3, 4):
        _complaints.append(line)
    logging.getLogger("iquest_lsp.llama").log(_LEVELS.get(level, logging.DEBUG), "%s", line)


def _complaint() -> str:
    lines = [line.partition(": ")[2] or line for line in _complaints]
    wanted = [line for line in lines if "error" in line.lower() or "fail" in line.lower()]
    return (wanted or lines or [""])[0]


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}", fix="See `iquest-lsp models list`")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    if magic != b"GGUF":
        raise ModelFileError(f"{path.name} is not a GGUF file", why=f"it starts with {magic!r}")


def _load_error(path: Path) -> Exception:
    why = _complaint()
    if "unknown model architecture" in why or "unsupported model architecture" in why:
        return UnsupportedModelError(f"{path.name} cannot be run", why=why)
    if "alloc" in why.lower() and "memory" in why.lower():
        return EngineMemoryError(f"{path.name} does not fit into memory", why=why, fix="Use a smaller quantization")
    return ModelFileError(f"{path.name} cannot be loaded", why=why, fix="Fetch or convert the file again")


def _context_error(model: Model, n_ctx: int) -> Exception:
    why = _complaint()
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
    return EngineError(f"llama.cpp could not evaluate a batch of {n} tokens", why=_complaint() or f"status {status}")


def _output_mask(logits: Logits, n: int) -> NDArray[np.int8]:
    mask = np.zeros(n, np.int8)
    if logits is None:
        return mask
    if isinstance(logits, str):
        mask[0 if logits == "all" else n - 1 :] = 1
        return mask
    mask[:] = np.asarray(logits, bool)
    return mask


def _metadata(lib: Any, handle: Any) -> dict[str, str]:
    def read(call: Any, i: int) -> str:
        room = 256
        while True:
            buffer = ctypes.create_string_buffer(room)
            needed = int(call(handle, i, buffer, room))
            if needed < room:
                return buffer.value.decode("utf-8", "replace")
            room = needed + 1

    count = int(lib.llama_model_meta_count(handle))
    return {
        read(lib.llama_model_meta_key_by_index, i): read(lib.llama_model_meta_val_str_by_index, i) for i in range(count)
    }


def _kv_bytes(model: Model, n_ctx: int, n_ubatch: int, n_seq_max: int, type_k: str, type_v: str, swa_full: bool) -> int:
    """Bytes of keys and values: every layer's for the first pass, windows for the passes after it."""
    width = int(model._number("attention.key_length", model.n_embd // max(model.n_head, 1))) * model.n_head_kv
    cell = sum(width * KV_BLOCKS[kind][0] // KV_BLOCKS[kind][1] for kind in (type_k, type_v)) * model.n_layer
    local = n_ctx if swa_full else min(n_ctx, -(-(model.loop_window * n_seq_max + n_ubatch) // 256) * 256)
    return cell * (n_ctx + (model.passes - 1) * local)
