"""What was found is remembered, and that nothing was found where nobody would find more."""

from __future__ import annotations

from functools import partial

import pytest

from iquest_lsp.codeflow.syntax.linking.chains.things import OUTSIDE, Thing
from iquest_lsp.codeflow.syntax.linking.chains.things_found import ThingsFound

KEY, OTHER = ("a.py", -1, "a"), ("a.py", -1, "b")


@pytest.mark.parametrize("answer", [OUTSIDE, None])
def test_what_is_found_or_is_nowhere_is_looked_for_once(answer: Thing | None) -> None:
    known = ThingsFound()
    asked: list[int] = []

    def find() -> Thing | None:
        asked.append(1)
        return answer

    for steps in (3, 9, 1):
        known.ask()
        assert known.once(KEY, steps, find) is answer
    assert len(asked) == 1


def test_another_question_with_more_steps_may_find_more() -> None:
    known = ThingsFound()
    asked: list[int] = []

    def found(steps: int) -> Thing | None:
        asked.append(steps)
        return None if known.is_over(steps - 4) else OUTSIDE

    def answers(*several: int) -> list[Thing | None]:
        known.ask()
        return [known.once(KEY, steps, partial(found, steps)) for steps in several]

    assert [answers(3, 6), answers(2, 3), answers(6, 1), answers(1)] == [
        [None] * 2,
        [None] * 2,
        [OUTSIDE] * 2,
        [OUTSIDE],
    ]
    assert asked == [3, 6]


def test_a_circle_is_come_into_from_all_sides() -> None:
    """One is the other, or what is outside; the other is the one."""
    known = ThingsFound()

    def one(steps: int) -> Thing | None:
        return known.once(KEY, steps, lambda: other(steps - 1) or OUTSIDE)

    def other(steps: int) -> Thing | None:
        return known.once(OTHER, steps, lambda: one(steps - 1))

    assert one(9) is OUTSIDE
    known.ask()
    assert other(9) is OUTSIDE
