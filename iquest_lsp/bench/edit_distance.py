"""How far a text is from another, counted in words and signs put in and taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from iquest_lsp.nextedit.pieces import pieces
from iquest_lsp.nextedit.records import Edit


def is_same(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space."""
    return [item.text for item in pieces(one)] == [item.text for item in pieces(other)]


def is_on_the_way(old: str, taken: str, new: str) -> bool:
    """Whether `taken` lies on a shortest way from `old` to `new`, counted in words and signs put in and taken out."""
    one, middle, other = ([item.text for item in pieces(text)] for text in (old, taken, new))
    return one != middle and _distance(one, middle) + _distance(middle, other) == _distance(one, other)


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    one, other = one[head:], other[head:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return len(one) + len(other) - 2 * _common(one, other)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, by a row of bits (Hyyrö 2004)."""
    masks: dict[str, int] = {}
    for at, word in enumerate(other):
        masks[word] = masks.get(word, 0) | 1 << at
    whole = (1 << len(other)) - 1
    row = whole
    for word in one:
        hit = row & masks.get(word, 0)
        row = ((row + hit) | (row - hit)) & whole
    return len(other) - row.bit_count()


def typed(edit: Edit) -> int:
    """Characters of an edit's new pieces."""
    new = Counter(item.text for item in pieces("\n".join(edit.new)))
    old = Counter(item.text for item in pieces("\n".join(edit.old)))
    return sum(len(text) * count for text, count in (new - old).items())
