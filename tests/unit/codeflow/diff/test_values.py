"""Two values of a key compared: versions, lists by their items, texts."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.values import (
    keys_instead,
    line_values,
    same_value,
    same_words,
    shown,
    unlisted,
    value_effects,
)
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

BECOMES, RAISES, LOWERS = EffectKind.VALUE_BECOMES, EffectKind.RAISES_VERSION, EffectKind.LOWERS_VERSION
COMES, GOES = EffectKind.COMES, EffectKind.GOES
Told = list[tuple[EffectKind, tuple[str, ...]]]


def told(effects: list[Effect]) -> Told:
    return [(effect.kind, effect.values) for effect in effects]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("1", "2", [(BECOMES, ("1", "2"))]),
        ("a\n  b", "c", [(BECOMES, ("a b", "c"))]),
        ('["a", "b"]', '["a", "c"]', [(BECOMES, ('"b"', '"c"'))]),
        ('["a"]', '["a", "b", "c"]', [(COMES, ('"b"',)), (COMES, ('"c"',))]),
        ("[a, b]", "[a]", [(GOES, ('"b"',))]),
        # A comma in a text parts no items.
        ('[a, "b, c"]', "[a]", [(GOES, ('"b, c"',))]),
        ("[1, 2]", "[1, '2']", [(BECOMES, ("2", '"2"'))]),
        ('{version = "1.2", a = 1}', '{version = "1.3", a = 1}', [(RAISES, ("1.2", "1.3"))]),
        # Lists that go too deep for any reader are told as they are written.
        ("[" * 1990, "1", [(BECOMES, ("[" * 1990, "1"))]),
    ],
)
def test_what_a_value_becomes(before: str, after: str, expected: Told) -> None:
    assert told(value_effects(before, after)) == expected


@pytest.mark.parametrize("depth", [10, 900, 1990])
def test_lists_in_lists_end_no_reading(depth: int) -> None:
    assert value_effects("[" * depth, "[" * (depth + 1))
    assert not same_value("[" * depth, "[" * (depth + 1) + "1")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("1.2", "1.10", RAISES),
        ('"^1.2.0"', '"~1.1"', LOWERS),
        (">=3.9", ">=3.10", RAISES),
        ("v1.2-rc1", "v1.2", BECOMES),
        ("1", "2", BECOMES),
        ("1.2", "main", BECOMES),
        ("1.0", "1." + "9" * 5000, RAISES),  # Python reads no number of so many digits
    ],
)
def test_a_version_goes_up_or_down(before: str, after: str, kind: EffectKind) -> None:
    assert [effect.kind for effect in value_effects(before, after, version=True)] == [kind]


@pytest.mark.parametrize(
    ("before", "after", "removed", "added", "expected"),
    [
        ("1", "", ["a: 1"], ["a:"], [(GOES, ("1",))]),
        ("", "1", ["a:"], ["a: 1"], [(COMES, ("1",))]),
        ("", "1", ['"a": {'], ['"a": 1'], [(COMES, ("1",))]),
        ("1", "2", ["a: 1"], ["a: 2"], []),
        ("1", "", ["a: 1"], ["a: &x"], []),
    ],
)
def test_keys_in_the_place_of_a_value(
    before: str, after: str, removed: list[str], added: list[str], expected: Told
) -> None:
    assert told(keys_instead(before, after, removed, added)) == expected


def test_an_action_is_told_by_the_version_behind_its_commit() -> None:
    old, new = (f"  uses: kit/run@{sign * 40} # {version}" for sign, version in (("a", "v1"), ("b", "v2")))
    expected = ("kit/run@aaaaaaa # v1", "kit/run@bbbbbbb # v2")
    assert told(line_values("item", [old], [new])) == [(EffectKind.BECOMES, expected)]
    assert line_values("item", [old], [old.replace("a" * 40, "b" * 40)]) == []


def test_an_element_is_told_by_what_is_in_it() -> None:
    assert told(line_values("element", ["<Size>1</Size>"], ["  <Size>2</Size>"])) == [(BECOMES, ("1", "2"))]
    assert line_values("element", ["<Size>1</Size>"], ["<Width>2</Width>"]) == []


def test_files_that_come_and_go_in_a_list_of_files() -> None:
    found = told(line_values("variable", ["  src/a.c \\", "  src/b.c"], ["  src/a.c \\", "  src/c.c"]))
    assert found == [(COMES, ("src/c.c",)), (GOES, ("src/b.c",))]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [("[1,2]", "[1, 2]", True), ("[1]", "[1]", False), ("", "[]", False), ("[1]", "[2]", False), ("a", "b", False)],
)
def test_values_that_are_only_written_otherwise(before: str, after: str, same: bool) -> None:
    assert same_value(before, after) is same


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("a(b,\n  c)", "a(b, c)", True),
        ('"a b"', '"a  b"', False),
        ("a", "a", False),
        ("", " ", False),
        ("ab", "a b", False),
    ],
)
def test_the_same_words_in_other_lines(old: str, new: str, same: bool) -> None:
    assert same_words(old, new) is same


def test_values_as_they_are_quoted() -> None:
    assert shown({"a": ["ж", 1]}) == '{"a": ["ж", 1]}'
    assert [unlisted(line) for line in ("  - a: 1", "- - b", "c")] == ["a: 1", "- b", "c"]
