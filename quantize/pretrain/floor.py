"""The floor the model must beat: an interpolated byte model of order 5, trained on the same data.

Absolute discounting over contexts of 0 to 5 bytes (Ney, Essen and Kneser 1994), as PPM with interpolation in place of
exclusion. What was read in the present window is added to the counts with its own weight, so the floor is primed
with the same window as the model and learns from it as it goes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 5
DISCOUNT = 0.85
#: How many training occurrences one occurrence in the window is worth; chosen on training files.
RECENT = 400.0

Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Level:
    """Counts of one order: `grams` sorted (context and next byte in one number), summed up in `total` before each."""

    grams: Keys
    total: NDArray[np.int64]

    def contexts(self, contexts: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Occurrences of each context, and how many different bytes followed it."""
        low = np.searchsorted(self.grams, contexts << np.uint64(8))
        high = np.searchsorted(self.grams, (contexts + np.uint64(1)) << np.uint64(8))
        return self.total[high] - self.total[low], high - low

    def counts(self, grams: Keys) -> NDArray[np.int64]:
        """Occurrences of each gram."""
        at = np.minimum(np.searchsorted(self.grams, grams), len(self.grams) - 1)
        return np.where(self.grams[at] == grams, self.total[at + 1] - self.total[at], 0)


class Floor:
    """The trained counts; a Window of it predicts."""

    def __init__(self, texts: Iterable[str]) -> None:
        # A zero byte between files keeps their grams apart.
        data = np.frombuffer(b"\0".join(text.encode("utf-8") for text in texts), np.uint8)
        self.levels = []
        for order in range(ORDER + 1):
            grams, counts = np.unique(_grams(data, order), return_counts=True)
            self.levels.append(Level(grams, np.concatenate(([0], np.cumsum(counts)))))

    def window(self) -> Window:
        """A fresh window that has read nothing."""
        return Window(self)


class Window:
    """The floor after some text: it can read on, telling what each byte cost, or write."""

    def __init__(self, floor: Floor) -> None:
        self._levels = floor.levels
        self._seen: list[dict[int, dict[int, int]]] = [{} for _ in range(ORDER + 1)]
        self._tail = b""

    def read(self, text: bytes) -> float:
        """Bits that `text` costs, each byte predicted from all before it."""
        data = np.frombuffer(self._tail + text, np.uint8)
        skip = len(self._tail)
        columns = []
        for order, level in enumerate(self._levels):
            grams = np.zeros(len(data), np.uint64)
            grams[order:] = _grams(data, order)
            total, kinds = level.contexts(grams >> np.uint64(8))
            columns.append((grams.tolist(), total.tolist(), kinds.tolist(), level.counts(grams).tolist()))
        bits = 0.0
        for at in range(skip, len(data)):
            p = 1.0 / 256
            for order in range(min(ORDER, at) + 1):
                grams_, totals, kinds_, counts = columns[order]
                gram = grams_[at]
                seen = self._seen[order].setdefault(gram >> 8, {})
                p = _mix(p, totals[at], kinds_[at], counts[at], seen, gram & 255)
                seen[gram & 255] = seen.get(gram & 255, 0) + 1
                if -1 not in seen:
                    seen[-1] = 0
                seen[-1] += 1
                if counts[at] == 0 and seen[gram & 255] == 1:
                    seen[-2] = seen.get(-2, 0) + 1
            bits -= math.log2(p)
        self._tail = (self._tail + text)[-ORDER:]
        return bits

    def write(self, most: int, stop: int = 10) -> bytes:
        """The most probable bytes one after another up to `stop` (a newline), at most `most`; reads what it writes."""
        result = bytearray()
        while len(result) < most:
            best = int(np.argmax(self.distribution()))
            if best == stop:
                break
            result.append(best)
            self._tail = (self._tail + bytes([best]))[-ORDER:]
        return bytes(result)

    def distribution(self) -> NDArray[np.float64]:
        """The probability of each byte to come next."""
        p = np.full(256, 1.0 / 256)
        for order in range(min(ORDER, len(self._tail)) + 1):
            level = self._levels[order]
            context = int.from_bytes(self._tail[len(self._tail) - order :], "big")
            low, high = np.searchsorted(level.grams, np.array([context << 8, (context + 1) << 8], np.uint64))
            counts = np.zeros(256)
            counts[(level.grams[low:high] & np.uint64(255)).astype(np.int64)] = np.diff(level.total[low : high + 1])
            for symbol, count in self._seen[order].get(context, {}).items():
                if symbol >= 0:
                    counts[symbol] += RECENT * count
            total = counts.sum()
            if total > 0:
                kinds = np.count_nonzero(counts)
                p = (np.maximum(counts - DISCOUNT, 0) + DISCOUNT * kinds * p) / total
        return p


def _mix(lower: float, total: int, kinds: int, count: int, seen: dict[int, int], symbol: int) -> float:
    """One order's estimate over the one below; keys -1 and -2 of `seen` hold its sum and its kinds new to training."""
    whole = total + RECENT * seen.get(-1, 0)
    if whole <= 0:
        return lower
    own = count + RECENT * seen.get(symbol, 0)
    return (max(own - DISCOUNT, 0.0) + DISCOUNT * (kinds + seen.get(-2, 0)) * lower) / whole


def _grams(data: NDArray[np.uint8], order: int) -> Keys:
    """Every run of order + 1 bytes as one number, the last byte lowest."""
    count = max(0, len(data) - order)
    grams = np.zeros(count, np.uint64)
    for at in range(order + 1):
        grams = (grams << np.uint64(8)) | data[at : at + count]
    return grams
