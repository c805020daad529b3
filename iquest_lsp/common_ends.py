"""What two sequences have in common at their ends: between them lies what changed."""

from __future__ import annotations

from collections.abc import Sequence


def common_head(one: Sequence[object], other: Sequence[object]) -> int:
    """How many elements two sequences begin with alike."""
    least = min(len(one), len(other))
    count = 0
    while count < least and one[count] == other[count]:
        count += 1
    return count


def common_tail(one: Sequence[object], other: Sequence[object], most: int | None = None) -> int:
    """How many elements two sequences end with alike, at `most` so many."""
    least = min(len(one), len(other)) if most is None else most
    count = 0
    while count < least and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def common_ends(one: Sequence[object], other: Sequence[object]) -> tuple[int, int]:
    """How many elements two sequences share at their beginning, and, of the rest, at their end."""
    head = common_head(one, other)
    return head, common_tail(one, other, min(len(one), len(other)) - head)
