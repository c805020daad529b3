"""Drafts from the context: what followed the last time the same tokens stood there.

After Saxena, "Prompt Lookup Decoding" (2023); here the longest match counts, and of several the latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: A match is followed back so far; a longer one says nothing more.
LONGEST_MATCH = 32
#: One token alone occurs everywhere.
SHORTEST_MATCH = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Tokens that may come next, and how many tokens before them agree with the text (0: nothing found)."""

    tokens: tuple[int, ...] = ()
    match: int = 0


class Lookup:
    """The tokens of a prompt and of the answer so far, searched for earlier occurrences of their end."""

    def __init__(self, tokens: Sequence[int], room: int) -> None:
        """`room` is how many tokens may be added."""
        self._count = len(tokens)
        self._tokens = np.empty(self._count + room, np.int32)
        self._tokens[: self._count] = tokens

    def add(self, token: int) -> None:
        """Appends the answer's next token."""
        self._tokens[self._count] = token
        self._count += 1

    def find(self, most: int) -> Found:
        """Up to `most` tokens that followed the longest earlier occurrence of the end of the text."""
        end = self._count - 1
        if end < SHORTEST_MATCH or most <= 0:
            return Found()
        tokens = self._tokens
        places = np.flatnonzero(tokens[1:end] == tokens[end]) + 1
        places = places[tokens[places - 1] == tokens[end - 1]]
        if not len(places):
            return Found()
        back = np.arange(min(LONGEST_MATCH, end))
        before = places[:, None] - back
        equal = (tokens[np.maximum(before, 0)] == tokens[end - back]) & (before >= 0)
        matches = np.where(equal.all(axis=1), len(back), equal.argmin(axis=1))
        best = len(places) - 1 - int(matches[::-1].argmax())
        start = int(places[best]) + 1
        return Found(tuple(tokens[start : min(start + most, self._count)].tolist()), int(matches[best]))
