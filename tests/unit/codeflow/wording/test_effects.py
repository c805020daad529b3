"""What a change of a definition does, in words."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.filters import Ground, Objection
from iquest_lsp.codeflow.facts import WITHHELD
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.wording.effects import (
    COMMENTS,
    MAX_SHOWN,
    action_words,
    detail,
    effect_words,
    left_out_words,
    told_as,
)

TWO = (EffectKind.BECOMES, EffectKind.VALUE_BECOMES, EffectKind.RAISES_VERSION, EffectKind.LOWERS_VERSION)


@pytest.mark.parametrize("kind", EffectKind)
def test_each_effect_has_words(kind: EffectKind) -> None:
    values = ("a", "b") if kind in TWO else ("a", "b", "c")
    words = effect_words(Effect(kind, values))
    assert words
    assert "{" not in words


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        (Effect(EffectKind.CALLS, ("read",)), "now calls `read`"),
        (Effect(EffectKind.CALLS_NO_MORE, ("a", "b", "c")), "no longer calls `a`, `b` and 1 more"),
        (Effect(EffectKind.TAKES, ("a", "b")), "takes the new parameters `a`, `b`"),
        (Effect(EffectKind.TURNS, ("<", "<=", "if a <= b:")), "`<` becomes `<=` in `if a <= b:`"),
        (Effect(EffectKind.COMES, ("x" * 99,)), f"`{'x' * (MAX_SHOWN - 1)}…` is new"),
        (Effect(EffectKind.COMES, ("src/" + "x" * 99 + ".py",)), f"`src/{'x' * 99}.py` is new"),
        (Effect(EffectKind.WITHHELD), WITHHELD),
    ],
)
def test_an_effect_is_told(effect: Effect, told: str) -> None:
    assert effect_words(effect) == told


def test_of_long_values_what_stands_around_their_difference_is_told() -> None:
    before, after = (f"{'word ' * 40}{last} {'end ' * 40}" for last in ("old", "new"))
    told = effect_words(Effect(EffectKind.VALUE_BECOMES, (before, after)))
    assert "old" in told
    assert "new" in told
    assert len(told) < 3 * MAX_SHOWN


def change(kind: str, **more: object) -> SymbolChange:
    return SymbolChange("a.py", "read", "function", kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (change("added"), ""),
        (change("renamed", old_name="load"), "load → read"),
        (change("moved", old_name="load", old_path="b.py"), "from b.py::load"),
        (
            change("body", effects=(Effect(EffectKind.CALLS, ("f",)), Effect(EffectKind.USES, ("g",)))),
            "now calls `f`, now uses `g`",
        ),
        (change("signature", old_signature="read()", signature="read(a)"), "takes the new parameter `a`"),
        (
            change("signature", old_signature="read()", signature="read(a)", effects=(Effect(EffectKind.WITHHELD),)),
            WITHHELD,
        ),
        (change("test", effects=(Effect(EffectKind.CALLS, ("f",)),)), ""),
        (change("removed", effects=(Effect(EffectKind.COMMENTED_OUT),)), "commented out"),
    ],
)
def test_what_there_is_to_say_beside_the_kind(item: SymbolChange, told: str) -> None:
    assert detail(item) == told


def test_comments_are_told_apart_from_documentation() -> None:
    assert told_as(change("doc", effects=(Effect(EffectKind.COMMENTS_ONLY),))) == COMMENTS
    assert told_as(change("doc")) == "doc"


def test_actions_are_told_once_each_and_counted() -> None:
    some = [change("added"), change("added"), change("renamed", old_name="load"), change("removed")]
    assert action_words(some, 3) == "added read; renamed read (load → read); and 1 more"
    assert action_words([], 3) == ""


def test_an_objection_stands_in_the_place_of_a_reason() -> None:
    assert left_out_words(Objection(Ground.MERGE)) == "left out (credibility: a merge)"
