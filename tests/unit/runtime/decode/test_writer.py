"""How an answer may begin; verified rows that are too close to call are evaluated again alone."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.datatypes import Limits
from iquest_lsp.runtime.decode.controller import Call, Controller, DraftSource, Move
from iquest_lsp.runtime.decode.sampling import CLOSE_CALL
from iquest_lsp.runtime.decode.sequence_end import Logits
from tests.unit.runtime.scripted import END, ScriptedTail, write

PROMPT = (5, 6, 7)
REPEATING = (5, 6, 7, 8, 9, 10, 11, 12, 5, 6)
#: How far rounding moves a logit, where a row is one of several.
MOVED = 0.8 * CLOSE_CALL
#: After this token the model hardly prefers the next one, which the prompt holds too, to another.
CLOSE_AFTER, OTHER = 8, 40


def silent(text: Sequence[int]) -> int:
    """A model that ends at once; one that has begun counts up and ends at 12."""
    return END if len(text) == len(PROMPT) or text[-1] >= 12 else text[-1] + 1


def begun(**prompt: object) -> list[int]:
    controller = Controller(1, can_split=False)
    tail = ScriptedTail(PROMPT, controller, silent)
    return list(write(tail, controller, Limits(), **prompt)[1].tokens)


def test_an_answer_may_be_empty() -> None:
    assert begun() == []


def test_where_it_may_not_be_empty_the_next_best_token_begins_it() -> None:
    assert begun(is_empty_allowed=False) == [1, *range(2, 13)]  # of equally likely ones the first


def test_tokens_to_avoid_and_the_end_are_ruled_out_together() -> None:
    assert begun(is_empty_allowed=False, avoid=(1, 2)) == [*range(3, 13)]


def test_with_all_tokens_ruled_out_the_best_one_stands() -> None:
    assert begun(is_empty_allowed=False, avoid=tuple(range(64))) == []


def counting(text: Sequence[int]) -> int:
    return END if len(text) > len(REPEATING) + 8 or text[-1] >= 60 else text[-1] + 1


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
    tail = RoundedTail(REPEATING, controller, counting)
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
    assert tail.kept[len(REPEATING) :] == drafted[: len(tail.kept) - len(REPEATING)]


def test_without_the_second_look_rounding_would_decide() -> None:
    assert OTHER in written(draft=True, has_equal_rows=True)[0]
