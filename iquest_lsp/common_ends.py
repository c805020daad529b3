"""What two sequences have in common at their ends: between them lies what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import AnyStr


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


def common_start(one: AnyStr, other: AnyStr) -> int:
    """How many characters two long texts begin with alike."""
    return _alike(min(len(one), len(other)), lambda start, end: one[start:end] == other[start:end])


def changed_part(before: AnyStr, after: AnyStr) -> tuple[int, int]:
    """How many characters of two long texts are the same at either end, the rest being what changed."""
    head = common_start(before, after)
    one, other = len(before), len(after)
    tail = _alike(
        min(one, other) - head, lambda start, end: before[one - end : one - start] == after[other - end : other - start]
    )
    return head, tail


def _alike(most: int, same: Callable[[int, int], bool]) -> int:
    """How many characters are the same from one end on, up to `most`; halving leaves the comparing to slices."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low
