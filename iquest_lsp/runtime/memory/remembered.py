"""The memories of one workspace as one, seen from the file that is being written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory.disk import Memory
from iquest_lsp.runtime.memory.layers import layer_of
from iquest_lsp.runtime.memory.shares import MemoryShares
from iquest_lsp.runtime.memory.store import LONGEST, FoundRuns

#: Where a file is remembered as far back as this as it stands before the cursor, the cursor stands there; in tokens.
SAME_PLACE = 64
#: And so many tokens behind it are what stands below the cursor.
BELOW = 48


class Remembered:
    """Memories of several layers, each of which takes the place of files in those of its layer before it; see
    mixture.MemorySource. What counts for nothing beside the file at hand is not searched.

    The file at hand is remembered as it was in the last pause, with what stands below the cursor: the line end behind a
    line that is half written, or a word that was just deleted. That is no evidence of what comes at the cursor.
    """

    def __init__(
        self,
        memories: Sequence[Memory],
        path: str,
        shares: MemoryShares,
        *,
        before: Sequence[int] = (),
        without: str = "",
    ) -> None:
        """`path`: the file at hand, whose folder counts more, and `before` what stands there before the cursor; the
        file `without` is passed over."""
        counted = [(memory, shares.of_layer(layer_of(path), memory.layer)) for memory in memories]
        self._memories = [memory for memory, share in counted if share > 0]
        self._below = [_below_cursor(memory, path, before) for memory in self._memories]
        self._weights = []
        folder = path.rpartition("/")[0]
        for at, (memory, share) in enumerate(counted):
            if share > 0:
                later = [other for other, _ in counted[at + 1 :] if other.layer == memory.layer]
                gone = frozenset[str]().union(*(other.gone for other in later))
                self._weights.append(share * _weights(memory, folder, gone | {without}, shares.folder))

    def find(self, context: Sequence[int], allowed: NDArray[np.bool_] | None = None) -> list[FoundRuns]:
        """What follows the context in each memory, in order."""
        results = []
        for memory, weights, (start, end) in zip(self._memories, self._weights, self._below, strict=True):
            found = memory.store.find(context, allowed)
            counts = found.weights * weights.take(memory.starts.searchsorted(found.places, "right") - 1)
            if end:
                counts[(found.places >= start) & (found.places < end)] = 0.0
            if counts.all():
                results.append(FoundRuns(found.places, found.followers, found.matches, counts))
                continue
            kept = counts.nonzero()[0]
            results.append(FoundRuns(found.places[kept], found.followers[kept], found.matches[kept], counts[kept]))
        return results

    def counts(self, tokens: Ids) -> NDArray[np.float64]:
        """How often each of these tokens occurs, files that are gone included."""
        total = np.zeros(len(tokens))
        for memory, weights in zip(self._memories, self._weights, strict=True):
            begins = memory.store.begins
            total += (begins[tokens + 1] - begins[tokens]) * float(weights.max(initial=0.0) > 0)
        return total

    def continuation(self, number: int, place: int, most: int) -> list[int]:
        """Up to `most` tokens at a place of one of the memories, to the end of its file."""
        memory = self._memories[number]
        end = int(memory.starts[memory.starts.searchsorted(place, "right")]) - 1
        found: list[int] = memory.store.tokens[place : min(place + most, end)].tolist()
        return found

    def file_at(self, number: int, place: int) -> str:
        """The path of the file that a place of one of the memories lies in."""
        return self._memories[number].file_at(place)


def _below_cursor(memory: Memory, path: str, before: Sequence[int]) -> tuple[int, int]:
    """The places of a memory that stand below the cursor; (0, 0) where the file at hand is not in it, or was another
    there."""
    number = memory.numbers.get(path)
    if number is None:
        return 0, 0
    tokens = memory.tokens(number)
    agreeing = len(tokens) + 1  # how many tokens before the place agree with those before the cursor
    places = np.arange(1, len(tokens) + 1)  # in the file, behind a token
    for back, token in enumerate(reversed(before[-SAME_PLACE:]), 1):
        kept = places[places >= back]
        kept = kept[tokens[kept - back] == token]
        if not len(kept):
            agreeing = back - 1
            break
        places = kept
    if agreeing < LONGEST:
        places = places[places == agreeing]  # the file began there
    if not len(places) or not len(before):
        return 0, 0
    start = int(memory.starts[number]) + int(places[-1])
    return start, min(start + BELOW, int(memory.starts[number + 1]))


def _weights(memory: Memory, folder: str, gone: frozenset[str], near: float) -> NDArray[np.float64]:
    """How much a place in each file counts; [files + 1], the last for the border behind them."""
    found = np.ones(len(memory.entries) + 1)
    found[memory.in_folder(folder)] = near
    found[[at for path in gone if (at := memory.numbers.get(path)) is not None]] = 0.0
    found[-1] = 0.0
    return found
