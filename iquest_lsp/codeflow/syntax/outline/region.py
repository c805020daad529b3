"""One named part of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.definitions import PartKind


@dataclass(frozen=True, slots=True)
class Region:
    """Lines `start` to `end` (0-based, `end` not included) that have a name; an inner region lies in its outer one.

    `value` is what a key or a package has where that stands by itself: a scalar, or a list as written.
    """

    name: str
    kind: PartKind
    start: int
    end: int
    value: str = ""

    def inside(self, lines: Sequence[str]) -> list[str]:
        """Of a file's lines those below its first by which it is compared: those of one sign are alike everywhere."""
        return [bare for line in lines[self.start + 1 : self.end] if len(bare := line.strip()) > 1]


#: A longer name is a text that stands for one.
MAX_NAME = 80
_MARK = "…"


def shortened(name: str) -> str:
    """A name of a part as it is kept: it is compared, and told, as it is here. A long one ends with a mark."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + _MARK


def is_shortened(name: str) -> bool:
    """Whether a name is the beginning of a longer one."""
    return len(name) == MAX_NAME and name.endswith(_MARK)


#: A line where a region begins, its depth, its kind and its name.
RegionHead = tuple[int, int, PartKind, str]


def end_of(count: int) -> RegionHead:
    """What ends all regions of `count` lines."""
    return count, -1, "section", ""


def nested(heads: list[RegionHead], count: int, joint: str) -> tuple[Region, ...]:
    """Regions from heads: each goes to the next head that is no deeper, of `count` lines."""
    found: list[Region] = []
    outer: list[RegionHead] = []
    for line, depth, kind, name in [*heads, end_of(count)]:
        while outer and outer[-1][1] >= depth:
            start, _, its_kind, full = outer.pop()
            found.append(Region(full, its_kind, start, line))
        outer.append((line, depth, kind, f"{outer[-1][3]}{joint}{name}" if outer else name))
    return tuple(sorted(found, key=lambda item: (item.start, -item.end)))
