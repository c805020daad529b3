"""Parts with numbers keep those they had where one comes before them."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.list_items import by_versions, keyed_regions, under_old_numbers
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.outline.region import Region


def items(*rows: int, outer: str = "a") -> list[Region]:
    return [Region(f"{outer}[{number}]", "key", row, row + 1) for number, row in enumerate(rows)]


def names(regions: list[Region]) -> list[str]:
    return [item.name for item in regions]


def test_nothing_changes_where_nothing_comes() -> None:
    assert under_old_numbers(items(1, 2), items(1, 2), lambda row: row) == items(1, 2)
    assert under_old_numbers([], items(1, 2), lambda row: row) == items(1, 2)


def test_an_item_that_comes_first_takes_no_number_of_another() -> None:
    found = under_old_numbers(items(1, 2), items(1, 2, 3), lambda row: row + 1)
    assert names(found) == ["a[0, new]", "a[0]", "a[1]"]


def test_what_stands_in_an_item_goes_with_it() -> None:
    new = [*items(1, 2), Region("a[1].b", "key", 2, 3)]
    assert names(under_old_numbers(items(1), new, lambda row: row + 1)) == ["a[0, new]", "a[0]", "a[0].b"]


def test_after_one_that_goes_the_others_keep_theirs() -> None:
    found = under_old_numbers(items(1, 2), items(1), lambda row: None if row == 1 else row - 1)
    assert names(found) == ["a[1]"]


def test_several_parts_of_one_name_are_counted() -> None:
    regions = [Region("if", "statement", 0, 1), Region("if", "statement", 2, 3), Region("if", "key", 4, 5)]
    assert set(keyed_regions(regions)) == {("if", "statement", 0), ("if", "statement", 1), ("if", "key", 0)}


def test_counted_parts_keep_the_count_they_had() -> None:
    earlier = keyed_regions([Region("if", "statement", 0, 1)])
    new = [Region("if", "statement", 0, 1), Region("if", "statement", 3, 4)]
    found = keyed_regions(new, earlier, lambda row: row + 3)
    assert {key: item.start for key, item in found.items()} == {
        ("if", "statement", 0): 3,
        ("if", "statement", 1): 0,
    }


def _packages(*versions: str) -> list[Region]:
    return [Region("kit", "package", at, at + 1, version) for at, version in enumerate(versions)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["1.0", "2.0"], ["2.0", "3.0"], [(EffectKind.RAISES_VERSION, ("1.0", "3.0"))]),
        (["1.0", "2.0"], ["3.0", "4.0"], [(EffectKind.COMES, (version,)) for version in ("3.0", "4.0")]),
        (["1.0", "2.0"], ["2.0", "1.0"], []),
    ],
)
def test_versions_of_a_package_are_compared_as_a_whole(
    old: list[str], new: list[str], expected: list[tuple[EffectKind, tuple[str, ...]]]
) -> None:
    wrong = SymbolChange("a.lock", "kit", "package", "body", effects=(Effect(EffectKind.RAISES_VERSION, ("1", "9")),))
    found = [*by_versions([wrong, wrong], _packages(*old), _packages(*new))]
    told = [(effect.kind, effect.values) for item in found for effect in item.effects]
    assert [effect for effect in told if effect[0] is not EffectKind.GOES] == expected
    assert len(found) <= 1


def test_a_version_beside_another_is_added() -> None:
    wrong = SymbolChange("a.lock", "kit", "package", "body", effects=(Effect(EffectKind.RAISES_VERSION, ("1", "9")),))
    [come] = by_versions([wrong], _packages("1.0"), _packages("1.0", "2.0"))
    assert (come.change, come.signature, come.effects) == ("added", "2.0", ())
    [gone] = by_versions([wrong], _packages("1.0", "2.0"), _packages("2.0"))
    assert (gone.change, gone.signature) == ("removed", "1.0")


def test_a_package_with_one_version_is_told_as_it_is() -> None:
    part = SymbolChange("a.lock", "kit", "package", "body")
    assert [*by_versions([part], _packages("1.0"), _packages("2.0"))] == [part]


def test_what_else_changes_of_a_package_with_several_versions_is_told() -> None:
    part = SymbolChange("a.lock", "kit", "package", "body", effects=(Effect(EffectKind.BECOMES, ("a", "b")),))
    assert [*by_versions([part], _packages("1.0", "2.0"), _packages("1.0", "2.0"))] == [part]
