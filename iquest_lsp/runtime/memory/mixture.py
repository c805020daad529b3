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

from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory.blend import Forecast, blend
from iquest_lsp.runtime.memory.shares import MemoryShares
from iquest_lsp.runtime.memory.store import FoundRuns
from iquest_lsp.runtime.memory.written import Written

#: A token that the memory made likely by less than this share is owed to nobody.
LEAST_OWED = 0.1


class MemorySource(Protocol):
    """Texts beside the prompt."""

    def find(self, context: Sequence[int], allowed: NDArray[np.bool_] | None = None) -> Sequence[FoundRuns]:
        """As Store.find, the places weighed already; later results are nearer to the file at hand."""

    def counts(self, tokens: Ids) -> NDArray[np.float64]:
        """How often each of these tokens occurs."""

    def continuation(self, number: int, place: int, most: int) -> Sequence[int]:
        """Up to `most` tokens at a place of the result `number` of `find`."""

    def file_at(self, number: int, place: int) -> str:
        """The path of the file that a place lies in."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How much of an answer's tokens the memory of other files is answerable for, from 0 to 1 in the mean, and the file
    that the most of it came from."""

    share: float = 0.0
    path: str = ""


class MemoryMixture:
    """The memory of one answer: it is told every token, weighs, and offers drafts.

    The prompt is its innermost text. Without `shares` nothing is weighed, and `source` is only drafted from.
    """

    def __init__(self, written: Written, shares: MemoryShares | None, source: MemorySource | None = None) -> None:
        self._written, self._shares, self._source = written, shares, source
        self._found: list[FoundRuns] | None = None  # in the source, behind the end of the text
        self._said: tuple[Forecast, float, NDArray[np.float32]] | None = None  # weighed last: its share, the result
        self._owed: dict[str, float] = {}
        self._added = 0

    def add(self, token: int) -> None:
        """Notes the text's next token."""
        self._account(token)
        self._added += 1
        self._found = self._said = None
        self._written.add(token)

    def fork(self) -> MemoryMixture:
        """For a text that may not come."""
        other = copy.copy(self)
        other._written = self._written.fork()
        other._owed = {}
        return other

    @property
    def leaning(self) -> Leaning:
        """Whom the tokens added so far are owed to."""
        if not self._owed:
            return Leaning()
        return Leaning(sum(self._owed.values()) / self._added, max(self._owed, key=lambda path: self._owed[path]))

    def weigh(
        self, logits: NDArray[np.float32], allowed: Sequence[int] | None = None, spelled: int = 0
    ) -> NDArray[np.float32]:
        """Logits of the mixed distribution; the same array where nothing is remembered.

        With `allowed` the logits of all other tokens are to be -inf; the first `spelled` bytes of the token are known.
        """
        self._said = None
        if self._shares is None:
            return logits
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
        rest = 1.0 - float(parts.sum())
        mixed: NDArray[np.float32] = logits + np.float32(math.log(rest) - total)
        mixed[forecast.tokens] = np.logaddexp(mixed[forecast.tokens], np.log(parts).astype(np.float32))
        self._said = forecast, share, mixed
        return mixed

    def forecast(self, allowed: NDArray[np.bool_] | None = None) -> Forecast | None:
        """What the memory says of the next token, for a model with shares."""
        shares = self._shares
        assert shares is not None
        found = [(one, 1.0) for one in self._look(allowed)]
        if shares.prompt > 0:
            found.append((self._written.find(allowed), shares.prompt))
        forecast = blend(found)
        if forecast is None and allowed is not None:
            return self._by_frequency(np.flatnonzero(allowed).astype(np.int32), shares.prompt)
        return forecast

    def draft(self, most: int) -> tuple[tuple[int, ...], int]:
        """Up to `most` tokens that follow the longest match in other files, and how many tokens agree; the more
        frequent token first, and of several places the one nearest to the file at hand."""
        best: tuple[int, float, int, int] | None = None
        for number, found in enumerate(self._look(None)):
            if not len(found.places):
                continue
            longest = int(found.matches.max())
            chosen = np.flatnonzero(found.matches == longest)
            tokens, which = np.unique(found.followers[chosen], return_inverse=True)
            counts = np.bincount(which, found.weights[chosen], len(tokens))
            last = int(np.flatnonzero(which == counts.argmax())[-1])
            offer = longest, float(counts.max()), number, int(found.places[chosen[last]])
            best = offer if best is None else max(best, offer)
        if best is None or self._source is None:
            return (), 0
        return tuple(self._source.continuation(best[2], best[3], most)), best[0]

    def _look(self, allowed: NDArray[np.bool_] | None) -> Sequence[FoundRuns]:
        if self._source is None:
            return ()
        if allowed is not None:
            return self._source.find(self._written.end(), allowed)
        if self._found is None:
            self._found = list(self._source.find(self._written.end()))
        return self._found

    def _account(self, token: int) -> None:
        """Notes which file a token is owed to, as far as the memory made it likely."""
        if self._said is None or self._source is None:
            return
        forecast, share, mixed = self._said
        at = int(forecast.tokens.searchsorted(token))
        if at == len(forecast.tokens) or forecast.tokens[at] != token:
            return
        owed = share * float(forecast.parts[at]) / math.exp(float(mixed[token]))
        if owed < LEAST_OWED:
            return
        best: tuple[int, float, int, int] | None = None
        for number, found in enumerate(self._look(None)):
            places = np.flatnonzero(found.followers == token)
            if len(places):
                first = int(places[np.lexsort((found.weights[places], found.matches[places]))[-1]])
                offer = int(found.matches[first]), float(found.weights[first]), number, int(found.places[first])
                best = offer if best is None else max(best, offer)
        if best is not None:
            path = self._source.file_at(best[2], best[3])
            self._owed[path] = self._owed.get(path, 0.0) + owed

    def _by_frequency(self, tokens: Ids, prompt: float) -> Forecast | None:
        """Where nothing but the beginning of the token is known: how often each such token occurs at all."""
        counts = prompt * self._written.counts(tokens)
        if self._source is not None:
            counts = counts + self._source.counts(tokens)
        some = counts > 0
        total = float(counts.sum())
        if not some.any():
            return None
        own = total / (total + float(some.sum()))
        return Forecast(tokens[some], own * counts[some] / total, -1, total)
