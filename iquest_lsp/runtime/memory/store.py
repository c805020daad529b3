"""A text of tokens, searched for every earlier occurrence of the end of another one.

The places of the text are sorted by the tokens before them, read backwards, so that the places behind the last one,
two, three, ... tokens of a context are ranges within ranges: a suffix array of the reversed text (Manber and Myers,
"Suffix arrays: a new method for on-line string searches", 1993), sorted by LONGEST tokens only. It takes 8 bytes a
token, and a look-up narrows a range by binary search until few places are left, which are then compared at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.token_buffer import Ids

#: Orders of the n-grams that count: how many tokens agree before a place.
ORDERS = (1, 2, 3, 4, 6, 8, 12, 16)
LONGEST = ORDERS[-1]
#: Of the places that agree by equally many tokens so many are looked at, evenly drawn, and stand for the others.
SAMPLE = 128
#: Places that are drawn from where only few tokens are allowed.
WIDE_SAMPLE = 1 << 14

_BACK = np.arange(1, LONGEST + 1)
#: The greatest order, as an index, that a match of so many tokens reaches; [LONGEST + 1], -1 for no token.
ORDER_OF = np.array([sum(order <= match for order in ORDERS) - 1 for match in range(LONGEST + 1)], np.int8)


@dataclass(frozen=True, slots=True)
class FoundRuns:
    """Places of a text that follow what a context ends in: the token at each, how many tokens agree before it (1 to
    LONGEST), and how many places it stands for. Arrays of one length."""

    places: Ids
    followers: Ids
    matches: Ids
    weights: NDArray[np.float64]


NOTHING = FoundRuns(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float64))


def joined(texts: Sequence[Ids], n_vocab: int) -> tuple[Ids, NDArray[np.int64]]:
    """The texts as one, with borders that nothing matches over, and where each begins; [len(texts) + 1]."""
    sizes = np.array([len(text) for text in texts], np.int64)
    begins = LONGEST + np.concatenate(([0], np.cumsum(sizes + 1)))
    tokens = np.full(int(begins[-1]), n_vocab, np.int32)
    for begin, text in zip(begins.tolist(), texts, strict=False):
        tokens[begin : begin + len(text)] = text
    return tokens, begins


def sorted_places(tokens: Ids, n_vocab: int) -> Ids:
    """The places of a joined text that follow a token and hold one, sorted by the LONGEST tokens before them.

    By doubling: the rank of what stands before a place in 2k tokens is that of two ranks of k.
    """
    ranks = tokens.astype(np.int64)
    size = 1
    while size < LONGEST:
        before = np.empty_like(ranks)
        before[:size] = 0
        before[size:] = ranks[:-size]
        keys = ranks * (int(before.max(initial=0)) + 1) + before
        order = np.argsort(keys)
        keys = keys[order]
        new = np.empty(len(keys), np.int64)
        new[:1] = 0
        np.not_equal(keys[1:], keys[:-1], out=new[1:], casting="unsafe")
        ranks[order] = np.cumsum(new)
        size *= 2
    places = np.argsort(ranks, kind="stable") + 1
    places = places[places < len(tokens)]
    is_text = (tokens[places] < n_vocab) & (tokens[places - 1] < n_vocab)
    found: Ids = places[is_text].astype(np.int32)
    return found


def ranges(tokens: Ids, places: Ids, n_vocab: int) -> NDArray[np.int64]:
    """Where the sorted places behind each token of the vocabulary begin; [n_vocab + 1]."""
    return np.concatenate(([0], np.cumsum(np.bincount(tokens[places - 1], minlength=n_vocab)))).astype(np.int64)


class MemoryStore:
    """The searchable form of a joined text."""

    def __init__(self, tokens: Ids, places: Ids, begins: NDArray[np.int64]) -> None:
        """`begins` are those of `ranges`; the arrays may lie in a file."""
        self.tokens, self.places, self.begins = tokens, places, begins
        # one element of a memory view is read in a fifth of the time that one of an array takes
        self._tokens, self._places = tokens.data, places.data
        self._begins = begins.data
        self._n_vocab = len(begins) - 1

    @classmethod
    def of(cls, tokens: Ids, n_vocab: int) -> MemoryStore:
        """Sorts a joined text."""
        places = sorted_places(tokens, n_vocab)
        return cls(tokens, places, ranges(tokens, places, n_vocab))

    def find(self, context: Sequence[int], allowed: NDArray[np.bool_] | None = None) -> FoundRuns:
        """The places behind the end of `context`, whose last LONGEST tokens count.

        Of many places a sample; with `allowed` ([n_vocab]) only places that hold such a token.
        """
        if not len(context) or not 0 <= context[-1] < self._n_vocab:
            return NOTHING
        sample, places = SAMPLE if allowed is None else WIDE_SAMPLE, self.places
        low, high = self._begins[context[-1]], self._begins[context[-1] + 1]
        known, most = 1, min(LONGEST, len(context))
        parts: list[tuple[Ids, int, float]] = []
        while high - low > sample and known < most:
            inner_low, inner_high = self._narrow(low, high, known + 1, context[-known - 1])
            outside = (inner_low - low) + (high - inner_high)
            if outside:
                step = -(-outside // sample)
                drawn = np.concatenate((places[low:inner_low:step], places[inner_high:high:step]))
                parts.append((drawn, known, outside / len(drawn)))
            low, high = inner_low, inner_high
            known += 1
        if high > low:
            step = -(-(high - low) // sample)
            drawn = places[low:high:step]
            parts.append((drawn, known, (high - low) / len(drawn)))
        return self._joined(parts, context[-1 : -most - 1 : -1], allowed)

    def _joined(
        self, parts: Sequence[tuple[Ids, int, float]], before: Sequence[int], allowed: NDArray[np.bool_] | None
    ) -> FoundRuns:
        """The parts as one; those of the last are compared with the tokens `before`, the nearest one first."""
        if not parts:
            return NOTHING
        drawn = parts[-1][0] if len(parts) == 1 else np.concatenate([part[0] for part in parts])
        found = np.empty(len(drawn), np.int32)
        weights = np.empty(len(drawn))
        at = 0
        for part, known, weight in parts:
            found[at : at + len(part)], weights[at : at + len(part)] = known, weight
            at += len(part)
        last, known, _ = parts[-1]
        if known < len(before):  # a column more, in which all differ, stands for the end of the context
            differ = np.ones((len(last), len(before) - known + 1), np.bool_)
            ends = np.array(before[known:], np.int32)
            np.not_equal(self.tokens.take(last[:, None] - _BACK[known : len(before)]), ends, out=differ[:, :-1])
            found[at - len(last) :] += differ.argmax(axis=1).astype(np.int32)
        followers = self.tokens.take(drawn)
        if allowed is not None:
            kept = allowed[followers]
            return FoundRuns(drawn[kept], followers[kept], found[kept], weights[kept])
        return FoundRuns(drawn, followers, found, weights)

    def _narrow(self, low: int, high: int, back: int, token: int) -> tuple[int, int]:
        """The part of a range whose places have `token` so many tokens before them."""
        tokens, places = self._tokens, self._places
        start, end = low, high
        while start < end:
            middle = (start + end) // 2
            if tokens[places[middle] - back] < token:
                start = middle + 1
            else:
                end = middle
        first, end = start, high
        while start < end:
            middle = (start + end) // 2
            if tokens[places[middle] - back] <= token:
                start = middle + 1
            else:
                end = middle
        return first, start
