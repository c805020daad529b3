"""One side of a hunk as tokens."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.effects.meaning import meaning_of
from iquest_lsp.codeflow.syntax.effects.tokens import (
    Side,
    alike,
    arguments,
    closed,
    condition_at,
    nearest_condition,
    slid,
    unturned,
)


@pytest.mark.parametrize(
    ("lines", "tokens"),
    [
        ([], []),
        (["# only a comment"], []),
        (["a = b  # why"], ["a", "=", "b"]),
        (["f(\"a b\", 'c')"], ["f", "(", '"a b"', ",", "'c'", ")"]),
        (["a is  not b", "c not in d"], ["a", "is  not", "b", "c", "not in", "d"]),
        (["a === b && c->d"], ["a", "===", "b", "&&", "c", "->", "d"]),
        (["a + \\", "  1.5"], ["a", "+", "1.5"]),
        (["print!(x)"], ["print!", "(", "x", ")"]),
        (["字 = 1"], ["字", "=", "1"]),
    ],
)
def test_lines_are_tokens_without_comments(lines: list[str], tokens: list[str]) -> None:
    assert Side.of(lines).tokens == tokens


def test_tokens_are_shown_as_they_are_written() -> None:
    side = Side.of(["f( a,", "   b)"])
    assert side.shown(2, 5) == "a, b"
    assert side.shown(2, 2) == ""
    assert (side.line(0), side.line(4), side.line(99)) == ("f( a,", "b)", "b)")
    assert side.is_long(1, 5)
    assert not side.is_long(2, 3)
    assert side.left_of(4) == ""


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("if a and b:", "a and b"),
        ("} else if (a) {", "(a)"),
        ("if (a) return;", "(a)"),
        ("while (a && (b)) {", "(a && (b))"),
        ("if (a) && (b) {", "(a) && (b)"),
        ("if (a", ""),
        ("iffy(a)", ""),
        ("a = b", ""),
    ],
)
def test_the_condition_of_a_line(line: str, condition: str) -> None:
    assert condition_at(Side.of([line]), 1) == condition


def test_the_condition_that_is_most_alike() -> None:
    side = Side.of(["if size > 1:", "    a", "if name == 2:", "    b"])
    assert nearest_condition("name == 3", side) == "name == 2"
    assert nearest_condition("name", Side.of([])) == ""


@pytest.mark.parametrize(("text", "bare"), [("!(a)", "a"), ("not a", "a"), ("(!a)", "a"), ("a != b", "a!=b"), ("", "")])
def test_a_condition_without_what_turns_it(text: str, bare: str) -> None:
    assert unturned(text) == bare


def test_a_condition_that_turns_and_asks_for_more_is_another_one() -> None:
    found = meaning_of([(["if a not in b:"], ["if a in b and c:"])]).effects
    assert [(effect.kind, effect.values) for effect in found] == [
        (EffectKind.CONDITION, ("a not in b", "a in b and c"))
    ]


def test_the_arguments_of_a_call() -> None:
    side = Side.of(["f(a, g(b), [c])"])
    assert arguments(side, 1) == ["a", ",", "g", "(", "b", ")", ",", "[", "c", "]"]
    assert arguments(Side.of(["f(a"]), 1) == ["a"]
    assert alike(["a"], ["a", "b"])
    assert not alike([], ["a"])
    assert not alike(["b"], ["a", "b"])


@pytest.mark.parametrize(
    ("text", "expected"), [(" a),", "a"), ("(a", "a"), ("f(a)", "f(a)"), ("((a)", "(a)"), (")", "")]
)
def test_brackets_without_a_partner_go(text: str, expected: str) -> None:
    assert closed(text) == expected


def test_an_argument_that_comes_is_told_with_its_comma() -> None:
    old, new = Side.of(["f(a, a)"]), Side.of(["f(a, b, a)"])
    assert slid((3, 3, 4, 6), old, new) == (3, 3, 4, 6) or new.shown(*slid((3, 3, 4, 6), old, new)[2:]) in ("b,", ", b")
    assert slid((2, 3, 2, 3), old, new) == (2, 3, 2, 3)  # one that is replaced stays
