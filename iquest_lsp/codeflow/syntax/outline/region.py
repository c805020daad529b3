"""One named part of a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """Lines `start` to `end` (0-based, `end` not included) that have a name; an inner region lies in its outer one.

    `value` is what a key or a package has where that stands by itself: a scalar, or a list as written.
    """

    name: str
    kind: str
    start: int
    end: int
    value: str = ""


def nested(heads: list[tuple[int, int, str, str]], count: int, joint: str) -> tuple[Region, ...]:
    """Regions from heads (line, depth, kind, name): each goes to the next head that is no deeper, of `count` lines."""
    found: list[Region] = []
    outer: list[tuple[int, int, str, str]] = []
    for line, depth, kind, name in [*heads, (count, -1, "", "")]:
        while outer and outer[-1][1] >= depth:
            start, _, its_kind, full = outer.pop()
            found.append(Region(full, its_kind, start, line))
        outer.append((line, depth, kind, f"{outer[-1][3]}{joint}{name}" if outer else name))
    return tuple(sorted(found, key=lambda item: (item.start, -item.end)))
