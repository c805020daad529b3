"""A definition, and which of a file's definitions some lines belong to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbol:
    """One definition.

    `signature` is its head without the body, white space squeezed; `head` is the line after that head's last one;
    `doc` are the lines of its documentation (comment above or docstring), empty when `doc[0] == doc[1]`.
    """

    name: str
    kind: str
    start: int
    end: int
    signature: str = ""
    head: int = 0
    doc: tuple[int, int] = (0, 0)

    @property
    def short(self) -> str:
        """The name without its qualification."""
        return self.name.rsplit(".", 1)[-1]

    @property
    def public(self) -> bool:
        """False when the name is private by the usual conventions."""
        return not any(part.startswith("_") and not part.endswith("__") for part in self.name.split("."))


def at_line(symbols: tuple[Symbol, ...], line: int) -> Symbol | None:
    """The innermost definition that holds a line."""
    best: Symbol | None = None
    for symbol in symbols:
        if symbol.start <= line < symbol.end and (best is None or symbol.end - symbol.start <= best.end - best.start):
            best = symbol
    return best


def touched(symbols: tuple[Symbol, ...], start: int, count: int) -> list[Symbol]:
    """The innermost definitions that lines `start` to `start + count` touch; for no lines, the one around that gap."""
    if count <= 0:
        # A gap before line `start`: inside a definition only if the definition goes on on both sides.
        hits = [item for item in symbols if item.start < start < item.end]
    else:
        hits = [item for item in symbols if item.start < start + count and start < item.end]
    return [item for item in hits if not _inner_covers(item, hits, start, count)]


def _inner_covers(outer: Symbol, hits: list[Symbol], start: int, count: int) -> bool:
    """True when every touched line of `outer` lies in definitions inside it."""
    inner = [
        item
        for item in hits
        if item is not outer
        and outer.start <= item.start
        and item.end <= outer.end
        and (item.end - item.start) < (outer.end - outer.start)
    ]
    if not inner:
        return False
    lines = range(max(start, outer.start), min(start + max(count, 1), outer.end))
    return all(any(item.start <= line < item.end for item in inner) for line in lines)
