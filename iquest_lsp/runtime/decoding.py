"""Decoding: an answer written token by token after an evaluated prompt."""

from __future__ import annotations

import numpy as np

from iquest_lsp.datatypes import Finish
from iquest_lsp.runtime.answer import Answer, Request
from iquest_lsp.runtime.healing import Pieces
from iquest_lsp.runtime.prefill import Prefill
from iquest_lsp.runtime.sampling import choose, only, without


class Decoder:
    """Writes answers over the sequences of one context."""

    def __init__(self, sequences: Prefill, pieces: Pieces) -> None:
        self._sequences = sequences
        self._pieces = pieces

    def write(self, request: Request, answer: Answer) -> Finish:
        """Writes an answer after a prompt whose last token's logits are there; returns why it ended."""
        generator = np.random.default_rng(0)
        must = request.must
        sequence = request.prompt.sequence
        while True:
            request.check()
            row = self._sequences.context.logits(-1)
            if must:
                row = only(row, self._pieces.allowed(must))
            if request.prompt.avoid and not answer.tokens:
                row = without(row, request.prompt.avoid)
            token, logprob = choose(row, request.prompt.temperature, generator)
            ended = answer.take(token, logprob)
            if ended is not None:
                return ended
            if must:
                must = self._pieces.left(must, token)
            self._sequences.append(token, sequence, request.cancelled)
