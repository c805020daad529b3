"""Verified rows that are too close to call: evaluated again alone, so that drafts change no greedy token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from iquest_lsp.datatypes import Limits
from iquest_lsp.runtime.decode.controller import Call, Controller, DraftSource, Move
from iquest_lsp.runtime.decode.sampling import CLOSE_CALL, is_close_call
from iquest_lsp.runtime.decode.sequence_end import Logits
from tests.unit.runtime.scripted import END, ScriptedTail, write

PROMPT = (5, 6, 7, 8, 9, 10, 11, 12, 5, 6)
#: How far rounding moves a logit, where a row is one of several.
MOVED = 0.8 * CLOSE_CALL
#: After this token the model hardly prefers the next one, which the prompt holds too, to another.
CLOSE_AFTER, OTHER = 8, 40


def counting(text: Sequence[int]) -> int:
    return END if len(text) > len(PROMPT) + 8 or text[-1] >= 60 else text[-1] + 1


class RoundedTail(ScriptedTail):
    """A model with one close call, which rounding decides otherwise in a call of several rows."""

    def full(self, tokens: Sequence[int]) -> list[Logits]:
        return [self._rounded(row, token, len(tokens) > 1) for row, token in zip(super().full(tokens), tokens)]  # noqa: B905

    @staticmethod
    def _rounded(row: Logits, token: int, among_several: bool) -> Logits:
        if token == CLOSE_AFTER:
            row = row.copy()
            best = float(row.max())
            row[OTHER] = best + (MOVED / 2 if among_several else -MOVED / 2)
        return row


class LongDrafts(Controller):
    """Verifies all that the context offers."""

    def choose(self, offered: int, match: int, **_: object) -> Move:
        return Move(DraftSource.LOOKUP, min(offered, 6)) if offered else Move(DraftSource.PLAIN)


def written(*, draft: bool, has_equal_rows: bool) -> tuple[list[int], RoundedTail, int]:
    controller = LongDrafts(1, can_split=False)
    tail = RoundedTail(PROMPT, controller, counting)
    writer, answer = write(tail, controller, Limits(draft=draft), has_equal_rows=has_equal_rows)
    return list(answer.tokens), tail, writer.rechecked


def test_a_close_call_among_drafts_is_decided_as_if_it_were_alone() -> None:
    plain, *_ = written(draft=False, has_equal_rows=False)
    drafted, tail, rechecked = written(draft=True, has_equal_rows=False)
    assert OTHER not in plain
    assert drafted == plain
    assert rechecked == 1
    assert any(rows > 1 for _, rows in tail.calls)
    first_of_several = next(at for at, (_, rows) in enumerate(tail.calls) if rows > 1)
    assert (Call.FULL, 1) in tail.calls[first_of_several + 1 :]
    assert tail.kept[len(PROMPT) :] == drafted[: len(tail.kept) - len(PROMPT)]


def test_without_the_second_look_rounding_would_decide() -> None:
    assert OTHER in written(draft=True, has_equal_rows=True)[0]


@pytest.mark.parametrize(("gap", "is_close"), [(0.0, True), (0.9 * CLOSE_CALL, True), (1.1 * CLOSE_CALL, False)])
def test_what_is_close(gap: float, is_close: bool) -> None:
    for best in (0, 3, 7):
        row = np.full(8, -5.0, np.float32)
        row[best], row[(best + 4) % 8] = 2.0, 2.0 - gap
        assert is_close_call(row) == is_close


def test_a_token_that_alone_is_left_is_not_close() -> None:
    row = np.full(4, -np.inf, np.float32)
    row[2] = 1.0
    assert not is_close_call(row)
    assert not is_close_call(row[2:3])
