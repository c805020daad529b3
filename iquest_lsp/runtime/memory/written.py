"""The innermost memory: the prompt and the answer so far, followed one token at a time."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory.store import LONGEST, NOTHING, FoundRuns

#: Most places behind the same token that are followed, the latest ones: more of them say nothing new.
MOST_PLACES = 512


class Written:
    """A text that grows, and every earlier occurrence of its end."""

    def __init__(self, tokens: Sequence[int], room: int = 256) -> None:
        """`room`: so many tokens can be added before the text is copied."""
        self._count = len(tokens)
        self._tokens = np.empty(self._count + room, np.int32)
        self._tokens[: self._count] = tokens
        self._places = np.empty(0, np.int64)  # that follow a token like the text's last one
        self._run = np.zeros(len(self._tokens) + 1, np.int32)  # by place: tokens before it that agree with the end
        last = self._tokens[max(self._count - LONGEST, 0) : self._count].tolist()
        end = self._count - len(last)
        for at, token in enumerate(last):
            self._follow(token, end + at)

    def __len__(self) -> int:
        return self._count

    def end(self) -> list[int]:
        """The last LONGEST tokens."""
        found: list[int] = self._tokens[max(self._count - LONGEST, 0) : self._count].tolist()
        return found

    def add(self, token: int) -> None:
        """Appends the next token."""
        if self._count == len(self._tokens):
            self._tokens = np.concatenate((self._tokens, np.empty(self._count, np.int32)))
            self._run = np.concatenate((self._run, np.zeros(self._count, np.int32)))
        self._follow(token, self._count)
        self._tokens[self._count] = token
        self._count += 1

    def _follow(self, token: int, before: int) -> None:
        """Makes the runs those of the text up to `before` and `token`."""
        places = np.flatnonzero(self._tokens[:before] == token) + 1
        runs = np.minimum(self._run[places - 1] + 1, LONGEST)
        self._run[self._places] = 0
        self._run[places] = runs
        self._places = places

    def fork(self) -> Written:
        """A copy, to be asked about a text that may not come."""
        other = copy.copy(self)
        other._tokens, other._run = self._tokens.copy(), self._run.copy()
        return other

    def find(self, allowed: NDArray[np.bool_] | None = None) -> FoundRuns:
        """As Store.find, behind the end of the text itself."""
        places = self._places[-MOST_PLACES:]
        places = places[places < self._count]
        if not len(places):
            return NOTHING
        followers = self._tokens[places]
        if allowed is not None:
            places = places[allowed[followers]]
            followers = self._tokens[places]
        return FoundRuns(places.astype(np.int32), followers, self._run[places], np.ones(len(places)))

    def counts(self, tokens: Ids) -> NDArray[np.float64]:
        """How often each of these tokens occurs in the text."""
        occurring = np.bincount(self._tokens[: self._count], minlength=int(tokens.max(initial=0)) + 1)
        return occurring[tokens].astype(np.float64)
