"""A sequence's tail whose model is a script, with costs and counts: what the controller decides, without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.decode.answer import Answer, Request
from iquest_lsp.runtime.decode.controller import Call, Controller
from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.sampling import Sampler
from iquest_lsp.runtime.decode.sequence_end import Logits
from iquest_lsp.runtime.decode.writer import Traits, Writer

VOCABULARY = 64
END = 0
Next = Callable[[Sequence[int]], int]


class ScriptedTail:
    """Continues tokens as `model` says at full depth, and as `guess` says after pass 1."""

    def __init__(
        self,
        prompt: Sequence[int],
        controller: Controller,
        model: Next,
        guess: Next | None = None,
        cost: Callable[[Call, int], float] = lambda call, rows: 1.0 + 0.1 * rows,
        sure: float = 0.9,
    ) -> None:
        self.kept = list(prompt)
        self.calls: list[tuple[Call, int]] = []
        self._controller = controller
        self._model, self.guess, self._cost, self._sure = model, guess, cost, sure
        self._new: list[int] = []
        self._open = 0

    @property
    def length(self) -> int:
        return len(self.kept)

    @property
    def seconds(self) -> float:
        return sum(self._cost(call, rows) for call, rows in self.calls)

    def last(self) -> Logits:
        return self._row(self._model(self.kept), 1.0)

    def full(self, tokens: Sequence[int]) -> list[Logits]:
        assert not self._open
        self._note(Call.FULL, len(tokens))
        self._new += tokens
        return self._rows(len(tokens))

    def first(self, token: int) -> Logits:
        assert self.guess is not None
        self._note(Call.FIRST, 1)
        self._new.append(token)
        self._open += 1
        return self._row(self.guess(self.kept + self._new), self._sure)

    def later(self) -> list[Logits]:
        self._note(Call.LATER, self._open)
        count, self._open = self._open, 0
        return self._rows(count)

    def keep(self, count: int) -> None:
        assert count <= len(self._new) - self._open or count == 0
        self.kept += self._new[:count]
        self._new.clear()
        self._open = 0

    def _rows(self, count: int) -> list[Logits]:
        text = self.kept + self._new
        return [self._row(self._model(text[: len(text) - count + 1 + i]), 1.0) for i in range(count)]

    def _note(self, call: Call, rows: int) -> None:
        self.calls.append((call, rows))
        self._controller.costs.add(call, rows, self.length, self._cost(call, rows))

    @staticmethod
    def _row(token: int, share: float) -> Logits:
        weights = np.full(VOCABULARY, (1.0 - share) / (VOCABULARY - 1) + 1e-9)
        weights[token] = share
        return np.log(weights).astype(np.float32)


def write(
    tail: ScriptedTail,
    controller: Controller,
    limits: Limits,
    cancelled: Callable[[], bool] = lambda: False,
    has_equal_rows: bool = True,
    **prompt: object,
) -> tuple[Writer, Answer]:
    """Lets a writer write an answer over a scripted tail; a token's text is one character."""
    request = Request(Prompt(tuple(tail.kept), **prompt), limits, cancelled)  # type: ignore[arg-type]
    pieces = [b"" if token == END else bytes([token + 32]) for token in range(VOCABULARY)]
    answer = Answer(request, lambda token: pieces[token], lambda token: token == END)
    sampler = Sampler(request.prompt.sampling, np.random.default_rng(0))
    traits = Traits(Pieces(pieces), ends=(END,), has_equal_rows=has_equal_rows)
    writer = Writer(tail, controller, traits, request, answer, sampler)
    writer.write()
    return writer, answer
