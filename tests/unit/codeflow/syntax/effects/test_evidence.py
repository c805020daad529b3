"""What no tree and no text bears out is not told."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.evidence import ChangedRows, places, proven, sound
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (Effect(EffectKind.BECOMES, ("a", "b")), True),
        (Effect(EffectKind.BECOMES, ("a b", "ab")), False),
        (Effect(EffectKind.BECOMES, ("a", " ")), False),
        (Effect(EffectKind.COMES, ("a",)), True),
        (Effect(EffectKind.COMES, ("",)), False),
        (Effect(EffectKind.COMMENTS_ONLY), True),
        # Of other kinds two values may be alike.
        (Effect(EffectKind.PASSES, ("a", "a")), True),
    ],
)
def test_what_becomes_what_it_was_says_nothing(effect: Effect, says: bool) -> None:
    assert sound([effect]) == ([effect] if says else [])


BEFORE, AFTER = ChangedRows(b"old(1)\nrest()\n", [(0, 1)]), ChangedRows(b"new(1)\nrest()\n", [(0, 1)])


@pytest.mark.parametrize(
    ("effect", "kept"),
    [
        (Effect(EffectKind.CALLS, ("new",)), Effect(EffectKind.CALLS, ("new",))),
        (Effect(EffectKind.CALLS, ("kit.new", "rest")), Effect(EffectKind.CALLS, ("kit.new",))),
        (Effect(EffectKind.CALLS, ("old",)), None),
        (Effect(EffectKind.CALLS_NO_MORE, ("old",)), Effect(EffectKind.CALLS_NO_MORE, ("old",))),
        (Effect(EffectKind.CALLS_NO_MORE, ("new",)), None),
        (Effect(EffectKind.CALLS_INSTEAD, ("new", "old")), Effect(EffectKind.CALLS_INSTEAD, ("new", "old"))),
        (Effect(EffectKind.CALLS_INSTEAD, ("old", "new")), None),
        (Effect(EffectKind.PASSES, ("1", "new")), Effect(EffectKind.PASSES, ("1", "new"))),
        (Effect(EffectKind.PASSES_NO_MORE, ("1", "new")), None),
        (Effect(EffectKind.COMES, ("x",)), Effect(EffectKind.COMES, ("x",))),
    ],
)
def test_only_calls_that_the_tree_shows_are_told(effect: Effect, kept: Effect | None) -> None:
    beside = Effect(EffectKind.CALLS, ("new",))
    assert proven([effect, beside], "python", BEFORE, AFTER) == [*([kept] if kept else []), beside]


def test_without_a_grammar_all_is_told() -> None:
    effect = Effect(EffectKind.CALLS, ("nothing",))
    assert proven([effect], "cobol", BEFORE, AFTER) == [effect]


def test_the_rows_of_a_change_lie_within_the_definition() -> None:
    one, other = Symbol("a", "function", 2, 5), Symbol("a", "function", 2, 9)
    before, after = places([Hunk(0, 4, 0, 20)], (b"x", one), (b"y", other))
    assert (before.rows, after.rows) == ([(2, 4)], [(2, 9)])
