"""Parts that are told apart by a number: the items of lists, and several parts of one name.

They keep the numbers that they had where one comes before them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from iquest_lsp.codeflow.diff.values import come_and_go, value_effects
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.forms import RowOf
from iquest_lsp.codeflow.syntax.heads import parameters_of
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


#: Kinds that several of one name may be of, told apart by what they take.
_FORMED = frozenset({"function", "method"})
#: More forms of one function than this are not compared by what they take.
MAX_FORMED = 100


def aligned_forms(
    old: Sequence[Region], new: Sequence[Region], texts: tuple[Sequence[str], Sequence[str]], come: Container[int]
) -> dict[int, int]:
    """Which of several forms of a function was which before, where it takes what no other one takes.

    The later one's place among the regions, and the count of the earlier one; beside such forms, one of which all
    lines have `come` is a new one, with a count of its own.
    """
    sides: list[dict[tuple[str, str], list[tuple[int, str]]]] = [{}, {}]
    times = [Counter((item.name, item.kind) for item in regions if item.kind in _FORMED) for regions in (old, new)]
    several = {both for side in times for both, count in side.items() if 1 < count <= MAX_FORMED}
    for side, regions, lines in zip(sides, (old, new), texts, strict=True):
        for at, item in enumerate(regions):
            if (item.name, item.kind) in several:
                taken = parameters_of(item.name, lines[item.start : item.end])
                side.setdefault((item.name, item.kind), []).append((at, taken))
    found: dict[int, int] = {}
    for both, some in sides[1].items():
        before = [taken for _, taken in sides[0].get(both, [])]
        after = [taken for _, taken in some]
        alone = [(at, taken) for at, taken in some if before.count(taken) == after.count(taken) == 1]
        found |= {at: before.index(taken) for at, taken in alone}
        for at, _ in some if alone else ():
            rows = range(new[at].start, new[at].end)
            # One line in place of another, and no more forms than before, is the form that was there.
            may_be_new = len(rows) > 1 or len(some) > len(before)
            if may_be_new and at not in found and all(row in come or not texts[1][row].strip() for row in rows):
                found[at] = len(before) + at
    return found


def keyed_regions(
    regions: Sequence[Region],
    earlier: Mapping[ListKey, Region] | None = None,
    rows: RowOf = lambda _: None,
    forms: Mapping[int, int] | None = None,
) -> dict[ListKey, Region]:
    """Regions by name and kind, several of them counted; where some come or go, the others keep the count they had.

    `forms` are counts that are known, by the places of regions.
    """
    earlier = earlier or {}
    forms = forms or {}
    counts = Counter((name, kind) for name, kind, _ in earlier)
    own = Counter((item.name, item.kind) for item in regions)
    starts = {(key[:2], row): key for key, item in earlier.items() if (row := rows(item.end - 1)) is not None}
    # Of packages in several versions, those stay that have the same version.
    values = {(*key[:2], item.value): key for key, item in earlier.items() if item.kind == "package"}
    keyed: dict[ListKey, Region] = {}
    late: list[Region] = []
    # These are given away first.
    keyed |= {(regions[at].name, regions[at].kind, count): regions[at] for at, count in forms.items()}
    for at, item in enumerate(regions):
        both = (item.name, item.kind)
        if at in forms:
            continue
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


_OF_VERSIONS = frozenset({EffectKind.RAISES_VERSION, EffectKind.LOWERS_VERSION})


def by_versions(parts: Iterable[SymbolChange], old: Iterable[Region], new: Iterable[Region]) -> Iterator[SymbolChange]:
    """The changes of a lock file's packages, one for each, by the versions that it held before and holds now.

    A version that stands beside the one that was there before is none that it was raised to.
    """
    before, after = _versions(old), _versions(new)
    told: set[str] = set()
    for part in parts:
        was, now = before.get(part.name, {}), after.get(part.name, {})
        # One whose versions are those that were there has other lines, and no version that another one has.
        is_same = was.keys() == now.keys() and not _OF_VERSIONS & {effect.kind for effect in part.effects}
        if part.kind != "package" or max(len(was), len(now)) < 2 or not was or not now or is_same:
            yield part
        elif part.name not in told:
            told.add(part.name)
            come, gone = [item for item in now if item not in was], [item for item in was if item not in now]
            if come and gone:
                is_one = len(come) == len(gone) == 1
                effects = value_effects(gone[0], come[0], version=True) if is_one else come_and_go(come, gone)
                yield replace(part, change="body", effects=tuple(effects), old_name=part.name)
            for version in (*come, *gone) if not (come and gone) else ():
                yield replace(part, change="added" if come else "removed", signature=version, effects=())


def _versions(regions: Iterable[Region]) -> dict[str, dict[str, None]]:
    """The versions of each package, in their order."""
    found: dict[str, dict[str, None]] = {}
    for item in regions:
        if item.kind == "package":
            found.setdefault(item.name, {})[item.value] = None
    return found
