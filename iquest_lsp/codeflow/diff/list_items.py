"""Parts that are told apart by a number: the items of lists, and several parts of one name.

They keep the numbers that they had where one comes before them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from iquest_lsp.codeflow.syntax.forms import RowOf
from iquest_lsp.codeflow.syntax.outline.region import Region

ListKey = tuple[str, str, int]
_NUMBERED = re.compile(r"(.*)\[\d+\]$")


def under_old_numbers(old: Iterable[Region], new: Sequence[Region], rows: RowOf) -> list[Region]:
    """The later regions, those of items that were there before under the numbers that they had.

    `rows` gives the row that a row of the earlier text has in the later one.
    """
    starts = {(found[1], item.kind, item.start): item.name for item in new if (found := _NUMBERED.match(item.name))}
    renamed: dict[str, str] = {}
    kept: set[str] = set()
    for item in old:
        found = _NUMBERED.match(item.name)
        row = rows(item.start) if found else None
        name = starts.get((found[1], item.kind, row)) if found and row is not None else None
        if name == item.name:
            kept.add(name)
        if name is not None and name != item.name:
            renamed[name] = item.name
    for name in set(renamed.values()) - renamed.keys() - kept:
        # What has come in the place of one that has another number now.
        renamed[name] = f"{name[:-1]}, new]"
    if not renamed:
        return list(new)
    return [replace(item, name=_renamed(item.name, renamed)) for item in new]


def _renamed(name: str, renamed: dict[str, str]) -> str:
    """A name whose outermost item has another number."""
    for end in (at + 1 for at, char in enumerate(name) if char == "]"):
        if name[:end] in renamed:
            return renamed[name[:end]] + name[end:]
    return name


def keyed_regions(
    regions: Sequence[Region], earlier: Mapping[ListKey, Region] | None = None, rows: RowOf = lambda _: None
) -> dict[ListKey, Region]:
    """Regions by name and kind, several of them counted; where some come or go, the others keep the count they had."""
    earlier = earlier or {}
    counts = Counter((name, kind) for name, kind, _ in earlier)
    own = Counter((item.name, item.kind) for item in regions)
    starts = {(key[:2], row): key for key, item in earlier.items() if (row := rows(item.end - 1)) is not None}
    # Of packages in several versions, those stay that have the same version.
    values = {(*key[:2], item.value): key for key, item in earlier.items() if item.kind == "package"}
    keyed: dict[ListKey, Region] = {}
    late: list[Region] = []
    for item in regions:
        both = (item.name, item.kind)
        kept = starts.get((both, item.end - 1)) if counts[both] and counts[both] != own[both] else None
        kept = values.get((*both, item.value), kept) if max(counts[both], own[both]) > 1 else kept
        if kept is not None and kept not in keyed:
            keyed[kept] = item
        else:
            late.append(item)
    free: Counter[tuple[str, str]] = Counter()
    for item in late:
        both = (item.name, item.kind)
        while (*both, free[both]) in keyed:
            free[both] += 1
        keyed[*both, free[both]] = item
    return keyed


def outer_key(key: ListKey, new: Container[ListKey], old: Container[ListKey], depth: int) -> ListKey:
    """The region around one that lies deeper than `depth`, by the names of both."""
    names = re.split(r"(?=\.|\[| > )", key[0])
    while len(names) > depth:
        names.pop()
        name = "".join(names)
        for kind in (key[1], "key", "table", "item", "section", "suite", "rule"):
            if (name, kind, 0) in new or (name, kind, 0) in old:
                return name, kind, 0
    return key
