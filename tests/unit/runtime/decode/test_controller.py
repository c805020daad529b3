"""What the controller decides, on scripted models: gains, bounded waste, off and on again; always the same tokens."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from iquest_lsp.datatypes import Limits
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.decode.controller import (
    CREDIT,
    PATIENCE,
    TRIAL,
    Account,
    Call,
    Controller,
    Costs,
    DraftSource,
    Move,
)
from tests.unit.runtime.scripted import END, VOCABULARY, ScriptedTail, write


def count_up(text: Sequence[int]) -> int:
    """Never repeats itself for long: the context is no help."""
    return (text[-1] * 7 + len(text) * len(text)) % (VOCABULARY - 1) + 1


def cheap_rows(call: Call, rows: int) -> float:
    whole = 1.0 + 0.05 * (rows - 1)
    return {Call.FULL: whole, Call.FIRST: 0.5 * whole, Call.LATER: 0.5 * whole, Call.SMALL: whole}[call]


def dear_rows(call: Call, rows: int) -> float:
    return {Call.FULL: 1.0, Call.FIRST: 0.5, Call.LATER: 0.5}[call] * rows


def plain_tokens(model: object, prompt: Sequence[int], count: int) -> tuple[int, ...]:
    controller = Controller(2, can_split=False)
    tail = ScriptedTail(prompt, controller, model)  # type: ignore[arg-type]
    return tuple(write(tail, controller, Limits(max_tokens=count, draft=False))[1].tokens)


def test_a_copied_stretch_is_written_in_batches() -> None:
    period = list(range(1, 40))
    prompt = period * 2

    def model(text: Sequence[int]) -> int:
        return text[-39]

    controller = Controller(1, can_split=False)
    tail = ScriptedTail(prompt, controller, model, cost=cheap_rows)
    writer, answer = write(tail, controller, Limits(max_tokens=60))
    assert tuple(answer.tokens) == plain_tokens(model, prompt, 60)
    assert tail.kept == prompt + answer.tokens[: len(tail.kept) - len(prompt)]
    assert len(tail.calls) <= 8
    assert writer.accepted == writer.drafted >= 50


@pytest.mark.parametrize("right", [0.97, 0.8, 0.5, 0.0])
def test_drafts_of_the_first_pass_change_no_token(right: float) -> None:
    random = np.random.default_rng(1)

    def guess(text: Sequence[int]) -> int:
        return count_up(text) if random.random() < right else 1

    controller = Controller(2, can_split=True)
    tail = ScriptedTail([5, 9, 3], controller, count_up, guess, cost=cheap_rows, sure=max(right, 0.1))
    _, answer = write(tail, controller, Limits(max_tokens=300))
    assert tuple(answer.tokens) == plain_tokens(count_up, [5, 9, 3], 300)
    assert tail.kept == [5, 9, 3, *answer.tokens][: len(tail.kept)]
    if right == 0.97:
        assert tail.seconds < 300 / 1.3  # a plain token costs 1
        assert any(call is Call.LATER and rows > 3 for call, rows in tail.calls)
    assert tail.seconds < 300 * 1.1


@pytest.mark.slow
def test_where_drafts_fail_the_waste_is_bounded_and_counted() -> None:
    def repeating(text: Sequence[int]) -> int:
        """The same pairs come again and again, each time followed by something else."""
        return (1, 2, 3 + len(text) // 3 % 50)[len(text) % 3]

    controller = Controller(2, can_split=True)
    tail = ScriptedTail([1, 2, 3] * 4, controller, repeating, lambda text: 63, cost=cheap_rows, sure=0.995)
    tokens = 3000
    writer, answer = write(tail, controller, Limits(max_tokens=tokens))
    assert tuple(answer.tokens) == plain_tokens(repeating, [1, 2, 3] * 4, tokens)
    evaluated = sum(rows for call, rows in tail.calls if call is not Call.LATER)
    wasted = writer.drafted - writer.accepted
    assert evaluated <= tokens + wasted
    trials = 1 + tokens // PATIENCE
    assert 0 < wasted <= 2 * (CREDIT + TRIAL * min(trials, 10))  # two sources; patience doubles up to 1024
    assert all(call is Call.FULL for call, _ in tail.calls[-100:])


def test_expensive_rows_are_not_drafted_for() -> None:
    period = list(range(1, 40))
    controller = Controller(1, can_split=False)
    tail = ScriptedTail(period * 2, controller, lambda text: text[-39] if len(text) % 2 else 63, cost=dear_rows)
    writer, _ = write(tail, controller, Limits(max_tokens=200))
    assert writer.drafted < 40


@pytest.mark.slow
def test_a_source_that_was_off_is_tried_again_and_used_once_it_pays() -> None:
    controller = Controller(2, can_split=True)
    bad = ScriptedTail([5], controller, count_up, lambda text: 1, cost=cheap_rows, sure=0.995)
    writer, _ = write(bad, controller, Limits(max_tokens=120))
    assert writer.accepted == 0
    assert 0 < writer.drafted <= CREDIT + TRIAL
    assert all(call is Call.FULL for call, _ in bad.calls[-30:])
    good = ScriptedTail([5], controller, count_up, count_up, cost=cheap_rows, sure=0.995)
    writer, _ = write(good, controller, Limits(max_tokens=2000))
    assert writer.accepted > 1000


def test_an_account_is_paid_by_waste_and_filled_by_success() -> None:
    account = Account()
    account.settle(16, 0)
    assert account.credit == CREDIT - 16
    account.settle(16, 0)
    assert not account.is_open
    for _ in range(2 * PATIENCE - 1):
        account.rest()
    assert not account.is_open
    account.rest()
    assert account.is_open
    assert account.is_due
    account.settle(2, 2)
    assert account.credit == TRIAL + 2
    for _ in range(10):
        account.settle(8, 8)
    assert account.credit == CREDIT


def test_no_draft_reaches_beyond_the_answer() -> None:
    period = list(range(1, 40))
    controller = Controller(2, can_split=True)

    def model(text: Sequence[int]) -> int:
        return text[-39]

    tail = ScriptedTail(period * 2, controller, model, model, cost=cheap_rows)
    writer, answer = write(tail, controller, Limits(max_tokens=7))
    assert len(answer.tokens) == 7
    assert writer.drafted <= 6
    assert len(tail.kept) <= len(period) * 2 + 7


def test_a_stop_rule_ends_the_answer_within_a_draft() -> None:
    line_end = ord("*") - 32
    period = [*range(11, 30), line_end, *range(30, 40)]

    def model(text: Sequence[int]) -> int:
        return text[-len(period)]

    controller = Controller(1, can_split=False)
    tail = ScriptedTail(period * 2, controller, model, cost=cheap_rows)
    _, answer = write(tail, controller, Limits(max_tokens=50), stop=("*",))
    assert answer.text == "".join(chr(32 + token) for token in range(11, 30))
    assert tail.kept == period * 2 + answer.tokens[: len(tail.kept) - 2 * len(period)]


def test_the_end_token_is_neither_drafted_nor_kept() -> None:
    period = [*range(1, 20), END, *range(20, 30)]
    controller = Controller(1, can_split=False)
    tail = ScriptedTail(period * 2, controller, lambda text: text[-len(period)], cost=cheap_rows)
    _, answer = write(tail, controller, Limits(max_tokens=60))
    assert answer.tokens == list(range(1, 20))
    assert END not in tail.kept[2 * len(period) :]


def test_a_cancelled_answer_ends_between_two_calls() -> None:
    controller = Controller(2, can_split=True)
    tail = ScriptedTail([5], controller, count_up, count_up, cost=cheap_rows, sure=0.999)
    asked = itertools.count()
    with pytest.raises(RequestCancelledError):
        write(tail, controller, Limits(max_tokens=500), cancelled=lambda: next(asked) > 30)
    assert next(asked) <= 34
    expected = [5, *plain_tokens(count_up, [5], 500)]
    assert tail.kept == expected[: len(tail.kept)]  # nothing unverified stays


def test_a_near_deadline_allows_single_tokens_only() -> None:
    controller = Controller(2, can_split=True)
    for call in Call:
        for rows in (*range(1, 18), *range(1, 18)):
            controller.costs.add(call, rows, 100, cheap_rows(call, rows))
    assert controller.choose(16, 20, length=100, room=50).source is DraftSource.LOOKUP
    assert controller.choose(16, 20, length=100, room=50, left=1.2).count < 6
    assert controller.choose(16, 20, length=100, room=50, left=0.9) == Move(DraftSource.PLAIN)


def test_models_that_cannot_go_back_are_never_drafted_for() -> None:
    controller = Controller(2, can_split=True, can_rewind=False)
    assert controller.choose(16, 20, length=100, room=50) == Move(DraftSource.PLAIN)


@pytest.mark.parametrize(("row", "drafts"), [(0.05, True), (0.9, False)])
def test_a_small_model_writes_where_its_measured_cost_pays(row: float, drafts: bool) -> None:
    controller = Controller(1, can_split=False)
    for rows in (1, 2, 4, 9):
        known(controller.costs, rows, 1.0 + 0.05 * rows)
    for _ in range(2):
        controller.costs.add(Call.SMALL, 1, 0, row)
    move = controller.choose(0, 0, length=100, room=50, small=True)
    assert move.source is (DraftSource.SMALL if drafts else DraftSource.PLAIN)
    assert controller.choose(0, 0, length=100, room=50) == Move(DraftSource.PLAIN)  # none has read the text
    assert controller.choose(0, 0, length=100, room=50, small=True, left=1.0) == Move(DraftSource.PLAIN)


def test_before_it_is_measured_a_small_model_costs_what_its_weights_say() -> None:
    assert Costs(1, {1: 1.0, 2: 1.1}, small=0.1).of(Call.SMALL, 1, 0) == pytest.approx(0.1)


def test_a_small_model_reads_a_text_only_where_that_is_soon_paid_back() -> None:
    controller = Controller(1, can_split=False)
    known(controller.costs, 1, 1.0)
    assert controller.may_read(5.0, length=100, room=50)
    assert not controller.may_read(5.0, length=100, room=20)  # a fifth of what writing takes without it
    assert not controller.may_read(5.0, length=100, room=50, left=20.0)
    assert controller.may_read(0.0, length=100, room=0, left=0.1)
    assert not Controller(1, can_split=False, can_rewind=False).may_read(0.0, length=100, room=50)


def test_what_a_small_model_wrote_for_nothing_switches_it_off() -> None:
    controller = Controller(1, can_split=False)
    for rows in (1, 2, 4, 9):
        known(controller.costs, rows, 1.0 + 0.05 * rows)
    for _ in range(2):
        controller.costs.add(Call.SMALL, 1, 0, 0.05)
    for _ in range(8):
        controller.settle_written([0.9] * 8, 0, 1, source=DraftSource.SMALL)
    assert controller.choose(0, 0, length=100, room=50, small=True) == Move(DraftSource.PLAIN)
    assert controller.chance(0.9, source=DraftSource.SMALL) < 0.5 < controller.chance(0.9)


def known(costs: Costs, rows: int, seconds: float, elapsed: float | None = None) -> None:
    """Two calls: the first of each number of rows says nothing of the others."""
    costs.add(Call.FULL, rows, 100, 7 * seconds)
    costs.add(Call.FULL, rows, 100, seconds, elapsed)


def test_the_first_call_of_a_number_of_rows_counts_for_nothing() -> None:
    costs = Costs(2, {1: 1.0, 2: 1.1})
    before = costs.of(Call.FULL, 2, 100)
    costs.add(Call.FULL, 2, 100, 99.0)
    assert costs.of(Call.FULL, 2, 100) == before
    costs.add(Call.FULL, 2, 100, 1.5)
    assert costs.of(Call.FULL, 2, 100) == 1.5


def test_costs_are_medians_and_guesses_between_and_beyond() -> None:
    costs = Costs(2)
    assert costs.of(Call.LATER, 1, 100) == pytest.approx(costs.of(Call.FULL, 1, 100) / 2)
    for seconds in (99.0, 1.0, 1.0, 50.0):  # the first builds its graph, one is disturbed by other work
        costs.add(Call.FULL, 1, 100, seconds)
    known(costs, 9, 3.0)
    assert costs.of(Call.FULL, 1, 100) == 1.0
    assert costs.of(Call.FULL, 5, 100) == 2.0
    assert costs.of(Call.FULL, 12, 100) > 3.0
    assert costs.of(Call.FIRST, 1, 100) == 0.5
    assert costs.of(Call.FULL, 1, 100_000) == 1.0  # nothing known of so long a context


def test_other_work_on_the_machine_counts_for_deadlines_only() -> None:
    quiet, busy = Costs(2), Costs(2)
    for rows in (1, 2, 4):
        known(quiet, rows, rows / 10, rows / 10)
        known(busy, rows, rows / 10, rows)
    assert [quiet.of(Call.FULL, rows, 100) for rows in (1, 2, 3, 4)] == [
        busy.of(Call.FULL, rows, 100) for rows in (1, 2, 3, 4)
    ]
    assert (quiet.elapsed(0.1), busy.elapsed(0.1)) == (0.1, 1.0)


def test_costs_beyond_what_was_measured_follow_the_shape_that_was_tried_out() -> None:
    costs = Costs(2, {1: 2.0, 2: 3.0, 4: 5.0})
    assert [costs.of(Call.FULL, rows, 100) for rows in (1, 3, 8)] == [2.0, 4.0, 9.0]
    known(costs, 1, 4.0)
    assert costs.of(Call.FULL, 1, 100) == 4.0
    assert costs.of(Call.FULL, 8, 100) == 18.0
    known(costs, 8, 10.0)
    assert costs.of(Call.FULL, 8, 100) == 10.0
    assert 4.0 < costs.of(Call.FULL, 4, 100) < 10.0


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 1.0])
@pytest.mark.slow
def test_drafting_never_costs_much_more_than_it_saves(share: float) -> None:
    """Whatever a row more costs and however few drafts are right: what is lost stays below a twentieth."""

    def cost(call: Call, rows: int) -> float:
        whole = 1.0 + share * (rows - 1)
        return whole if call is Call.FULL else 0.5 * whole

    def repeating(text: Sequence[int]) -> int:
        return (1, 2, 3 + len(text) // 3 % 50)[len(text) % 3]

    controller = Controller(2, can_split=True, shape={rows: cost(Call.FULL, rows) for rows in (1, 2, 4, 8, 16)})
    tail = ScriptedTail([1, 2, 3] * 4, controller, repeating, lambda text: 63, cost=cost, sure=0.97)
    _, answer = write(tail, controller, Limits(max_tokens=1500))
    assert len(answer.tokens) == 1500
    assert tail.seconds < 1500 * 1.05
