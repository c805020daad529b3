"""Learns how far a model leans on its memory (see memory/shares.py) from the repository at hand, where its file does
not say: it reads stretches of remembered files, and the memory of all the others is asked the same.

What was learned is kept only where it pays on files that it was not fitted to: a model that knows more than the
repository's n-grams is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.sampling import only
from iquest_lsp.runtime.memory.disk import Memory
from iquest_lsp.runtime.memory.fitting import Floats, ScoredTokens, as_rows, fit, mixed
from iquest_lsp.runtime.memory.layers import Layer
from iquest_lsp.runtime.memory.mixture import MemoryMixture
from iquest_lsp.runtime.memory.remembered import Remembered
from iquest_lsp.runtime.memory.shares import FEATURES, MemoryShares, features
from iquest_lsp.runtime.memory.store import ORDERS
from iquest_lsp.runtime.memory.written import Written

#: Tokens that the model reads of a file before it is asked, and tokens that it is asked about.
CONTEXT, SCORED = 512, 128
#: Files that are read, and without how many nothing is learned: they say too little of each other.
MOST_FILES, LEAST_FILES = 24, 12
#: One word in so many is also scored as half typed.
HALF_TYPED = 4
#: What a place in the prompt and in the file's folder counts for: the likeliest of those tried for SmolLM2. (For nano
#: they are 4 and 3; a larger model copies by itself.)
PROMPT, FOLDER = 1.0, 1.0
#: What it must save, in bits a token of files that it was not fitted to, and in standard errors of that.
LEAST_GAIN, SURE = 0.02, 2.0

_NO_ROWS = ((0.0,) * FEATURES,) * (len(ORDERS) + 1)
_WEIGHTS = MemoryShares(_NO_ROWS, _NO_ROWS, PROMPT, FOLDER)

#: Evaluates tokens [start, start + n) of the text that is read; with True it returns the logits of each, [n, n_vocab].
ReadRows = Callable[[NDArray[np.int32], int, bool], Sequence[NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Learned:
    """`shares` is None where the memory does not pay; `gain` is in bits a token, on files not fitted to."""

    shares: MemoryShares | None
    gain: float
    files: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a file: the model reads all of `tokens` and is asked about those from `begin` on, which stand at
    `place` in the file."""

    path: str
    file: NDArray[np.int32]
    place: int
    tokens: NDArray[np.int32]
    begin: int


@dataclass(frozen=True, slots=True)
class _Scores:
    """What was found in one file: the samples, which of them are half-typed words, and the tokens that nothing was
    remembered of."""

    sample: ScoredTokens
    typed: NDArray[np.bool_]
    unknown: int


