"""Models in llama.cpp through llama-cpp-python's low-level bindings: weights, vocabulary, text to tokens and back.

The only modules that touch llama_cpp: this one, library.py (the library itself), context.py (evaluation),
loop_context.py and attention.py (what the port adds), and stock_loop.py (what ours is measured against).
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iquest_lsp.errors import (
    EngineError,
    EngineMemoryError,
    ModelFileError,
    PortMissingError,
    RequestCancelledError,
    UnsupportedModelError,
)
from iquest_lsp.runtime.llama import file_pages
from iquest_lsp.runtime.llama.library import (
    bindings,
    complaint,
    forget_complaints,
    is_ported,
    list_gpus,
    port_version,
    system_memory,
)
from iquest_lsp.runtime.models import gguf_header
from iquest_lsp.runtime.models.split_files import parts_of

__all__ = ["GpuUse", "Model", "bindings", "is_ported", "port_version"]


@dataclass(frozen=True, slots=True)
class GpuUse:
    """How much of a model lies on GPUs, and on which: so many `layers` (-1: all; 0: no GPU is used for anything), all
    of them on the GPU number `main`, or (-1) shared out among all GPUs by `split` (empty: by the memory that is free
    there). What is behind the last layer counts as one, and goes there first.

    With `keeps_experts` those of a mixture of experts stay in system memory, whatever layer they are of: they are most
    of the weights, and few of them are read for a token.
    """

    layers: int = 0
    main: int = -1
    split: tuple[float, ...] = ()
    keeps_experts: bool = False


#: The tensors of experts by name (llama.cpp, common/common.h, LLM_FFN_EXPS_REGEX).
EXPERTS = rb"\.ffn_(up|down|gate|gate_up)_(ch|)exps"


class _Override(ctypes.Structure):
    """llama.h, llama_model_tensor_buft_override: where the tensors whose names match lie."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))


