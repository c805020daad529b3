"""One piece of text that becomes another wherever a diff changes a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.tokens import is_paired

#: A longer piece of a line is not told.
MAX_CODE = 36
#: How alike two titles are of which one took the other's place.
SAME_TITLE = 0.7


@dataclass(frozen=True, slots=True)
class Replacement:
    """A piece of text that became another in `places` lines, which are nearly all that change."""

    old: str
    new: str
    places: int


def is_whole(text: str) -> bool:
    """Whether a piece of a line can stand alone: short, no single letter, brackets closed."""
    return 1 < len(text) <= MAX_CODE and "\n" not in text and is_paired(text)


def without_successor(changes: Iterable[SymbolChange], files: Iterable[FileDiff]) -> list[SymbolChange]:
    """The definitions of some changes that are gone, but for those in whose lines as many others begin."""
    moved = [item for item in changes if item.change in ("added", "removed")]
    by_path: dict[str, list[SymbolChange]] = {}
    for item in moved:
        by_path.setdefault(item.path, []).append(item)
    followed: set[int] = set()
    for file in files:
        for hunk in file.hunks if file.path in by_path else ():
            both = [item for item in by_path[file.path] if _begins_in(item, hunk)]
            removed = [id(item) for item in both if item.change == "removed"]
            if 2 * len(removed) <= len(both):
                followed.update(removed)
    return [item for item in moved if item.change == "removed" and id(item) not in followed]


def _begins_in(item: SymbolChange, hunk: Hunk) -> bool:
    if item.change == "removed":
        return hunk.old_start <= item.line < hunk.old_start + hunk.old_count
    return hunk.new_start <= item.line < hunk.new_start + hunk.new_count


_COPYRIGHT = re.compile(r"copyright|©|\(c\)", re.IGNORECASE)


def only_years(hunks: Iterable[tuple[Sequence[str], Sequence[str]]]) -> bool:
    """Whether nothing but the years of copyrights change, in hunks given as (removed, added)."""
    lines = [pair for removed, added in hunks for pair in zip_longest(removed, added, fillvalue="")]
    return bool(lines) and all(
        _COPYRIGHT.search(old) and re.sub(r"\d{4}", "", old) == re.sub(r"\d{4}", "", new) for old, new in lines
    )


_TOKEN = re.compile(r"[^\W\d]\w*(?:[.-]\w+)*|\d\w*(?:\.\w+)*|\s+|[^\w\s]")


def replacement_of(hunks: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Replacement | None:
    """The one piece of text that becomes another in all changed lines, given as (removed, added); None where not."""
    pair: tuple[str, str] | None = None
    places = 0
    for removed, added in hunks:
        if len(removed) != len(added):
            return None
        for old, new in zip(removed, added, strict=True):
            found = _one_piece(old, new)
            if found is None or (pair is not None and found != pair):
                return None
            pair = found
            places += 1
    if pair is None or not all(re.search(r"\w", piece) and is_whole(piece) for piece in pair):
        return None
    return Replacement(*pair, places)


def _one_piece(old: str, new: str) -> tuple[str, str] | None:
    """The token that differs between two lines, the same one wherever some differ."""
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(one) != len(other):
        return None
    pairs = {(left, right) for left, right in zip(one, other, strict=True) if left != right}
    return next(iter(pairs)) if len(pairs) == 1 else None


def is_same_title(one: str, other: str) -> bool:
    """Whether one title is the other one with a few words more or less."""
    short, long = sorted((one, other), key=len)
    return short in long or SequenceMatcher(None, one, other).ratio() >= SAME_TITLE
