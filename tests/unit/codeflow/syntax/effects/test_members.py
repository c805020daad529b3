"""Members and attributes that a definition gains and loses."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.members import (
    is_mark,
    marks,
    members,
    with_lifetimes,
    without_lifetimes,
)

COME, GONE = EffectKind.GAINS_MEMBER, EffectKind.LOSES_MEMBER
Told = list[tuple[EffectKind, tuple[str, ...]]]


def told(effects: list[Effect]) -> Told:
    return [(effect.kind, effect.values) for effect in effects]


@pytest.mark.parametrize(
    ("kind", "removed", "added", "expected"),
    [
        ("enum", [], ["  RED,", "  BLUE = 2,"], [(COME, ("RED", "BLUE"))]),
        ("enum", ["  RED"], ["  RED,"], []),
        ("struct", [], ["    pub size: u32,"], [(COME, ("size",))]),
        ("struct", ['\tSize int `json:"size"`'], [], [(GONE, ("Size",))]),
        ("struct", [], ["  unsigned long size[4]; // how much"], [(COME, ("size",))]),
        ("interface", [], ["  readonly size?: number;", "  read(): void;"], [(COME, ("size", "read"))]),
        # A value that is made by a call belongs to the same member.
        ("class", ['  static final String KEY = "a";'], ['  static final String KEY = "a".concat("b");'], []),
        # A member's type in a line of its own is none.
        ("struct", ["        FnMut(&A) -> B + Send"], ["        dyn FnMut(&A) -> B + Send"], []),
        # Comments and attributes are no members; a function has none.
        ("enum", [], ["  // RED,", "  #[serde(\n", "    rename)]"], []),
        ("function", [], ["  size: int"], []),
        ("enum", [], [], []),
    ],
)
def test_members_that_come_and_go(kind: str, removed: list[str], added: list[str], expected: Told) -> None:
    assert told(members(kind, removed, added)) == expected


@pytest.mark.parametrize(
    ("removed", "added", "expected"),
    [
        ([], ["@cached"], [(EffectKind.GAINS_MARK, ("@cached",))]),
        (
            ["#[derive(Debug)]"],
            ["#[derive(Clone)]"],
            [(EffectKind.GAINS_MARK, ("#[derive(Clone)]",)), (EffectKind.LOSES_MARK, ("#[derive(Debug)]",))],
        ),
        (["  @cached"], ["@cached"], []),
        (["a = b[1]"], ["x @ y"], []),
    ],
)
def test_marks_that_come_and_go(removed: list[str], added: list[str], expected: Told) -> None:
    assert told(marks(removed, added)) == expected


@pytest.mark.parametrize(
    ("line", "is_one"),
    [("@kit.mark(a)", True), ("#![allow(x)]", True), ("[Test]", True), ("a@b", False), ("# note", False), ("", False)],
)
def test_a_mark_is_a_line_of_its_own(line: str, is_one: bool) -> None:
    assert is_mark(line) is is_one


def test_lifetimes_do_not_look_like_texts_and_come_back() -> None:
    line = "fn read<'a>(x: &'a str) -> char { 'a' }"
    bare = without_lifetimes(line)
    assert bare.count("'") == 2
    assert with_lifetimes(Effect(EffectKind.COMES, (bare,))) == Effect(EffectKind.COMES, (line,))
