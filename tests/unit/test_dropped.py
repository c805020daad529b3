"""Why something stays out: a kind decides, and every kind has words."""

from __future__ import annotations

import pytest

from iquest_lsp.dropped import OVER_BUDGET, POINTER, DropKind, DropReason, are_of_pointers, drop_words


@pytest.mark.parametrize("kind", DropKind)
def test_every_kind_has_words(kind: DropKind) -> None:
    values = tuple(f"value-{number}" for number in range(3))
    words = drop_words(DropReason(kind, values))
    assert words
    assert "{" not in words


def test_what_there_was_no_room_for_says_what_it_was_wanted_for() -> None:
    wanted = "imports cart.py (twice)"
    assert drop_words(DropReason(DropKind.BUDGET, wanted_for=wanted)) == f"over the budget ({wanted})"
    reason = DropReason(DropKind.BUDGET_LINES, ("1", "9", "40"), wanted)
    assert drop_words(reason) == f"over the budget: lines 1 to 9, 40 tokens ({wanted})"
    assert all(drop_words(DropReason(kind, ("1", "9", "40"))).startswith("over the budget") for kind in OVER_BUDGET)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([f"{POINTER}v1", "oid sha256:" + "a" * 64, "size 12"], True),
        (["oid sha256:" + "a" * 64, "oid sha256:" + "b" * 64, "size 1", "size 2"], True),
        (["size 1", "size 2"], False),
        (["x = 1", "oid sha256:" + "a" * 64], False),
        ([], False),
    ],
)
def test_lines_of_pointers_of_git_lfs(lines: list[str], told: bool) -> None:
    assert are_of_pointers(lines) is told
