"""Answers by a grammar: llama.cpp's own sampler says which tokens may come next."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.llama.library import bindings, complaint, forget_complaints
from iquest_lsp.runtime.llama.model import Model

#: llama.h, struct llama_token_data.
_TOKEN = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
#: The grammar is asked about so many of the likeliest tokens first: about all of them it takes much longer.
LIKELIEST = 256


class Grammar:
    """Rules in llama.cpp's notation (GBNF), of which `root` is the first, and how far an answer has got in them.

    No control token is text of an answer, whatever it is called; those that end it come where the rules end.
    """

    def __init__(self, model: Model, rules: str, tokens: NDArray[np.int32]) -> None:
        """`tokens` are those that have a text, and those that end one. Raises EngineError for rules that are none."""
        lib = bindings()
        forget_complaints()
        self._handle = lib.llama_sampler_init_grammar(model.vocabulary, rules.encode("utf-8"), b"root")
        if not self._handle:
            raise EngineError("The grammar cannot be used", why=complaint(), fix="Correct it: its first rule is `root`")
        self._tokens = tokens

    def allowed(self, logits: NDArray[np.float32], enough: int = 1) -> NDArray[np.float32]:
        """The logits [n_vocab] with the tokens ruled out that may not come next; of those that may, at least the
        `enough` likeliest are left. Raises EngineError where none may."""
        own = logits[self._tokens]
        asked = self._tokens
        if enough < LIKELIEST < len(own):
            asked = self._tokens[np.argpartition(own, -LIKELIEST)[-LIKELIEST:]]
        kept = self._asked(logits, asked)
        if len(asked) < len(self._tokens) and np.isfinite(kept).sum() < enough:
            kept = self._asked(logits, self._tokens)
        if not np.isfinite(kept).any():
            raise EngineError("The answer cannot go on", why="no token of the model fits the grammar there")
        return kept

    def follow(self, tokens: Sequence[int]) -> None:
        """The answer began with these tokens. Raises EngineError where it may not, and is closed then."""
        for token in tokens:
            row = np.zeros(token + 1, np.float32)
            if not np.isfinite(self._asked(row, np.array([token], np.int32))[token]):
                self.close()
                raise EngineError("The answer's beginning does not fit its grammar")
            self.accept(token)

    def accept(self, token: int) -> None:
        """The answer went on with a token that was allowed, and that does not end it."""
        bindings().llama_sampler_accept(self._handle, token)

    def close(self) -> None:
        """Frees it."""
        if self._handle:
            bindings().llama_sampler_free(self._handle)
        self._handle = None

    def _asked(self, logits: NDArray[np.float32], tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        lib = bindings()
        data = np.zeros(len(tokens), _TOKEN)
        data["id"], data["logit"] = tokens, logits[tokens]
        first: Any = ctypes.cast(data.ctypes.data, ctypes.POINTER(lib.llama_token_data))
        lib.llama_sampler_apply(self._handle, ctypes.byref(lib.llama_token_data_array(first, len(data), -1, False)))
        kept = np.full_like(logits, -np.inf)
        kept[tokens] = data["logit"]
        return kept
