"""What an answer lacks, collected on the way."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.gaps import LISTS, Gap, GapKind, Gaps


def test_nothing_is_missing_at_first() -> None:
    assert Gaps().told() == ()
    assert not Gaps().has(GapKind.TIME)


def test_paths_add_up_once_each() -> None:
    gaps = Gaps()
    gaps.add(GapKind.LARGE, "a", "b")
    gaps.add(GapKind.LARGE, "b", "c")
    assert gaps.told() == (Gap(GapKind.LARGE, ("a", "b", "c")),)


def test_of_counts_the_last_one_holds() -> None:
    gaps = Gaps()
    gaps.add(GapKind.USES, 10)
    gaps.add(GapKind.USES, 20)
    assert gaps.told() == (Gap(GapKind.USES, ("20",)),)


@pytest.mark.parametrize(("most", "count", "told"), [(5, 5, ()), (5, 4, ()), (5, 6, (Gap(GapKind.STEPS, ("5", "6")),))])
def test_only_what_is_cut_off_is_told(most: int, count: int, told: tuple[Gap, ...]) -> None:
    gaps = Gaps()
    gaps.cut(GapKind.STEPS, most, count)
    assert gaps.told() == told


def test_gaps_are_told_in_the_order_of_their_kinds() -> None:
    gaps = Gaps()
    for kind in reversed(GapKind):
        gaps.add(kind, "x")
    assert [gap.kind for gap in gaps.told()] == list(GapKind)
    assert {gap.kind for gap in gaps.told() if gap.kind in LISTS} == LISTS
