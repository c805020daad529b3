"""What changes beside definitions, by name: keys, packages, sections, tests with titles, imports, statements."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iquest_lsp.codeflow.diff.values import MAX_VALUE, value_effects
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange, similarity
from iquest_lsp.codeflow.syntax.line_effects import Effect, EffectKind, effects, is_comment, named, plain_effects
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.outline.region import Region

#: More parts than this of one file are told by what they are parts of.
MAX_PARTS = 12
#: A comment belongs to what begins within so many lines below it.
NEAR = 6
#: Kinds whose own text says what they do; of the others, sections above all, only a short line is told.
_CODE = frozenset({"variable", "assignment", "call", "statement", "module", "command", "function", "declaration"})
_PROSE = frozenset({"section", "preamble", "paragraph", "entry"})
_VALUES = frozenset({"key", "package", "variable", "constant", "assignment"})
_RENAMED = frozenset({"section", "test", "suite", "key", "target"})
#: Each of them is told, however many they are.
_COUNTED = frozenset({"package", "test"})
#: What is told of files that come or go: all else is told by the file.
_OF_WHOLE = frozenset({"test"})
Key = tuple[str, str, int]


@dataclass(slots=True)
class _Part:
    """One region that lines of a diff touch, on either side."""

    old: Region | None = None
    new: Region | None = None
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        region = self.new or self.old
        return region.name if region is not None else ""

    @property
    def kind(self) -> str:
        region = self.new or self.old
        return region.kind if region is not None else ""


def part_changes(
    item: FileDiff, before: bytes | None, after: bytes | None, told: Sequence[SymbolChange]
) -> list[SymbolChange]:
    """The named parts that the lines of a diff touch which lie in none of the definitions that are `told` of."""
    gone, come = _loose_lines(item, told)
    if not gone and not come:
        return []
    old = regions_of(item.old_path or item.path, before) if before is not None else ()
    new = regions_of(item.path, after) if after is not None else ()
    if item.status in ("A", "D"):
        side, change = (new, "added") if item.status == "A" else (old, "removed")
        return [_whole(item, region, change) for region in side if region.kind in _OF_WHOLE]
    sides = _Sides(_Side(old, gone), _Side(new, come))
    sides.fill()
    parts = _fewer(sides.parts, sides)
    _pair_comments(parts)
    return [*_renamed(item, parts, before, after), *(_change(item, part) for part in parts.values())]


def _loose_lines(item: FileDiff, told: Sequence[SymbolChange]) -> tuple[dict[int, str], dict[int, str]]:
    """The removed and the added lines, by number, that lie in nothing told of."""
    removed = {at: line for hunk in item.hunks for at, line in enumerate(hunk.removed, hunk.old_start) if line.strip()}
    added = {at: line for hunk in item.hunks for at, line in enumerate(hunk.added, hunk.new_start) if line.strip()}
    for change in told:
        for lines, (start, end) in ((removed, change.old_span), (added, change.span)):
            for at in [at for at in lines if start <= at < end]:
                del lines[at]
    return removed, added


class _Side:
    """The regions of one side by name, and around each line that is asked about the smallest first."""

    def __init__(self, regions: tuple[Region, ...], lines: dict[int, str]) -> None:
        self.regions, self.lines = _keyed(regions), lines
        self.around: dict[int, list[Key]] = {at: [] for at in lines}
        numbers = sorted(lines)
        for key, item in self.regions.items():
            for at in numbers[bisect_left(numbers, item.start) : bisect_left(numbers, item.end)]:
                self.around[at].append(key)
        for keys in self.around.values():
            keys.sort(key=lambda key: (self.regions[key].end - self.regions[key].start, -len(key[0])))
        self.starts = sorted((item.start, item.end, key) for key, item in self.regions.items())

    def below(self, line: int) -> Key | None:
        """The region that begins in the lines right below one."""
        at = bisect_left(self.starts, (line + 1, 0, ("", "", 0)))
        return self.starts[at][2] if at < len(self.starts) and self.starts[at][0] <= line + NEAR else None


class _Sides:
    """Both sides, and the parts that their lines belong to."""

    def __init__(self, old: _Side, new: _Side) -> None:
        self.before, self.after = old, new
        self.old, self.new = old.regions, new.regions
        self.parts: dict[Key, _Part] = {}

    def fill(self) -> None:
        """Gives each line to the region that holds it, and a comment to what it stands above."""
        for side, other in ((self.before, self.new), (self.after, self.old)):
            for at, line in side.lines.items():
                key = self._of(side, other, at, comment=is_comment(line))
                if key is not None:
                    part = self.parts.setdefault(key, _Part(self.old.get(key), self.new.get(key)))
                    (part.removed if side is self.before else part.added).append(line)

    @staticmethod
    def _of(side: _Side, other: Mapping[Key, Region], line: int, *, comment: bool) -> Key | None:
        around = side.around[line]
        if comment and (not around or side.regions[around[0]].kind != "comment"):
            nearest = side.below(line)
            if nearest and (not around or side.regions[nearest].end <= side.regions[around[0]].end):
                return nearest
        if not around or around[0] in other:
            return around[0] if around else None
        # What has come or gone whole is told by its outermost part.
        whole = around[0]
        for key in around[1:]:
            if key in other:
                break
            whole = key
        return whole


def _fewer(parts: dict[Key, _Part], sides: _Sides) -> dict[Key, _Part]:
    """The parts, or where they are too many what they are parts of."""
    depth = 6
    while depth and len([part for part in parts.values() if part.kind not in _COUNTED]) > MAX_PARTS:
        merged: dict[Key, _Part] = {}
        for key, part in parts.items():
            outer = _outer(key, sides, depth) if part.kind not in _COUNTED else key
            into = merged.setdefault(outer, _Part(sides.old.get(outer), sides.new.get(outer)))
            into.removed += part.removed
            into.added += part.added
        parts, depth = merged, depth - 1
    return parts


def _outer(key: Key, sides: _Sides, depth: int) -> Key:
    """The region around one that lies deeper than `depth`, by the names of both."""
    names = re.split(r"(?=\.|\[| > )", key[0])
    while len(names) > depth:
        names.pop()
        name = "".join(names)
        for kind in (key[1], "key", "table", "item", "section", "suite", "rule"):
            if (name, kind, 0) in sides.new or (name, kind, 0) in sides.old:
                return name, kind, 0
    return key


def _keyed(regions: Iterable[Region]) -> dict[Key, Region]:
    seen: Counter[tuple[str, str]] = Counter()
    keyed: dict[Key, Region] = {}
    for item in regions:
        keyed[item.name, item.kind, seen[item.name, item.kind]] = item
        seen[item.name, item.kind] += 1
    return keyed


def _change(item: FileDiff, part: _Part) -> SymbolChange:
    if part.old is None or part.new is None:
        region = part.new or part.old
        return _whole(item, region or Region("", "", 0, 0), "added" if part.new else "removed")
    told = tuple(_effects(part, part.old, part.new))
    comments = tuple(effect.kind for effect in told) == (EffectKind.COMMENTS_ONLY,)
    return SymbolChange(
        item.path,
        part.name,
        part.kind,
        "test" if part.kind in ("test", "suite") else "doc" if comments else "body",
        part.new.start,
        effects=told,
        size=len(part.added),
        span=(part.new.start, part.new.end),
        old_span=(part.old.start, part.old.end),
    )


def _whole(item: FileDiff, region: Region, change: str) -> SymbolChange:
    span = (region.start, region.end)
    gone = change == "removed"
    return SymbolChange(
        (item.old_path or item.path) if gone else item.path,
        region.name,
        region.kind,
        change,
        region.start,
        region.value if len(region.value) <= MAX_VALUE else "",
        size=region.end - region.start,
        span=(0, 0) if gone else span,
        old_span=span if gone else (0, 0),
    )


def _pair_comments(parts: dict[Key, _Part]) -> None:
    """Makes one of a comment that has gone and one that has come: a comment has no name beside its own words."""
    gone = [key for key, part in parts.items() if part.kind == "comment" and part.new is None]
    come = [key for key, part in parts.items() if part.kind == "comment" and part.old is None]
    for old, new in zip(gone, come, strict=False):
        before = parts.pop(old)
        parts[new].old, parts[new].removed = before.old, before.removed


def _renamed(
    item: FileDiff, parts: dict[Key, _Part], before: bytes | None, after: bytes | None
) -> Iterator[SymbolChange]:
    """Parts that have gone under one name and come under another, which are taken out of `parts`."""
    gone = [(key, part.old) for key, part in parts.items() if part.new is None and part.old and key[1] in _RENAMED]
    come = [(key, part.new) for key, part in parts.items() if part.old is None and part.new and key[1] in _RENAMED]
    if not gone or not come or len(gone) * len(come) > MAX_PARTS**2:
        return
    texts = [(text or b"").decode("utf-8", "replace").split("\n") for text in (before, after)]
    for key, new in come:
        for other, old in gone:
            same = other[1] == key[1] and similarity(_inside(texts[0], old), _inside(texts[1], new), "", "") >= 0.6
            if other in parts and (same or (key[1] == "key" and bool(new.value) and new.value == old.value)):
                del parts[key], parts[other]
                yield SymbolChange(
                    item.path,
                    new.name,
                    new.kind,
                    "renamed",
                    new.start,
                    old_name=old.name,
                    span=(new.start, new.end),
                    old_span=(old.start, old.end),
                )
                break


def _inside(lines: Sequence[str], region: Region) -> list[str]:
    return [line.strip() for line in lines[region.start + 1 : region.end] if line.strip()]


def _effects(part: _Part, old: Region, new: Region) -> list[Effect]:
    """What becomes of a part: its value, its lines."""
    removed, added = part.removed, part.added
    if all(map(is_comment, (*removed, *added))) and part.kind not in _PROSE:
        return [Effect(EffectKind.COMMENTS_ONLY)]
    if part.kind == "imports":
        return _imported(removed, added)
    if part.kind in _VALUES and old.value != new.value and old.value and new.value:
        return value_effects(old.value, new.value, version=part.kind == "package")
    if part.kind in _CODE:
        return (
            plain_effects(removed, added)
            if part.kind != "call"
            else effects(removed, added) or plain_effects(removed, added)
        )
    if len(removed) == len(added) == 1 and len(removed[0].strip()) + len(added[0].strip()) <= 100:
        return [Effect(EffectKind.BECOMES, (removed[0].strip(), added[0].strip()))]
    return []


_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:[./:\-]+\w+)*")
_KEYWORDS = re.compile(
    r"(?:import|from|use|as|pub|crate|self|super|type|include|require|const|mod|export|default|package)$"
)


def _imported(removed: Sequence[str], added: Sequence[str]) -> list[Effect]:
    old, new = (
        {name for line in lines for name in _NAME.findall(line) if not _KEYWORDS.match(name)}
        for lines in (removed, added)
    )
    come, gone = sorted(new - old), sorted(old - new)
    if not come and not gone:
        return [Effect(EffectKind.MOVES_LINES, ((added or removed)[0].strip()[:60],))]
    return [*named(EffectKind.USES, come[:4]), *named(EffectKind.USES_NO_MORE, gone[:4])]
