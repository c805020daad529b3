"""The memories of one workspace as one, seen from the file that is being written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.memory.disk import Memory
from iquest_lsp.runtime.memory.layers import layer_of
from iquest_lsp.runtime.memory.shares import MemoryShares
from iquest_lsp.runtime.memory.store import Found, Ids


class Remembered:
    """Memories of several layers, each of which takes the place of files in those of its layer before it; see
    mixture.Source. What counts for nothing beside the file at hand is not searched."""

    def __init__(self, memories: Sequence[Memory], path: str, shares: MemoryShares, *, without: str = "") -> None:
        """`path`: the file at hand, whose folder counts more; the file `without` is passed over."""
        counted = [(memory, shares.of_layer(layer_of(path), memory.layer)) for memory in memories]
        self._memories = [memory for memory, share in counted if share > 0]
        self._weights = []
        folder = path.rpartition("/")[0]
        for at, (memory, share) in enumerate(counted):
            if share > 0:
                later = [other for other, _ in counted[at + 1 :] if other.layer == memory.layer]
                gone = frozenset[str]().union(*(other.gone for other in later))
                self._weights.append(share * _weights(memory, folder, gone | {without}, shares.folder))

    def find(self, context: Sequence[int], allowed: NDArray[np.bool_] | None = None) -> list[Found]:
        """What follows the context in each memory, in order."""
        results = []
        for memory, weights in zip(self._memories, self._weights, strict=True):
            found = memory.store.find(context, allowed)
            counts = found.weights * weights.take(memory.starts.searchsorted(found.places, "right") - 1)
            if counts.all():
                results.append(Found(found.places, found.followers, found.matches, counts))
                continue
            kept = counts.nonzero()[0]
            results.append(Found(found.places[kept], found.followers[kept], found.matches[kept], counts[kept]))
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


def _weights(memory: Memory, folder: str, gone: frozenset[str], near: float) -> NDArray[np.float64]:
    """How much a place in each file counts; [files + 1], the last for the border behind them."""
    found = [
        0.0 if entry.path in gone else near if entry.path.rpartition("/")[0] == folder else 1.0
        for entry in memory.entries
    ]
    return np.array([*found, 0.0])