class Model:
    """Weights and vocabulary of one GGUF."""

    def __init__(self, handle: Any, path: Path, vocab_only: bool = False, gpu_layers: int = 0) -> None:
        lib = bindings()
        self._handle = handle
        self._vocab = lib.llama_model_get_vocab(handle)
        self.path = path
        self.metadata = _metadata(lib, handle)
        self.n_vocab = int(lib.llama_vocab_n_tokens(self._vocab))
        self.n_embd = int(lib.llama_model_n_embd(handle))
        # without weights the layers' shapes are not read, and asking for them aborts
        self.n_head = 0 if vocab_only else int(lib.llama_model_n_head(handle))
        self.n_head_kv = 0 if vocab_only else int(lib.llama_model_n_head_kv(handle))
        self.n_params = int(lib.llama_model_n_params(handle))
        self.size_bytes = int(lib.llama_model_size(handle))
        self.architecture = self.metadata.get("general.architecture", "")
        # llama.cpp counts a Loop model's layers once per pass
        self.n_layer = int(self.number("block_count", lib.llama_model_n_layer(handle)))
        self.passes = int(self.number("loop.num", 1))
        #: Layers that have a cache of their own, where one pass runs them several times (Nanbeige).
        self.cached_layers = self.n_layer * max(int(self.number("num_loops", 1)), 1)
        self.loop_window = int(self.number("loop.window_size", 0))
        self.max_alibi_bias = self.number("attention.max_alibi_bias", 0.0)
        #: Whether the port's flash attention, whose ALiBi distances are exact, takes the place of llama.cpp's own.
        looped = self.architecture == "iquestloopcoder" or f"{self.architecture}.loop.num" in self.metadata
        on_gpus = gpu_layers != 0 and bool(list_gpus())
        self.exact_flash_attention = looped and self.max_alibi_bias > 0 and not (on_gpus and gpu_layers != 1)
        #: Whether anything of it lies on a GPU: what was asked for, where there is one.
        self.is_on_gpu = on_gpus
        #: Whether the whole model lies there, and with it its caches.
        self.is_all_on_gpu = on_gpus and (gpu_layers < 0 or gpu_layers > self.n_layer)
        self._names: dict[bytes, int] | None = None

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        gpus: GpuUse = GpuUse(),
        use_mmap: bool = True,
        vocab_only: bool = False,
        progress: Callable[[float], bool] | None = None,
    ) -> Model:
        """Loads a GGUF; `progress` gets the share done and returns False to stop; `vocab_only` leaves the weights out.

        Raises ModelFileError, UnsupportedModelError, PortMissingError, RequestCancelledError.
        """
        path = Path(path)
        gguf_header.check_magic(path)
        lib = bindings()
        if gguf_header.mentions_loop(path) and not is_ported():
            raise PortMissingError(
                f"{path.name} is a Loop model, which the installed llama.cpp cannot run",
                why="it lacks the IQuest port",
                fix="Run `iquest-lsp runtime build`",
            )
        stopped = False
        failure: list[BaseException] = []
        release = file_pages.releaser(parts_of(path))

        def report(share: float, _: Any) -> bool:
            nonlocal stopped
            try:
                release(share)
                stopped = progress is not None and not progress(share)
            except BaseException as error:  # noqa: BLE001  an exception cannot cross the C++ frames; raised below
                failure.append(error)
                stopped = True
            return not stopped

        params = lib.llama_model_default_params()
        params.n_gpu_layers = gpus.layers
        if gpus.main >= 0 or gpus.layers == 0:  # -1 is none: without it GPUs would do the products of large batches
            params.split_mode = lib.LLAMA_SPLIT_MODE_NONE
            params.main_gpu = gpus.main if gpus.layers else -1
        elif gpus.split:
            shares = (ctypes.c_float * int(lib.llama_max_devices()))(*gpus.split)  # read while the model loads
            params.tensor_split = shares
        if gpus.keeps_experts:
            kept = (_Override * 2)(_Override(EXPERTS, system_memory()))  # read while it loads, up to an empty one
            params.tensor_buft_overrides = ctypes.cast(kept, ctypes.c_void_p)
        params.vocab_only = vocab_only
        params.load_mode = lib.LLAMA_LOAD_MODE_MMAP if use_mmap else lib.LLAMA_LOAD_MODE_NONE
        callback = lib.llama_progress_callback(report)
        params.progress_callback = callback
        forget_complaints()
        handle = lib.llama_model_load_from_file(os.fsencode(path), params)
        if not handle:
            if failure:
                raise failure[0]
            if stopped:
                raise RequestCancelledError(f"Loading {path.name} was stopped")
            raise _load_error(path)
        return cls(handle, path, vocab_only, gpus.layers)

    @property
    def handle(self) -> Any:
        """The C pointer, for contexts."""
        if self._handle is None:
            raise EngineError("The model is closed")
        return self._handle

    @property
    def vocabulary(self) -> Any:
        """The C pointer of its vocabulary."""
        return self._vocab

    @property
    def description(self) -> str:
        """llama.cpp's short description: architecture, size class, quantization."""
        buffer = ctypes.create_string_buffer(256)
        bindings().llama_model_desc(self.handle, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def can_rewind(self) -> bool:
        """Whether the last tokens of a sequence can be forgotten: recurrent models keep a state that cannot go back."""
        lib = bindings()
        return not (lib.llama_model_is_recurrent(self.handle) or lib.llama_model_is_hybrid(self.handle))

    @property
    def sliding_window(self) -> int:
        """How many positions llama.cpp keeps of layers that see no further; 0 where all layers see everything."""
        return 0 if self.passes > 1 else int(bindings().llama_model_n_swa(self.handle))

    @property
    def cuts(self) -> tuple[str, ...]:
        """What says how the vocabulary cuts text."""
        cut = [self.metadata.get(f"tokenizer.ggml.{name}", "") for name in ("model", "pre", "add_space_prefix")]
        return (*cut, "no space in front") if self._has_vocabulary and self._line_end else tuple(cut)

    @functools.cached_property
    def vocabulary_key(self) -> str:
        """Names the vocabulary and the way it cuts text: token ids of models with another key mean something else."""
        digest = hashlib.sha256("\0".join(self.cuts).encode("utf-8", "surrogatepass"))
        for token in range(self.n_vocab if self._has_vocabulary else 0):
            piece = self.piece(token, special=True)
            digest.update(len(piece).to_bytes(4, "little") + piece)
        return digest.hexdigest()

    @property
    def token_eos(self) -> int:
        return int(bindings().llama_vocab_eos(self._vocab))

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
        """Token ids of a text; no BOS or EOS is added, and only `special=True` reads special tokens out of it.

        Without `special` the text is a part of a longer one: no space is put in front of it where the vocabulary asks
        for one at the beginning of texts, as the makers of such models do for fill-in-the-middle.
        """
        if not self._has_vocabulary:
            raise UnsupportedModelError(f"{self.path.name} has no vocabulary, so it cannot read text")
        if special or not self._line_end:
            return self._ids(text, special)
        ids = self._ids("\n" + text, special)
        return ids[len(self._line_end) :] if ids[: len(self._line_end)] == self._line_end else self._ids(text, special)

    @functools.cached_property
    def _line_end(self) -> list[int]:
        """The ids of a line end, space in front of it included, where the vocabulary puts one; else none."""
        model, prefix = (self.metadata.get(f"tokenizer.ggml.{name}", "") for name in ("model", "add_space_prefix"))
        return self._ids("\n", special=False) if model == "llama" and prefix != "false" else []

    def _ids(self, text: str, special: bool) -> list[int]:
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

    def close(self) -> None:
        """Frees the weights; contexts must be closed before."""
        if self._handle is not None:
            bindings().llama_model_free(self._handle)
            self._handle = None

    @property
    def _has_vocabulary(self) -> bool:
        return int(bindings().llama_vocab_type(self._vocab)) != 0

    def number(self, key: str, default: float) -> float:
        """A number among the metadata, below the architecture's prefix."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return float(default if value is None else value)


def _load_error(path: Path) -> Exception:
    why = complaint()
    if "unknown model architecture" in why or "unsupported model architecture" in why:
        return UnsupportedModelError(f"{path.name} cannot be run", why=why)
    if "alloc" in why.lower() and "memory" in why.lower():
        return EngineMemoryError(f"{path.name} does not fit into memory", why=why, fix="Use a smaller quantization")
    return ModelFileError(f"{path.name} cannot be loaded", why=why, fix="Fetch or convert the file again")


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
