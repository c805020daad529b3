"""Token healing: the prompt gives up its last, half-typed token, and the answer must begin with its text.

A prompt that ends inside a word ends in tokens that never occur there in training ("prin" as "pr" + "in"); taken
back to a border, and with the answer's first tokens limited to those that spell what was taken back, the model
chooses the whole word. After: guidance, "The Art of Prompt Design: Prompt Boundaries and Token Healing" (2023).
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.token_ids import TokenIds

_MAX_TOKENS, _MAX_BYTES, _MAX_SPACES = 4, 24, 64


@dataclass(frozen=True, slots=True)
class Healed:
    """A prompt shortened to a border, and the bytes the answer has to begin with (b"": nothing was to heal)."""

    tokens: TokenIds
    prefix: bytes


class Pieces:
    """The vocabulary's tokens by their bytes (control tokens as b""), sorted once to be searched by prefix."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = list(pieces)
        self._order = sorted((piece, token) for token, piece in enumerate(pieces) if piece)
        self._exact: dict[bytes, list[int]] = {}
        for piece, token in self._order:
            self._exact.setdefault(piece, []).append(token)

    @functools.cached_property
    def sizes(self) -> NDArray[np.int32]:
        """How many bytes each token has besides spaces, 0 for control tokens; [n_vocab]."""
        return np.array([len(piece) - piece.count(b" ") for piece in self._pieces], np.int32)

    @functools.cached_property
    def written(self) -> NDArray[np.int32]:
        """The tokens that have bytes, all but the control tokens."""
        return np.array([token for token, piece in enumerate(self._pieces) if piece], np.int32)

    def piece(self, token: int) -> bytes:
        """The bytes of a token."""
        return self._pieces[token]

    def heal(self, tokens: Sequence[int]) -> Healed:
        """Takes back the tokens of the word that the prompt ends in, a few at most.

        A space at the end is taken back too, since a word's token carries the space before it, and a bare space is
        seen in training before digits only. So is a sign before the word, or at the end, with which longer tokens
        begin: `.append` is one token, and after a `.` that stands alone none of the common names is ever seen. And so
        is a line end with the indentation after it, where tokens hold both. Nothing is taken back after a sign, or a
        line end, that is always a token of its own.
        """
        last = self._pieces[tokens[-1]] if tokens else b""
        is_blank = not last.strip(b" ") or (not last.strip(b" \n") and self._indents(last))
        if last and is_blank and len(last) <= _MAX_SPACES:
            return Healed(TokenIds(tokens[:-1]), last)
        taken = b""
        count = 0
        while count < min(_MAX_TOKENS, len(tokens)):
            piece = self._pieces[tokens[-1 - count]]
            inside = piece.lstrip(b" ")
            if not inside or not _is_word(inside) or len(piece) + len(taken) > _MAX_BYTES:
                break
            taken = piece + taken
            count += 1
            if inside != piece:
                break  # the word's first token carries the space before it
        if count < len(tokens) and not taken.startswith(b" ") and self._goes_on(tokens[-1 - count], taken):
            taken = self._pieces[tokens[-1 - count]] + taken
            count += 1
        return Healed(TokenIds(tokens[: len(tokens) - count]), taken if count else b"")

    def _indents(self, line_end: bytes) -> bool:
        """Whether there are tokens that are this line end with spaces after it, more of them where it has some."""
        return any(
            len(piece) > len(line_end) for piece in map(self._pieces.__getitem__, self._beginning_with(line_end + b" "))
        )

    def _goes_on(self, token: int, word: bytes) -> bool:
        """Whether tokens begin with the sign that a token is and, behind it, a word that begins with `word`."""
        sign = self._pieces[token]
        if not sign or b"\n" in sign or sign[-1:] == b" " or _is_word(sign.lstrip(b" ")[-1:]):
            return False
        return any(
            len(piece) > len(sign) and _is_word(piece[len(sign) : len(sign) + 1])
            for piece in map(self._pieces.__getitem__, self._beginning_with(sign + word))
        )

    def allowed(self, prefix: bytes) -> list[int]:
        """Tokens that may come first when the answer has to begin with `prefix`, by id: those whose bytes begin with
        it, and those that are a beginning of it after which the rest (see `left`) can still be spelled."""
        found = set(self._beginning_with(prefix))
        # From the end: whether what follows each place can be spelled, so that no token leads nowhere.
        ends = [False] * len(prefix) + [True]
        for start in range(len(prefix) - 1, 0, -1):
            rest = prefix[start:]
            ends[start] = bool(self._beginning_with(rest)) or any(
                ends[start + size] for size in range(1, len(rest)) if rest[:size] in self._exact
            )
        for end in range(1, len(prefix)):
            if ends[end]:
                found.update(self._exact.get(prefix[:end], ()))
        return sorted(found)

    def _beginning_with(self, prefix: bytes) -> list[int]:
        at = end = bisect_left(self._order, (prefix, -1))
        while end < len(self._order) and self._order[end][0].startswith(prefix):
            end += 1
        return [token for _, token in self._order[at:end]]

    def left(self, prefix: bytes, token: int) -> bytes:
        """What of `prefix` is still to be spelled after `token`, one of those allowed."""
        piece = self._pieces[token]
        return prefix[len(piece) :] if len(piece) < len(prefix) else b""


def _is_word(piece: bytes) -> bool:
    return all(byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") for byte in piece)