class ShareLearner:
    """Reads step by step; `learned` is there once nothing `remains`.

    `head` gives the tokens that a window puts before a file's text.
    """

    def __init__(
        self, memories: Sequence[Memory], pieces: Pieces, n_vocab: int, head: Callable[[str], Sequence[int]]
    ) -> None:
        self._memories = list(memories)
        self._pieces = pieces
        self._n_vocab = n_vocab
        self._stretches = list(_stretches(self._memories, head))
        self._at = 0  # the stretch that is being read
        self._read = 0  # tokens of it
        self._asked: list[tuple[float, float]] = []  # of each scored token so far: its probability, the greatest one
        self._half: dict[int, tuple[int, float, float]] = {}  # of half-typed ones: the bytes typed, and the same two
        self._scores: list[_Scores] = []
        self._random = np.random.default_rng(0)

    @property
    def is_worthwhile(self) -> bool:
        """Whether the memories hold enough files to learn from."""
        return len(self._stretches) >= LEAST_FILES

    @property
    def room(self) -> int:
        """Tokens of the longest text that is read."""
        return max((len(stretch.tokens) for stretch in self._stretches), default=0)

    @property
    def remaining(self) -> int:
        """Tokens that are still to be read."""
        if self._at == len(self._stretches):
            return 0
        return sum(len(stretch.tokens) - 1 for stretch in self._stretches[self._at :]) - self._read

    def begin_again(self) -> None:
        """Reads the file at hand anew, since what was read of it is lost."""
        self._read, self._asked, self._half = 0, [], {}

    def step(self, most: int, read: ReadRows) -> int:
        """Reads up to `most` tokens more, and returns how many."""
        stretch = self._stretches[self._at]
        is_scored = self._read >= stretch.begin - 1
        end = len(stretch.tokens) - 1 if is_scored else stretch.begin - 1
        count = min(most, end - self._read)
        rows = read(stretch.tokens[self._read : self._read + count], self._read, is_scored)
        for at, logits in enumerate(rows if is_scored else ()):
            self._score(int(stretch.tokens[self._read + at + 1]), logits)
        self._read += count
        if self._read == len(stretch.tokens) - 1:
            self._scores.append(self._remembered(stretch))
            self._at += 1
            self.begin_again()
        return count

    def learned(self) -> Learned:
        """The likeliest shares, once all is read, if they pay where they were not fitted."""
        gains: list[float] = []
        for fold in (0, 1):
            fitted = _fitted(self._scores[1 - fold :: 2])
            gains += [_gain(scores, fitted) for scores in self._scores[fold::2]]
        mean = float(np.mean(gains))
        error = float(np.std(gains, ddof=1)) / len(gains) ** 0.5
        pays = mean >= LEAST_GAIN and mean >= SURE * error
        shares = _fitted(self._scores) if pays else None
        return Learned(shares, mean, len(self._scores), len(self._scores) * SCORED)

    def _score(self, token: int, logits: NDArray[np.float32]) -> None:
        """Notes how likely the token is, and the likeliest one; and the same of a word that is half typed."""
        self._asked.append(_said(logits, token))
        piece = self._pieces.piece(token)
        inside = piece.lstrip(b" ")
        if len(inside) > 1 and inside.isalnum() and self._random.integers(HALF_TYPED) == 0:
            typed = len(piece) - len(inside) + int(self._random.integers(1, len(inside)))
            allowed = self._pieces.allowed(piece[:typed])
            self._half[len(self._asked) - 1] = (typed, *_said(only(logits, allowed), token))

    def _remembered(self, stretch: _Stretch) -> _Scores:
        """What the memory of all other files, and of this one so far, says of the same tokens."""
        source = Remembered(self._memories, stretch.path, _WEIGHTS, without=stretch.path)
        mixture = MemoryMixture(Written(stretch.file[: stretch.place].tolist()), _WEIGHTS, source)
        rows: list[tuple[float, ...]] = []
        typed_rows: list[bool] = []
        unknown = 0
        for at, (model, top) in enumerate(self._asked):
            token = int(stretch.tokens[stretch.begin + at])
            questions: list[tuple[NDArray[np.bool_] | None, float, float]] = [(None, model, top)]
            if at in self._half:
                typed, half_model, half_top = self._half[at]
                allowed = np.zeros(self._n_vocab, np.bool_)
                allowed[self._pieces.allowed(self._pieces.piece(token)[:typed])] = True
                questions.append((allowed, half_model, half_top))
            for mask, part, best in questions:
                said = mixture.forecast(mask)
                if said is None:
                    unknown += mask is None
                    continue
                own, left = float(said.parts[said.tokens == token].sum()), 1.0 - float(said.parts.sum())
                rows.append((part, own, left, said.order + 1, *features(said, best)))
                typed_rows.append(mask is not None)
            mixture.add(token)
        table = np.array(rows, np.float64).reshape(len(rows), 4 + FEATURES)
        sample = ScoredTokens(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.int64), table[:, 4:])
        return _Scores(sample, np.array(typed_rows, np.bool_), unknown)


def _stretches(memories: Sequence[Memory], head: Callable[[str], Sequence[int]]) -> Iterator[_Stretch]:
    """A part of each of some files of code, always the same ones of the same files."""
    files: dict[str, NDArray[np.int32]] = {}
    for memory in memories:
        if memory.layer is not Layer.CODE:
            continue
        for path in memory.gone:
            files.pop(path, None)
        files |= {entry.path: memory.tokens(at) for at, entry in enumerate(memory.entries)}
    long = [path for path, tokens in files.items() if len(tokens) >= 2 * SCORED]
    drawn = sorted((hashlib.sha256(path.encode("utf-8", "replace")).digest(), path) for path in long)
    for digest, path in drawn[:MOST_FILES]:
        tokens = files[path]
        seed = int.from_bytes(digest[:8], "big")
        place = int(np.random.default_rng(seed).integers(SCORED // 2, len(tokens) - SCORED + 1))
        before = np.asarray(head(path), np.int32)
        text = tokens[max(place - CONTEXT, 0) : place + SCORED]
        whole = np.concatenate((before, text))
        yield _Stretch(path, tokens, place, whole, len(whole) - SCORED)


def _said(logits: NDArray[np.float32], token: int) -> tuple[float, float]:
    """The probability of a token and that of the likeliest one."""
    top = float(logits.max())
    total = float(np.exp(logits - top, dtype=np.float64).sum())
    return float(np.exp(float(logits[token]) - top)) / total, 1.0 / total


def _fitted(scores: Sequence[_Scores]) -> MemoryShares:
    """The likeliest shares for these files."""
    free = ScoredTokens.joined([one.sample.part(~one.typed) for one in scores])
    word = ScoredTokens.joined([one.sample.part(one.typed) for one in scores])
    return MemoryShares(as_rows(fit(free)), as_rows(fit(word)), PROMPT, FOLDER)


def _gain(scores: _Scores, shares: MemoryShares) -> float:
    """Bits that the memory saves, a token of a file, those included that nothing is remembered of."""
    sample = scores.sample.part(~scores.typed)
    with_memory: Floats = mixed(sample, np.array(shares.free))
    saved = np.log2(np.maximum(with_memory, 1e-12)) - np.log2(np.maximum(sample.model, 1e-12))
    return float(saved.sum()) / max(len(saved) + scores.unknown, 1)
