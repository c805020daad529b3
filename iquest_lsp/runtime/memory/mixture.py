"""Weighs what the repository's files and the prompt say into the model's distributions, and drafts from them.

The next token's distribution becomes (1 - s) * model + s * memory, s being the share that was fitted to the model (see
shares.py); what the memory leaves to nobody (see blend.py) stays with the model. Small models copy badly and know
nothing of this repository, and the memory does. After Tu et al., "On the localness of software" (2014), and Khandelwal
et al., "Generalization through memorization" (2020).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.memory.blend import Forecast, blend
from iquest_lsp.runtime.memory.shares import MemoryShares
from iquest_lsp.runtime.memory.store import Found, Ids
from iquest_lsp.runtime.memory.written import Written


class Source(Protocol):
    """Texts beside the prompt."""

    def find(self, context: Sequence[int], allowed: NDArray[np.bool_] | None = None) -> Sequence[Found]:
        """As Store.find, the places weighed already; later results are nearer to the file at hand."""

    def counts(self, tokens: Ids) -> NDArray[np.float64]:
        """How often each of these tokens occurs."""

    def continuation(self, number: int, place: int, most: int) -> Sequence[int]:
        """Up to `most` tokens at a place of the result `number` of `find`."""

    def file_at(self, number: int, place: int) -> str:
        """The path of the file that a place lies in."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How much of an answer's probability came from the memory, and the file that the most of it came from."""

    share: float = 0.0
    path: str = ""


class MemoryMixture:
    """The mixture of one answer; the prompt is its innermost text."""

    def __init__(self, written: Written, shares: MemoryShares, source: Source | None = None) -> None:
        self._written, self._shares, self._source = written, shares, source

    def add(self, token: int) -> None:
        """Notes the text's next token."""
        self._written.add(token)

    def fork(self) -> MemoryMixture:
        """For a text that may not come."""
        other = copy.copy(self)
        other._written = self._written.fork()
        return other

    def weigh(
        self, logits: NDArray[np.float32], allowed: Sequence[int] | None = None, spelled: int = 0
    ) -> NDArray[np.float32]:
        """Logits of the mixed distribution; the same array where nothing is remembered.

        With `allowed` the logits of all other tokens are to be -inf; the first `spelled` bytes of the token are known.
        """
        mask = None
        if allowed is not None:
            mask = np.zeros(len(logits), np.bool_)
            mask[np.asarray(allowed, np.int64)] = True
        forecast = self.forecast(mask)
        if forecast is None:
            return logits
        top = float(logits.max())
        total = top + math.log(float(np.exp(logits - top, dtype=np.float32).sum()))
        share = self._shares.of(forecast, math.exp(top - total), spelled=spelled > 0)
        parts = share * forecast.parts
        mixed: NDArray[np.float32] = logits + np.float32(math.log1p(-float(parts.sum())) - total)
        mixed[forecast.tokens] = np.logaddexp(mixed[forecast.tokens], np.log(parts).astype(np.float32))
        return mixed

    def forecast(self, allowed: NDArray[np.bool_] | None = None) -> Forecast | None:
        """What the memory says of the next token."""
        shares = self._shares
        found = [(self._written.find(allowed), shares.prompt)] if shares.prompt > 0 else []
        if self._source is not None:
            found += [(one, 1.0) for one in self._source.find(self._written.end(), allowed)]
        forecast = blend(found)
        if forecast is None and allowed is not None:
            return self._by_frequency(np.flatnonzero(allowed).astype(np.int32))
        return forecast

    def _by_frequency(self, tokens: Ids) -> Forecast | None:
        """Where nothing but the beginning of the token is known: how often each such token occurs at all."""
        counts = self._shares.prompt * self._written.counts(tokens)
        if self._source is not None:
            counts = counts + self._source.counts(tokens)
        some = counts > 0
        total = float(counts.sum())
        if not some.any():
            return None
        own = total / (total + float(some.sum()))
        return Forecast(tokens[some], own * counts[some] / total, -1, total)
