"""Which definitions and which hunks lie on the rows of a file, found without going through all of them.

A generated file has thousands of definitions, and a commit may touch each: what is asked for each of them must not
take as long as the file is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol

#: Rows that are looked for one by one: somebody who types touches a few of a large file.
FEW = 16


def touched(symbols: Iterable[Symbol], start: int, count: int) -> list[Symbol]:
    """The innermost definitions that lines `start` to `start + count` touch; for no lines, the one around that gap."""
    return DefinitionRows(symbols).touched(start, count)


class DefinitionRows:
    """The definitions of a file by the rows (0-based) that they take."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self._symbols = list(symbols)
        self._by_start = sorted(self._symbols, key=lambda item: item.start)
        self._starts = [item.start for item in self._by_start]
        self._on: dict[int, list[int]] = {}
        self._asked = 0

    def touched(self, start: int, count: int) -> list[Symbol]:
        """The innermost definitions that rows `start` to `start + count` touch; for none, the one around that gap."""
        rows = range(start, start + max(count, 1))
        places = {place for row in rows for place in self._at(row)}
        hits = [self._symbols[place] for place in sorted(places)]
        if count <= 0:
            # A gap before row `start`: inside a definition only if the definition goes on on both sides.
            hits = [item for item in hits if item.start < start]
        return [item for item in hits if not self._is_covered(item, start, count)]

    def _at(self, row: int) -> Sequence[int]:
        """The places of the definitions on a row; all rows are gone through once so many were asked for."""
        if self._asked < FEW:
            self._asked += 1
            return [place for place, item in enumerate(self._symbols) if item.start <= row < item.end]
        if not self._on:
            for place, item in enumerate(self._symbols):
                for at in range(item.start, item.end):
                    self._on.setdefault(at, []).append(place)
        return self._on.get(row, ())

    def inside(self, outer: Symbol) -> set[int]:
        """The rows of the definitions inside `outer`."""
        prefix = f"{outer.name}."
        some = self._by_start[bisect_left(self._starts, outer.start) : bisect_left(self._starts, outer.end)]
        return {row for item in some if item.name.startswith(prefix) for row in range(item.start, item.end)}

    def _is_covered(self, outer: Symbol, start: int, count: int) -> bool:
        """Whether each row of `outer` among those lies in a shorter definition inside it."""
        size = outer.end - outer.start

        def is_inner(item: Symbol) -> bool:
            within = outer.start <= item.start and item.end <= outer.end and item.end - item.start < size
            return within and (count > 0 or item.start < start)

        rows = range(max(start, outer.start), min(start + max(count, 1), outer.end))
        return size > 1 and all(any(is_inner(self._symbols[place]) for place in self._at(row)) for row in rows)


class HunkRows:
    """The hunks of a file, in its order, by the rows that they take before and after."""

    def __init__(self, hunks: Sequence[Hunk]) -> None:
        self._hunks = hunks
        self._old = [hunk.old_start for hunk in hunks]
        self._new = [hunk.new_start for hunk in hunks]
        # git writes them in order; a patch that somebody made may not.
        self._in_order = self._old == sorted(self._old) and self._new == sorted(self._new)

    def touching(self, old: Symbol, new: Symbol) -> list[Hunk]:
        """The hunks that may touch rows of a definition, before or after; all those that do are among them."""
        if not self._in_order:
            return list(self._hunks)
        places = {
            place
            for starts, item in ((self._old, old), (self._new, new))
            for place in range(max(0, bisect_right(starts, item.start) - 1), bisect_left(starts, item.end))
        }
        return [self._hunks[place] for place in sorted(places)]
