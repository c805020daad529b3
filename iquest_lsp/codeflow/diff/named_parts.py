"""What changes beside definitions, by name: keys, packages, sections, tests with titles, imports, statements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from iquest_lsp.codeflow.diff.values import MAX_VALUE, value_effects
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange, similarity
from iquest_lsp.codeflow.syntax.line_effects import Effect, EffectKind, effects, is_comment, named, plain_effects
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.outline.region import Region

#: More parts than this of one file are told by what they are parts of.
MAX_PARTS = 12
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
    old = regions_of(item.old_path or item.path, before) if before is not None else ()
    new = regions_of(item.path, after) if after is not None else ()
    if item.status in ("A", "D"):
        side, change = (new, "added") if item.status == "A" else (old, "removed")
        return [_whole(item, region, change) for region in side if region.kind in _OF_WHOLE]
    sides = _Sides(old, new)
    for hunk in item.hunks:
        sides.put(hunk.old_start, hunk.removed, [change.old_span for change in told], is_new=False)
        sides.put(hunk.new_start, hunk.added, [change.span for change in told], is_new=True)
    parts = _fewer(sides.parts, sides)
    _pair_comments(parts)
    return [*_renamed(item, parts, before, after), *(_change(item, part) for part in parts.values())]


class _Sides:
    """The regions of both sides, by name."""

    def __init__(self, old: tuple[Region, ...], new: tuple[Region, ...]) -> None:
        self.old, self.new = _keyed(old), _keyed(new)
        self.names = {False: {id(item): key for key, item in self.old.items()}}
        self.names[True] = {id(item): key for key, item in self.new.items()}
        self.parts: dict[Key, _Part] = {}

    def put(self, start: int, lines: Sequence[str], spans: Sequence[tuple[int, int]], *, is_new: bool) -> None:
        """Gives each line to the region that holds it, and a comment to what it stands above."""
        for at, line in enumerate(lines, start):
            if not line.strip() or any(first <= at < end for first, end in spans):
                continue
            key = self._at(at, is_new=is_new, comment=is_comment(line))
            if key is None:
                continue
            part = self._part(key)
            (part.added if is_new else part.removed).append(line)

    def _part(self, key: Key) -> _Part:
        return self.parts.setdefault(key, _Part(self.old.get(key), self.new.get(key)))

    def _at(self, line: int, *, is_new: bool, comment: bool) -> Key | None:
        mine, other = (self.new, self.old) if is_new else (self.old, self.new)
        around = sorted(
            (key for key, item in mine.items() if item.start <= line < item.end),
            key=lambda key: (mine[key].end - mine[key].start, -len(key[0])),
        )
        if comment and (not around or mine[around[0]].kind != "comment"):
            below = [key for key, item in mine.items() if line < item.start <= line + 6]
            nearest = min(below, key=lambda key: (mine[key].start, mine[key].end), default=None)
            within = around and mine[around[0]]
            if nearest and (not within or mine[nearest].end <= within.end):
                return nearest
        # What has come or gone whole is told by its outermost part.
        fresh = [key for key in around if key not in other]
        if around and fresh and fresh[0] == around[0]:
            whole = fresh[0]
            for key in around[1:]:
                if key in other:
                    break
                whole = key
            return whole
        return around[0] if around else None


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
    return SymbolChange(
        item.path,
        part.name,
        part.kind,
        "test" if part.kind in ("test", "suite") else "body",
        part.new.start,
        effects=tuple(_effects(part, part.old, part.new)),
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
