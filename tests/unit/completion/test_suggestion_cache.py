"""Answers that are given again: typed through, taken back, moved by edits elsewhere, and never where they are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.completion.suggestion_cache import (
    AGE_S,
    NEAR_AFTER,
    NEAR_BEFORE,
    PER_DOCUMENT,
    SuggestionCache,
    typed_through,
)
from iquest_lsp.datatypes import Finish
from iquest_lsp.runtime.base.repetition import without_loop
from tests.unit.completion.places import generation


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(before: str, after: str, answer: str, finish: Finish = Finish.STOP, **more: bool) -> SuggestionCache:
    cache = SuggestionCache(Clock())
    cache.keep("a", before + after, len(before), generation(answer, finish), state="m", **more)
    return cache


def look(cache: SuggestionCache, before: str, after: str, **more: bool) -> str | None:
    found = cache.find("a", before + after, len(before), "m", **more)
    return found.generation.text if found is not None else None


def test_what_is_typed_through_is_answered_with_the_rest() -> None:
    cache = kept("x = ", "\nend", "value + 1")
    assert look(cache, "x = ", "\nend") == "value + 1"
    assert look(cache, "x = val", "\nend") == "ue + 1"
    assert look(cache, "x = value + 1", "\nend") is None  # all of it: something new is wanted
    assert look(cache, "x = vax", "\nend") is None
    assert look(cache, "x = val", "\nend") == "ue + 1"  # taken back again
    assert look(cache, "x =", "\nend") is None


def test_what_is_too_old_to_be_given_is_not_held() -> None:
    clock = Clock()
    cache = SuggestionCache(clock)
    for second in range(1000):
        clock.now = float(second)
        cache.keep(f"document {second // 10}", "x = ", 4, generation("value", Finish.STOP), state="m")
    assert AGE_S < len(cache) <= AGE_S + 10  # of the hundred documents, those of the last two minutes
    clock.now += 10 * AGE_S
    cache.keep("document 99", "x = ", 4, generation("value", Finish.STOP), state="m")
    assert len(cache) == 1


def test_prefix_and_suffix_count() -> None:
    cache = kept("a\nx = ", "\nend", "value")
    assert look(cache, "b\nx = ", "\nend") is None
    assert look(cache, "a\nx = ", "\nEND") is None
    assert look(cache, "a\nx = ", "") is None
    assert look(cache, "a\nx = ", "\nend\nmore") is None
    assert look(cache, "\na\nx = ", "\nend") is None
    assert kept("x = ", "", "value").find("b", "x = ", 4, "m") is None
    assert kept("x = ", "", "value").find("a", "x = ", 4, "other model") is None


def test_edits_far_away_move_an_answer_and_near_ones_end_it() -> None:
    above, below = "a\n" * NEAR_BEFORE, "\nb" * NEAR_AFTER
    cache = kept(above + "x = ", below, "value")
    assert look(cache, "import os\n" + above + "x = v", below) == "alue"
    assert look(cache, above + "x = v", below + "\nmore") == "alue"
    assert look(cache, above + "y = 1\nx = v", below) is None


@pytest.mark.parametrize(
    ("answer", "typed", "added", "expected"),
    [
        ("f(a, b)", "f(", ")", "a, b)"),
        ("f(a, b)", "f(a", ")", ", b)"),
        ("'text'", "'", "'", "text'"),
        ("f(a, b)", "f(", "x", None),
        ("f(a)", "", ")", None),
    ],
)
def test_brackets_that_the_editor_closed(answer: str, typed: str, added: str, expected: str | None) -> None:
    assert look(kept("x = ", "\nend", answer), "x = " + typed, added + "\nend") == expected


def test_line_ends_of_windows_are_typed_through_too() -> None:
    assert look(kept("a\r\nx = ", "\r\nend", "f(\n    y)"), "a\r\nx = f(\r\n", "\r\nend") == "    y)"


def test_nothing_is_an_answer_where_the_model_was_heard_out() -> None:
    assert look(kept("x", "", ""), "x", "") == ""
    assert look(kept("x", "", "", Finish.DEADLINE), "x", "") is None
    assert look(kept("x", "", ""), "xy", "") is None


def test_who_asks_for_more_is_not_given_a_line() -> None:
    assert look(kept("x = ", "", "value"), "x = ", "", longer=True) is None
    assert look(kept("x = ", "", "value", longer=True), "x = ", "", longer=True) == "value"


def test_answers_grow_old_and_are_bounded() -> None:
    clock = Clock()
    cache = SuggestionCache(clock)
    for number in range(PER_DOCUMENT + 5):
        cache.keep("a", f"{number} = ", len(f"{number} = "), generation("x"), state="m")
    assert cache.find("a", "0 = ", 4, "m") is None
    last = f"{PER_DOCUMENT + 4} = "
    assert cache.find("a", last, len(last), "m") is not None
    clock.now = AGE_S + 1
    assert cache.find("a", last, len(last), "m") is None


@given(st.text("ab(\n", max_size=6), st.text("ab)\n", max_size=6), st.text("ab()\n", min_size=1, max_size=6), st.data())
@pytest.mark.slow
def test_what_is_left_is_what_completes_the_answer(before: str, after: str, answer: str, data: st.DataObject) -> None:
    cache = kept(before, after, answer)
    typed = answer[: data.draw(st.integers(0, len(answer)))]
    rest = look(cache, before + typed, after)
    in_loop = typed and len(typed) >= len(without_loop(answer))  # who types into a loop is not offered the rest of it
    assert rest == (None if in_loop else answer[len(typed) :] or None)
    other_before = data.draw(st.text("ab(\n", max_size=8))
    other_after = data.draw(st.text("ab)\n", max_size=8))
    found = look(cache, other_before, other_after)
    if found:
        # Whatever the place, inserting the rest gives the text that the answer was for, up to what an editor closed.
        given = before + answer
        assert other_before + found == given
        assert other_after.endswith(after)
        assert set(other_after.removesuffix(after)) <= set(")")


def test_what_was_typed_makes_the_rest_surer() -> None:
    made = generation("abcd", logprobs=(-1.0, -2.0, -3.0, -4.0))
    left = typed_through(made, "ab")
    assert (left.text, left.logprobs, left.ends, left.tokens) == ("cd", (-3.0, -4.0), (1, 2), (2, 3))
