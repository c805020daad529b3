"""Token ids that grow and shrink at their end, in one block of memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.token_ids import TokenIds

Ids = NDArray[np.int32]


def as_ids(tokens: Sequence[int] | Ids) -> Ids:
    """The tokens as an array; no copy of TokenIds and arrays is made."""
    return np.asarray(tokens, np.int32)


def common_prefix(a: Sequence[int] | Ids, b: Sequence[int] | Ids) -> int:
    """How many ids two sequences begin with alike."""
    size = min(len(a), len(b))
    differ = as_ids(a)[:size] != as_ids(b)[:size]
    return int(differ.argmax()) if differ.any() else size


class TokenBuffer:
    """A text in tokens that is written at its end."""

    def __init__(self) -> None:
        self._ids = np.empty(0, np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def ids(self) -> Ids:
        """The tokens, not a copy: valid until the next change."""
        return self._ids[: self._count]

    def extend(self, tokens: Sequence[int] | Ids) -> None:
        """Adds tokens at the end."""
        end = self._count + len(tokens)
        if end > len(self._ids):
            grown = np.empty(max(end, 2 * len(self._ids), 64), np.int32)
            grown[: self._count] = self.ids
            self._ids = grown
        self._ids[self._count : end] = as_ids(tokens)
        self._count = end

    def truncate(self, length: int) -> None:
        """Forgets everything from position `length` on."""
        self._count = min(self._count, length)

    def frozen(self) -> TokenIds:
        """The tokens, a copy that does not change."""
        return TokenIds.of_bytes(self.ids.tobytes())
