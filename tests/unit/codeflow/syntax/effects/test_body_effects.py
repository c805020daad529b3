"""What a change of a definition's body does."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.body_effects import body_effects, in_texts, text_effects
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind

Told = list[tuple[EffectKind, tuple[str, ...]]]
Pairs = list[tuple[list[str], list[str]]]


@pytest.mark.parametrize(
    ("kind", "pairs", "language", "expected"),
    [
        ("function", [], "python", []),
        ("enum", [([], ["  RED,"])], "java", [(EffectKind.GAINS_MEMBER, ("RED",))]),
        ("function", [([], ["@cached"])], "python", [(EffectKind.GAINS_MARK, ("@cached",))]),
        ("function", [([], ["@size = 1"])], "ruby", [(EffectKind.COMES, ("@size = 1",))]),
        ("constant", [(["A = 1"], ["A = 2"])], "python", [(EffectKind.BECOMES, ("A = 1", "A = 2"))]),
        (
            "function",
            [(["    save(a)"], []), ([], ["    save(a)"])],
            "python",
            [(EffectKind.MOVES_LINE, ("save(a)",))],
        ),
        ("function", [(["    # one"], ["    # two"])], "python", []),
        ("function", [([], ["    let a: &'a str = b;"])], "rust", [(EffectKind.COMES, ("let a: &'a str = b;",))]),
    ],
)
def test_what_a_body_does(kind: str, pairs: Pairs, language: str, expected: Told) -> None:
    found = body_effects(kind, pairs, [], [], language)
    assert [(effect.kind, effect.values) for effect in found] == expected


def test_a_mark_that_only_stands_elsewhere_has_not_come() -> None:
    lines = ["@cached", "def f(): ..."]
    assert body_effects("function", [([], ["@cached"])], lines, lines, "python") == []


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(['f("",'], ['f(""'])], True),
        ([(["a"], ["b"])], False),
        ([], True),
        ([([""], [])], True),
    ],
)
def test_only_words_of_texts_change(pairs: Pairs, expected: bool) -> None:
    assert in_texts(pairs) is expected


def test_one_line_of_a_text_is_told_as_it_is_and_more_are_said_to_change() -> None:
    assert [effect.kind for effect in text_effects([(["One."], ["Two."])])] == [EffectKind.BECOMES]
    assert [effect.kind for effect in text_effects([(["One.", "b"], ["Two.", "c"])])] == [EffectKind.TEXTS_ONLY]
