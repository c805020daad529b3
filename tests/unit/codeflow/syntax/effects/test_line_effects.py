"""What changed lines do."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.line_effects import MAX_FACTS, effects, plain_effects

Told = list[tuple[EffectKind, tuple[str, ...]]]


def told(found: list[Effect]) -> Told:
    return [(effect.kind, effect.values) for effect in found]


@pytest.mark.parametrize(
    ("removed", "added", "expected"),
    [
        ([], [], []),
        ([], ["    raise ValueError(a)"], [(EffectKind.RAISES, ("ValueError",))]),
        ([], ["    throw new KitException(a);"], [(EffectKind.RAISES, ("KitException",))]),
        (["    raise ValueError"], [], [(EffectKind.RAISES_NO_MORE, ("ValueError",))]),
        ([], ["    except (OSError, ValueError) as e:"], [(EffectKind.HANDLES, ("OSError, ValueError",))]),
        (["if a < b:"], ["if a <= b:"], [(EffectKind.TURNS, ("<", "<=", "if a <= b:"))]),
        (["a = 1"], ["a = 2"], [(EffectKind.TURNS, ("1", "2", "a = 2"))]),
        ([], ["    if size > limit:"], [(EffectKind.CHECKS, ("size > limit",))]),
        ([], ["    save(a)"], [(EffectKind.CALLS, ("save",))]),
        (["    save(a)"], [], [(EffectKind.CALLS_NO_MORE, ("save",))]),
        # What only stands elsewhere, comments and words in texts are nothing.
        (["    save(a)"], ["        save(a)"], []),
        ([], ["    # save(a)"], []),
        ([], ["    'raise ValueError'"], [(EffectKind.ADDS_TEXT, ("'raise ValueError'",))]),
    ],
)
def test_what_lines_do(removed: list[str], added: list[str], expected: Told) -> None:
    assert told(effects(removed, added)) == expected


def test_what_stood_in_the_definition_before_does_not_come() -> None:
    assert effects([], ["    save(a)"], before=["    save(b)"]) == []


def test_only_the_most_telling_are_told() -> None:
    added = ["raise AError", "except BError:", "if c > d:", "    e(1)", "    f(2)"]
    assert len(effects([], added)) == MAX_FACTS
    assert effects([], [f"    f{number}(1)" for number in range(9)]) == []


@pytest.mark.parametrize(
    ("removed", "added", "expected"),
    [
        ([], [], []),
        (["a = b"], ["a = c"], [(EffectKind.BECOMES, ("a = b", "a = c"))]),
        ([], ["a = b"], [(EffectKind.COMES, ("a = b",))]),
        (["a = b", "}"], [], [(EffectKind.GOES, ("a = b",))]),
        (["    a"], ["  a"], [(EffectKind.INDENTS, ("a",))]),
        (["a  # one"], ["a  # two"], [(EffectKind.COMMENTS_ONLY, ())]),
        (["a"], ["a"], [(EffectKind.MOVES_LINE, ("a",))]),
        (["# one"], ["# two"], []),
    ],
)
def test_lines_as_they_are(removed: list[str], added: list[str], expected: Told) -> None:
    assert told(plain_effects(removed, added)) == expected


def test_of_a_long_line_the_part_that_differs_is_told() -> None:
    rest = "call(" + ", ".join(f"argument{number}" for number in range(12)) + ", "
    assert told(plain_effects([f"{rest}old)"], [f"{rest}new)"])) == [(EffectKind.BECOMES, ("old", "new"))]
