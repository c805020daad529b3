"""Which pairs of neighbouring tokens a text has had: a table of counts by hash, extended and cut back with the text.

It may say yes where the answer is no (two pairs in one slot), never the other way: enough to save most searches. At
131,072 tokens it is two megabytes; a set of the pairs themselves is ten times that, and takes 50 ms to build.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.token_buffer import Ids

_FIRST, _SECOND = 0x9E3779B1, 0x85EBCA77
_MASK = 0xFFFFFFFF
#: Slots for each pair, at least, and in the smallest table.
_ROOM, _SMALLEST = 2, 4096


class SeenPairs:
    """The first pairs of a text; which text that is, every call says anew."""

    def __init__(self) -> None:
        self._counts = np.zeros(_SMALLEST, np.uint32)
        self._noted = 0
        self.work = 0

    def note(self, count: int, tokens: Ids) -> None:
        """Notes the first `count` pairs of a text of which those noted already are the beginning."""
        if count <= self._noted:
            return
        if _ROOM * count > len(self._counts):
            self._counts = np.zeros(_power_of_two(2 * _ROOM * count), np.uint32)
            self._noted = 0
        if count == self._noted + 1:  # as for every token that is written
            self._counts[self._slot(int(tokens[count - 1]), int(tokens[count]))] += 1
        else:
            np.add.at(self._counts, self._slots(tokens[self._noted : count + 1]), 1)
        self.work += count - self._noted
        self._noted = count

    def keep(self, count: int, tokens: Ids) -> None:
        """Forgets all but the first `count` pairs; `tokens` is the text as it was noted."""
        count = max(count, 0)
        if count >= self._noted:
            return
        np.subtract.at(self._counts, self._slots(tokens[count : self._noted + 1]), 1)
        self.work += self._noted - count
        self._noted = count

    def may_have(self, first: int, second: int) -> bool:
        """Whether a pair is among those noted, most likely; False is certain."""
        return bool(self._counts[self._slot(first, second)])

    def _slot(self, first: int, second: int) -> int:
        return (((first * _FIRST + second) * _SECOND) & _MASK) >> self._shift()

    def _slots(self, tokens: Ids) -> NDArray[np.uint32]:
        values = tokens.astype(np.uint32)
        mixed = (values[:-1] * np.uint32(_FIRST) + values[1:]) * np.uint32(_SECOND)
        return mixed >> np.uint32(self._shift())

    def _shift(self) -> int:
        return 33 - len(self._counts).bit_length()


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
