"""The items of lists that are named by their number, which change their names where one comes before them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from iquest_lsp.codeflow.syntax.forms import Rows
from iquest_lsp.codeflow.syntax.outline.region import Region

_NUMBERED = re.compile(r"(.*)\[\d+\]$")


def under_old_numbers(old: Iterable[Region], new: Sequence[Region], rows: Rows) -> list[Region]:
    """The later regions, those of items that were there before under the numbers that they had.

    `rows` gives the row that a row of the earlier text has in the later one.
    """
    starts = {(found[1], item.kind, item.start): item.name for item in new if (found := _NUMBERED.match(item.name))}
    renamed: dict[str, str] = {}
    for item in old:
        found = _NUMBERED.match(item.name)
        row = rows(item.start) if found else None
        name = starts.get((found[1], item.kind, row)) if found and row is not None else None
        if name is not None and name != item.name:
            renamed[name] = item.name
    if not renamed:
        return list(new)
    return [replace(item, name=_renamed(item.name, renamed)) for item in new]


def _renamed(name: str, renamed: dict[str, str]) -> str:
    """A name whose outermost item has another number."""
    for end in (at + 1 for at, char in enumerate(name) if char == "]"):
        if name[:end] in renamed:
            return renamed[name[:end]] + name[end:]
    return name
