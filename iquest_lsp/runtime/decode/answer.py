"""One answer under way: its tokens, its text, and the rules by which it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iquest_lsp.datatypes import Finish, Limits, Prompt
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.base.text_stream import TextStream


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of one answer.

    `deadline` is a time of time.monotonic, None for none; `must` are the bytes that the answer has to begin with and
    that its text leaves out, since the prompt gave them up (see healing.py).
    """

    prompt: Prompt
    limits: Limits
    cancelled: Callable[[], bool]
    deadline: float | None = None
    must: bytes = b""
    on_text: Callable[[str], None] | None = None

    def check(self) -> None:
        """Raises RequestCancelledError once the request is not wanted any more."""
        if self.cancelled():
            raise RequestCancelledError("The request was cancelled")


class Answer:
    """Takes the tokens of one answer and says when it ends."""

    def __init__(self, request: Request, piece: Callable[[int], bytes], is_end: Callable[[int], bool]) -> None:
        """`piece` gives a token's bytes, `is_end` whether it ends the model's text."""
        self._request = request
        self._piece = piece
        self._is_end = is_end
        self._unsaid = len(request.must)
        self._stream = TextStream(request.prompt)
        self.tokens: list[int] = []
        self.logprobs: list[float] = []
        self.ends: list[int] = []

    @property
    def text(self) -> str:
        return self._stream.text

    def fitting(self, tokens: Sequence[int]) -> int:
        """How many of these tokens could come next without ending the answer: later ones need no look."""
        trial = self._stream.copy()
        for place, token in enumerate(tokens):
            piece = self._piece(token)
            if not piece or trial.push(piece) is not None:
                return place
        return len(tokens)

    def take(self, token: int, logprob: float) -> Finish | None:
        """Adds the next token; returns why the answer ends with it, None if it goes on."""
        if self._is_end(token):
            return Finish.STOP
        self.tokens.append(token)
        self.logprobs.append(logprob)
        piece = self._piece(token)
        before = len(self.text)
        ended = self._stream.push(piece[self._unsaid :])
        self.ends.append(len(self.text))
        self._unsaid = max(self._unsaid - len(piece), 0)
        if self._request.on_text is not None and len(self.text) > before:
            self._request.on_text(self.text[before:])
        if ended is not None:
            return ended
        if len(self.tokens) >= self._request.limits.max_tokens:
            return Finish.LIMIT
        if self._request.deadline is not None and time.monotonic() >= self._request.deadline:
            return Finish.DEADLINE
        return None
