"""The loop that any program around llama.cpp has: one row a token, the best one, and nothing around it.

What our own reading and writing is measured against, over the same weights. With the bindings of another llama.cpp
the weights are that one's too.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.llama.context_options import KV_TYPES
from iquest_lsp.runtime.llama.library import bindings
from iquest_lsp.runtime.llama.model import Model


class StockLoop:
    """A context with llama.cpp's own defaults, and the sequence in it."""

    def __init__(
        self,
        model: Model,
        cells: int,
        *,
        batch: int,
        threads: int,
        batch_threads: int,
        kv_type: str = "f16",
        library: Any = None,
    ) -> None:
        """`library` are the low-level bindings of an unpatched llama.cpp, which then loads the model's file itself.

        Raises EngineError where it cannot.
        """
        self._lib = lib = bindings() if library is None else library
        self._own_model: Any = None
        if library is not None:
            self._own_model = lib.llama_model_load_from_file(os.fsencode(model.path), lib.llama_model_default_params())
            if not self._own_model:
                raise EngineError(f"The other llama.cpp cannot load {model.path.name}")
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = cells, batch, batch
        params.n_threads, params.n_threads_batch = threads, batch_threads
        params.type_k = params.type_v = KV_TYPES[kv_type]
        self._handle = lib.llama_init_from_model(self._own_model or model.handle, params)
        if not self._handle:
            raise EngineError(f"llama.cpp makes no context of {cells} cells for {model.path.name}")
        self._memory = lib.llama_get_memory(self._handle)
        self._batch = batch
        self._n_vocab = model.n_vocab

    @property
    def handle(self) -> Any:
        """The C pointer of its context."""
        return self._handle

    def read(self, tokens: Sequence[int]) -> None:
        """Evaluates a prompt from an empty cache."""
        self._lib.llama_memory_clear(self._memory, True)
        for at in range(0, len(tokens), self._batch):
            self._decode(tokens[at : at + self._batch])

    def go_back(self, tokens: Sequence[int]) -> None:
        """Forgets what was written after a prompt that was read; its last token is evaluated again."""
        if self._lib.llama_memory_seq_rm(self._memory, 0, len(tokens) - 1, -1):
            self._decode(tokens[-1:])
        else:
            self.read(tokens)

    def write(self, count: int) -> list[int]:
        """Writes so many tokens, the best one each time; the last is not evaluated."""
        written = [self._best()]
        while len(written) < count:
            self._decode(written[-1:])
            written.append(self._best())
        return written

    def close(self) -> None:
        """Frees the context, and the weights where they are its own."""
        self._lib.llama_free(self._handle)
        if self._own_model:
            self._lib.llama_model_free(self._own_model)

    def _best(self) -> int:
        pointer = self._lib.llama_get_logits_ith(self._handle, -1)
        return int(np.ctypeslib.as_array(pointer, (self._n_vocab,)).argmax())

    def _decode(self, tokens: Sequence[int]) -> None:
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        status = int(self._lib.llama_decode(self._handle, self._lib.llama_batch_get_one(ids, len(tokens))))
        if status != 0:
            raise EngineError("llama.cpp failed", why=f"status {status}")
