"""What the text repeats: small models copy badly, so what followed the same text before is weighed in.

The next token's distribution becomes (1 - s)·model + s·copy, where copy is how often which token followed the longest
earlier occurrences of the text's end in the prompt. The share s belongs to a model: it depends on how many bytes agree
and on whether the occurrences went on alike, is fitted by likelihood on code that the model was not trained on
(`python -m benchmarks.copy_shares`), and stands in the GGUF under `iquest.copying`. A model without that key is left as
it is. After Grave et al., "Improving Neural Language Models with a Continuous Cache" (2017), with the longest match in
the place of similar states.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

COPYING_KEY = "iquest.copying"
#: A match is followed back so many tokens; a longer one says nothing more.
LONGEST_MATCH = 48


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The tokens that followed the occurrences of the longest match, and how many bytes agree before them."""

    followers: NDArray[np.int32]
    size: int

    @property
    def kind(self) -> int:
        """0: one occurrence; 1: several that went on alike; 2: several that did not."""
        if len(self.followers) == 1:
            return 0
        return 1 if (self.followers == self.followers[0]).all() else 2

    def shares(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Each token once, and the share of the occurrences that it followed."""
        if self.kind < 2:
            return self.followers[:1], np.ones(1)
        tokens, counts = np.unique(self.followers, return_counts=True)
        return tokens, counts / len(self.followers)


@dataclass(frozen=True, slots=True)
class CopyShares:
    """The copy's share of the distribution: for matches of at least so many bytes, by kind (see Occurrences)."""

    borders: tuple[int, ...]
    values: tuple[tuple[float, float, float], ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Reads the value of the GGUF key, [[bytes, share, share, share], ...]; None where it holds no such table."""
        try:
            rows = [(int(row[0]), tuple(float(value) for value in row[1:])) for row in json.loads(text)]
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError):
            return None
        borders = tuple(border for border, _ in rows)
        values = tuple((row[0], row[1], row[2]) for _, row in rows if len(row) == 3)
        is_sound = len(values) == len(rows) > 0 and all(0 <= share < 1 for row in values for share in row)
        return cls(borders, values) if is_sound and list(borders) == sorted(set(borders)) else None

    def __str__(self) -> str:
        """The value of the GGUF key."""
        return json.dumps([[border, *row] for border, row in zip(self.borders, self.values, strict=True)])

    def row(self, size: int) -> int:
        """The row for a match of so many bytes, -1 if it is too short."""
        return sum(size >= border for border in self.borders) - 1


class Copies:
    """Follows every earlier occurrence of the end of a text, one token at a time."""

    def __init__(self, tokens: Sequence[int], sizes: NDArray[np.int32]) -> None:
        """`sizes` are the bytes that each token of the vocabulary counts with (see Pieces.sizes)."""
        self._tokens = np.asarray(tokens, np.int32)
        self._bytes = np.concatenate(([0], np.cumsum(sizes[self._tokens])))  # before each place
        self._places = np.empty(0, np.int64)  # that follow a token like the text's last one
        self._run = np.zeros(len(self._tokens) + 1, np.int32)  # by place: tokens before it that agree with the end
        for token in self._tokens[-LONGEST_MATCH:].tolist():
            self.add(token)

    def add(self, token: int) -> None:
        """Notes the text's next token."""
        places = np.flatnonzero(self._tokens == token) + 1
        runs = self._run[places - 1] + 1
        self._run[self._places] = 0
        self._run[places] = runs
        self._places = places

    def fork(self) -> Copies:
        """A copy, to be asked about a text that may not come."""
        other = copy.copy(self)
        other._run = self._run.copy()
        return other

    def find(self, allowed: Sequence[int] | None = None, spelled: int = 0) -> Occurrences | None:
        """What followed the longest match, by `allowed` tokens only if there are some; `spelled` bytes of the token
        are known already and count as agreeing."""
        if allowed is None:
            places = self._places[self._places < len(self._tokens)]
        else:
            places = np.flatnonzero(np.isin(self._tokens, allowed))
        if not len(places):
            return None
        runs = self._run[places]
        longest = int(runs.max())
        places = places[runs == longest]
        last = int(places[-1])
        return Occurrences(self._tokens[places], int(self._bytes[last] - self._bytes[last - longest]) + spelled)


class CopyMixture:
    """Weighs what the text repeats into the distributions of one answer."""

    def __init__(self, copies: Copies, shares: CopyShares) -> None:
        self._copies, self._shares = copies, shares

    def add(self, token: int) -> None:
        """Notes the text's next token."""
        self._copies.add(token)

    def fork(self) -> CopyMixture:
        """For a text that may not come."""
        return CopyMixture(self._copies.fork(), self._shares)

    def weigh(
        self, logits: NDArray[np.float32], allowed: Sequence[int] | None = None, spelled: int = 0
    ) -> NDArray[np.float32]:
        """Logits of the mixed distribution; the same array where nothing is repeated."""
        found = self._copies.find(allowed, spelled)
        row = -1 if found is None else self._shares.row(found.size)
        if found is None or row < 0:
            return logits
        share = self._shares.values[row][found.kind]
        if share == 0.0:
            return logits
        top = float(logits.max())
        total = top + math.log(float(np.exp(logits - top, dtype=np.float32).sum()))
        mixed: NDArray[np.float32] = logits + np.float32(math.log1p(-share) - total)
        tokens, parts = found.shares()
        mixed[tokens] = np.logaddexp(mixed[tokens], np.log(share * parts).astype(np.float32))
        return mixed
