"""One effect of a change."""

from __future__ import annotations

from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, is_of_comments, named


def test_names_make_one_effect_and_none_makes_none() -> None:
    assert named(EffectKind.CALLS, []) == []
    assert named(EffectKind.CALLS, ["b", "a"]) == [Effect(EffectKind.CALLS, ("b", "a"))]
    assert named(EffectKind.CALLS, {"b", "a"}) == [Effect(EffectKind.CALLS, ("a", "b"))]


def test_comments_alone_are_told_apart() -> None:
    comments = Effect(EffectKind.COMMENTS_ONLY)
    assert is_of_comments([comments])
    assert not is_of_comments([])
    assert not is_of_comments([comments, Effect(EffectKind.COMES, ("a",))])


def test_kinds_are_kept_by_their_words() -> None:
    assert len({kind.value for kind in EffectKind}) == len(EffectKind)
    assert all(EffectKind(kind.value) is kind for kind in EffectKind)
