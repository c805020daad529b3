"""Checkpoints of models whose memory does not go back: what a sequence held at some of its positions.

A recurrent layer's state knows no earlier position than its last, and a layer with a sliding window has forgotten what
lies further back. Without checkpoints each change before a prompt's end would have all of it read again. llama.cpp's
server does the same (its "context checkpoints"); only what cannot go back is copied, the rest of the cache is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.evaluation import Step

#: A checkpoint lies so many tokens before a prompt's end: typing changes the end of the line at the cursor.
BEHIND = 32
#: Others lie so many tokens apart.
SPACING = 512
#: How many a sequence keeps, the newest, and how many bytes all of them may have together.
MOST, MOST_BYTES = 6, 256 * 2**20


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    length: int
    data: NDArray[np.uint8]


class Checkpoints:
    """The checkpoints of one context's sequences."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept: dict[int, list[_Checkpoint]] = {}
        #: Whether the model needs any.
        self.needed = not context.model.can_rewind or context.model.sliding_window > 0

    def with_pauses(self, steps: Sequence[Step]) -> Sequence[Step]:
        """The steps of a prompt, cut where checkpoints are wanted."""
        if not self.needed or not steps:
            return steps
        end = steps[-1].stop - BEHIND
        cut: list[Step] = []
        for step in steps:
            if step.start < end < step.stop:
                cut += [replace(step, stop=end), replace(step, start=end)]
            else:
                cut.append(step)
        return cut

    def note(self, sequence: int, length: int, total: int) -> None:
        """Keeps what the sequence holds now, its first `length` tokens of a prompt of `total`, where that is wanted."""
        if not self.needed:
            return
        kept = self._kept.setdefault(sequence, [])
        last = kept[-1].length if kept else 0
        if length != total - BEHIND and (length < last + SPACING or length >= total):
            return
        if any(point.length == length for point in kept):
            return
        kept.append(_Checkpoint(length, self._context.write_partial_state(sequence)))
        kept.sort(key=lambda point: point.length)
        del kept[:-MOST]
        while self.bytes > MOST_BYTES and len(kept) > 1:
            del kept[0]

    def lengths(self, sequence: int) -> list[int]:
        """How many tokens a sequence held at its checkpoints."""
        return [point.length for point in self._kept.get(sequence, ())]

    @property
    def bytes(self) -> int:
        """What all checkpoints take."""
        return sum(len(point.data) for kept in self._kept.values() for point in kept)

    def back_to(self, sequence: int, length: int) -> int:
        """Puts the last checkpoint at or before `length` in place; returns its length, 0 where there is none.

        The sequence holds so many tokens then.
        """
        kept = self._kept.get(sequence, [])
        self.truncate(sequence, length)
        while kept:
            point = kept[-1]
            if self._context.read_partial_state(sequence, point.data) and self._context.remove(
                sequence, point.length, -1
            ):
                return point.length
            kept.pop()
        self._context.remove(sequence, -1, -1)
        return 0

    def truncate(self, sequence: int, length: int) -> None:
        """Forgets the checkpoints behind `length`: the tokens before them are other ones by now."""
        kept = self._kept.get(sequence, [])
        while kept and kept[-1].length > length:
            kept.pop()
