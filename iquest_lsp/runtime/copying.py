"""What the text repeats: small models copy badly, so what followed the same text before is weighed in.

The next token's distribution becomes (1 - s)·model + s·copy, where copy is how often which token followed the longest
earlier occurrences of the text's end in the prompt. The share s belongs to a model: it depends on how many bytes agree
and on whether the occurrences went on alike, is fitted by likelihood on code that the model was not trained on
(`python -m tests.bench.copying`), and stands in the GGUF under `iquest.copying`. A model without that key is left as it
is. After Grave et al., "Improving Neural Language Models with a Continuous Cache" (2017), with the longest match in the
place of similar states.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

METADATA_KEY = "iquest.copying"
#: A match is followed back so many tokens; a longer one says nothing more.
LONGEST_MATCH = 48


@dataclass(frozen=True, slots=True)
class Found:
    """Tokens that followed the longest match, how often each, and how many bytes agree before them."""

    tokens: NDArray[np.int32]
    counts: NDArray[np.int64]
    size: int

    @property
    def kind(self) -> int:
        """0: one occurrence; 1: several that went on alike; 2: several that did not."""
        return 2 if len(self.tokens) > 1 else int(self.counts[0] > 1)


@dataclass(frozen=True, slots=True)
class Shares:
    """The copy's share of the distribution: for matches of at least so many bytes, by kind (see Found)."""

    borders: tuple[int, ...]
    values: tuple[tuple[float, float, float], ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Reads the value of the GGUF key, [[bytes, share, share, share], ...]; None where it holds no such table."""
        try:
            rows = [(int(row[0]), tuple(float(value) for value in row[1:])) for row in json.loads(text)]
        except (ValueError, TypeError, IndexError, KeyError):
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
        self._sizes = sizes
        #: By place in the prompt: bytes before it that agree with the text's end, as far as they were followed.
        self._agreeing = np.zeros(len(self._tokens) + 1, np.int32)
        self._run = np.zeros(len(self._tokens) + 1, np.int32)  # the same in tokens
        for token in self._tokens[-LONGEST_MATCH:].tolist():
            self.add(token)
        self._agreeing[-1] = self._run[-1] = 0  # the end itself

    def add(self, token: int) -> None:
        """Notes the text's next token."""
        same = self._tokens == token
        self._agreeing[1:] = np.where(same, self._agreeing[:-1] + self._sizes[token], 0)
        self._run[1:] = np.where(same, self._run[:-1] + 1, 0)

    def fork(self) -> Copies:
        """A copy, to be asked about a text that may not come."""
        other = object.__new__(Copies)
        other._tokens, other._sizes = self._tokens, self._sizes
        other._agreeing, other._run = self._agreeing.copy(), self._run.copy()
        return other

    def find(self, allowed: Collection[int] | None = None, spelled: int = 0) -> Found | None:
        """What followed the longest match, by `allowed` tokens only if there are some; `spelled` bytes of the token
        are known already and count as agreeing."""
        run = self._run[:-1]
        if allowed is not None:
            run = np.where(np.isin(self._tokens, np.fromiter(allowed, np.int32)), run + 1, 0)
        longest = int(run.max(initial=0))
        if longest == 0:
            return None
        places = np.flatnonzero(run == longest)
        tokens, counts = np.unique(self._tokens[places], return_counts=True)
        return Found(tokens, counts, int(self._agreeing[places[-1]]) + spelled)


class Copying:
    """Weighs what the text repeats into the distributions of one answer."""

    def __init__(self, copies: Copies, shares: Shares) -> None:
        self._copies, self._shares = copies, shares

    def add(self, token: int) -> None:
        """Notes the text's next token."""
        self._copies.add(token)

    def fork(self) -> Copying:
        """For a text that may not come."""
        return Copying(self._copies.fork(), self._shares)

    def weigh(
        self, logits: NDArray[np.float32], allowed: Collection[int] | None = None, spelled: int = 0
    ) -> NDArray[np.float32]:
        """Logits of the mixed distribution; the same array where nothing is repeated."""
        found = self._copies.find(allowed, spelled)
        row = -1 if found is None else self._shares.row(found.size)
        if found is None or row < 0:
            return logits
        share = self._shares.values[row][found.kind]
        weights = np.exp(logits - logits.max(), dtype=np.float32)
        weights *= (1.0 - share) / weights.sum()
        weights[found.tokens] += (share / found.counts.sum() * found.counts).astype(np.float32)
        with np.errstate(divide="ignore"):
            mixed: NDArray[np.float32] = np.log(weights)
        return mixed
