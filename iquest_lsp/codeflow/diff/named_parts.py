"""What changes beside definitions, by name: keys, packages, sections, tests with titles, imports, statements."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from iquest_lsp.codeflow.diff.changed_files import loose_lines
from iquest_lsp.codeflow.diff.list_items import ListKey, aligned_forms, keyed_regions, outer_key, under_old_numbers
from iquest_lsp.codeflow.diff.module_links import link_effects, path_effects
from iquest_lsp.codeflow.diff.part_effects import DEFINED, PROSE, WRITTEN, PartLines, part_effects
from iquest_lsp.codeflow.diff.replacements import is_same_title
from iquest_lsp.codeflow.diff.values import (
    FREE,
    MAX_TOLD,
    UNINDENTED,
    only_commas,
    same_lines,
    same_value,
    same_words,
    unlisted,
)
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import ChangeName, SymbolChange
from iquest_lsp.codeflow.syntax.comments import in_its_language, is_comment, rewraps_comment
from iquest_lsp.codeflow.syntax.definitions import PartKind
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, is_of_comments
from iquest_lsp.codeflow.syntax.effects.evidence import ChangedRows, proven
from iquest_lsp.codeflow.syntax.effects.line_effects import moved
from iquest_lsp.codeflow.syntax.forms import rows_of
from iquest_lsp.codeflow.syntax.heads import holds, relaid
from iquest_lsp.codeflow.syntax.likeness import RENAMED, may_become, similarity
from iquest_lsp.codeflow.syntax.outline.braces import BRACED, rows_in_comments
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.outline.region import Region
from iquest_lsp.grammars import language_of

#: More parts than this of one file are told by what they are parts of.
MAX_PARTS = 12
#: A comment belongs to what begins within so many lines below it.
NEAR = 6
# What extends one type and what extends another are two things.
_RENAMED = (frozenset({"section", "test", "suite", "key", "target"}) | DEFINED) - {"extension"}
#: Each of them is told, however many they are.
_COUNTED = frozenset({"package", "test"})
#: What is told of files that come or go: all else is told by the file.
_OF_WHOLE = frozenset({"test"})
_MARK = re.compile(r"^\s*(?:#|//|--|;)\s?")
_CLOSERS = re.compile(r"[\s)\]},;]*")


@dataclass(slots=True)
class _Part:
    """One region that lines of a diff touch, on either side."""

    old: Region | None = None
    new: Region | None = None
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    #: The same lines by the hunk that they are in.
    hunks: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)
    #: Whether others of its name are in the file before and after.
    has_forms: bool = False

    @property
    def region(self) -> Region:
        """What it is now, or was; it is in one of the sides at least."""
        region = self.new or self.old
        assert region is not None
        return region

    @property
    def kind(self) -> PartKind:
        return self.region.kind


@in_its_language
def part_changes(
    item: FileDiff, before: bytes | None, after: bytes | None, told: Sequence[SymbolChange]
) -> list[SymbolChange]:
    """The named parts that the lines of a diff touch which lie in none of the definitions that are `told` of."""
    gone, come = loose_lines(item, told)
    if not gone and not come:
        return []
    suffix = PurePosixPath(item.path).suffix.lower().lstrip(".")
    for lines, source in ((gone, before), (come, after)):
        for at in lines.keys() & (rows_in_comments(_texts(source), suffix) if suffix in BRACED else set()):
            if not is_comment(lines[at]):  # as most write it
                lines[at] = f" * {lines[at].strip()}"
    # What is called by its file keeps its name where the file gets another one.
    is_alike = PurePosixPath(item.old_path or item.path).suffix == PurePosixPath(item.path).suffix
    named = item.path if is_alike else item.old_path or item.path
    old = regions_of(named, before) if before is not None else ()
    new: Sequence[Region] = regions_of(item.path, after) if after is not None else ()
    if item.status in ("A", "D"):
        side = new if item.status == "A" else old
        name: ChangeName = "added" if item.status == "A" else "removed"
        return [_whole(item, region, name) for region in side if region.kind in _OF_WHOLE]
    keyed = keyed_regions(old)
    new = under_old_numbers(old, new, rows_of(item))
    texts = _texts(before), _texts(after)
    forms = aligned_forms(old, new, texts, come) if suffix in BRACED else {}
    after_keys = keyed_regions(new, keyed, rows_of(item), forms)
    sides = _Sides(_Side(keyed, gone, texts[0]), _Side(after_keys, come, texts[1]))
    sides.fill(item)
    parts = _fewer(sides.parts, sides)
    _pair_unnamed(parts)
    _drop_uncommented(parts)
    _drop_closers(parts)
    _drop_attributes(parts, item)
    _drop_kept(parts, sides)
    formed = {key[:2] for key in sides.old} & {key[:2] for key in sides.new}
    for key, part in parts.items():
        part.has_forms = key[:2] in formed
    sources = before or b"", after or b""
    return [*_renamed(item, parts, texts, new), *(_change(item, part, texts, sources) for part in parts.values())]


class _Side:
    """The regions of one side by name, and around each line that is asked about the smallest first."""

    def __init__(self, regions: dict[ListKey, Region], lines: dict[int, str], text: Sequence[str]) -> None:
        self.regions, self.lines, self.text = regions, lines, text
        self.around: dict[int, list[ListKey]] = {at: [] for at in lines}
        numbers = sorted(lines)
        for key, item in self.regions.items():
            for at in numbers[bisect_left(numbers, item.start) : bisect_left(numbers, item.end)]:
                self.around[at].append(key)
        for keys in self.around.values():
            keys.sort(key=lambda key: (self.regions[key].end - self.regions[key].start, -len(key[0])))
        self.starts = sorted((item.start, item.end, key) for key, item in self.regions.items())
        # What begins a comment in code begins a heading there.
        self.is_prose = any(item.kind in WRITTEN for item in self.regions.values())

    def below(self, line: int) -> ListKey | None:
        """The region that begins in the lines right below one, with nothing but comments between."""
        at = bisect_left(self.starts, (line + 1, 0, ("", "", 0)))
        if at == len(self.starts) or self.starts[at][0] > line + NEAR:
            return None
        start, _, key = self.starts[at]
        return key if all(not item.strip() or is_comment(item) for item in self.text[line + 1 : start]) else None


class _Sides:
    """Both sides, and the parts that their lines belong to."""

    def __init__(self, old: _Side, new: _Side) -> None:
        self.before, self.after = old, new
        self.old, self.new = old.regions, new.regions
        self.parts: dict[ListKey, _Part] = {}

    def fill(self, item: FileDiff) -> None:
        """Gives each line to the region that holds it, and a comment to what it stands above."""
        hunks = [(range(hunk.old_start, hunk.old_start + len(hunk.removed)), hunk.new_start) for hunk in item.hunks]
        starts = [[span.start for span, _ in hunks], [start for _, start in hunks]]
        for side, other in ((self.before, self.new), (self.after, self.old)):
            is_new = side is self.after
            for at, line in side.lines.items():
                key = self._of(side, other, at, comment=not side.is_prose and is_comment(line))
                if key is not None:
                    part = self.parts.setdefault(key, _Part(self.old.get(key), self.new.get(key)))
                    (part.added if is_new else part.removed).append(line)
                    part.hunks.setdefault(bisect_right(starts[is_new], at) - 1, ([], []))[is_new].append(line)

    @staticmethod
    def _of(side: _Side, other: Mapping[ListKey, Region], line: int, *, comment: bool) -> ListKey | None:
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


def _fewer(parts: dict[ListKey, _Part], sides: _Sides) -> dict[ListKey, _Part]:
    """The parts, or where they are too many what they are parts of."""
    depth = 6
    while depth and len([part for part in parts.values() if part.kind not in _COUNTED]) > MAX_PARTS:
        merged: dict[ListKey, _Part] = {}
        for key, part in parts.items():
            outer = outer_key(key, sides.new, sides.old, depth) if part.kind not in _COUNTED else key
            into = merged.setdefault(outer, _Part(sides.old.get(outer), sides.new.get(outer)))
            into.removed += part.removed
            into.added += part.added
            for at, (gone, come) in part.hunks.items():
                both = into.hunks.setdefault(at, ([], []))
                both[0].extend(gone)
                both[1].extend(come)
        parts, depth = merged, depth - 1
    return parts


Texts = tuple[Sequence[str], Sequence[str]]


def _texts(text: bytes | None) -> list[str]:
    return (text or b"").decode("utf-8", "replace").split("\n")


def _change(item: FileDiff, part: _Part, texts: Texts, sources: tuple[bytes, bytes]) -> SymbolChange:
    if part.old is None or part.new is None:
        whole = _whole(item, part.region, "added" if part.new else "removed")
        if part.kind in ("imports", "exports"):
            exported, both = part.kind == "exports", (part.removed, part.added)
            by_path = language_of(item.path) == "rust" and not exported
            linked = path_effects(both, texts) if by_path else link_effects(*both, *texts[::-1], exported=exported)
            # Others may stand elsewhere in the file, before and after, and what comes may have been brought so.
            known = linked or part.has_forms or (part.new and not exported)
            return replace(whole, change="body", effects=tuple(linked)) if known else whole
        if part.kind in DEFINED:
            lines = texts[bool(part.new)][part.region.start : part.region.end]
            whole = replace(whole, lines=tuple(map(str.strip, lines)))
        if part.has_forms and part.kind in DEFINED:
            # Another form of what is there before and after is no new definition.
            form = EffectKind.OTHER_FORM if part.new else EffectKind.LESS_FORMS
            return replace(whole, change="body", effects=(Effect(form),), old_name=whole.name)
        return whole
    regions = zip(sources, (part.old, part.new), strict=True)
    places = (ChangedRows(source, [(region.start, region.end)]) for source, region in regions)
    both_lines = texts[0][part.old.start : part.old.end], texts[1][part.new.start : part.new.end]
    if part.removed == part.added and not all(map(is_comment, part.added)):
        found = [moved(part.added)]
    else:
        pairs = [part.hunks[at] for at in sorted(part.hunks)]
        own = PartLines(part.removed, part.added, pairs, *both_lines, texts[1], texts[0])
        suffix = PurePosixPath(item.path).suffix.lower().lstrip(".")
        language = "ruby" if suffix == "rb" else language_of(item.path) or suffix
        found = part_effects(part.old, part.new, own, language)
    told = tuple(proven(found, language_of(item.path), *places))
    documented = False
    if is_of_comments(told) and part.kind in DEFINED and any(map(_DOCUMENTS.match, (*part.removed, *part.added))):
        documented, told = True, ()
    # A key that stands first in its item, or no longer, is the same key.
    bare = unlisted if part.kind == "key" else str.strip if part.kind in ("imports", "exports") else str.rstrip
    spaced = part.removed != part.added and [*map(bare, part.removed)] == [*map(bare, part.added)]
    spaced = spaced or (part.kind not in WRITTEN and rewraps_comment(part.removed, part.added))
    if part.kind in ("function", "method", "test") and item.path.endswith(FREE):
        spaced = spaced or same_words(*map("\n".join, both_lines))
    if part.kind in (*DEFINED, "test") and item.path.endswith(FREE) and (head := relaid(part.new.name, *both_lines)):
        spaced = spaced or head.issuperset((*part.removed, *part.added))
    if part.kind in DEFINED and item.path.endswith(UNINDENTED):
        spaced = spaced or same_lines(*both_lines)
    change: ChangeName
    both_values = part.old.value, part.new.value
    # A value that is read as a list is all of it: its items may stand on one line now.
    listed = both_values[0] == both_values[1] and both_values[0].startswith("[") and not told
    if spaced or (part.kind == "key" and (listed or (same_value(*both_values) and not is_of_comments(told)))):
        change, told = "format-only", ()
    else:
        change = "test" if part.kind in ("test", "suite") else "doc" if documented or is_of_comments(told) else "body"
    return SymbolChange(
        item.path,
        part.new.name,
        part.new.kind,
        change,
        part.new.start,
        effects=told,
        size=len(part.added),
        span=(part.new.start, part.new.end),
        old_span=(part.old.start, part.old.end),
    )


def _whole(item: FileDiff, region: Region, change: ChangeName) -> SymbolChange:
    span = (region.start, region.end)
    gone = change == "removed"
    return SymbolChange(
        (item.old_path or item.path) if gone else item.path,
        region.name,
        region.kind,
        change,
        region.start,
        region.value if len(region.value) <= MAX_TOLD else "",
        size=region.end - region.start,
        span=(0, 0) if gone else span,
        old_span=span if gone else (0, 0),
    )


def _pair_unnamed(parts: dict[ListKey, _Part]) -> None:
    """Makes one of a comment that has gone and one that has come, and of two heads of the same block, or two
    paragraphs, that are alike: neither has a name beside its own words."""
    for kind in ("comment", "statement", "condition", "paragraph"):
        some = [(key, part) for key, part in parts.items() if part.kind == kind]
        come = [item for item in some if item[1].old is None]
        for (old, before), (new, part) in zip((item for item in some if item[1].new is None), come, strict=False):
            near = before.hunks.keys() & part.hunks.keys() and (
                kind not in ("statement", "paragraph") or is_same_title(old[0], new[0])
            )
            if kind == "comment" or near:
                del parts[old]
                part.old, part.removed = before.old, before.removed


def _drop_uncommented(parts: dict[ListKey, _Part]) -> None:
    """Takes out comments that have gone since they are code now, and those that hold what was code before.

    They stand above what comes next in the file, which they say nothing about.
    """
    coded = {key: part for key, part in parts.items() if part.kind not in PROSE}
    said = {key: {line.strip() for line in (*part.removed, *part.added)} for key, part in coded.items()}
    times = Counter(line for lines in said.values() for line in lines)  # in how many parts a line stands
    for key, part in coded.items():
        lines = [*part.removed, *part.added]
        words = [_MARK.sub("", line).strip() for line in lines if is_comment(line)]
        if lines and len(words) == len(lines) and all(times[word] > (word in said[key]) for word in words):
            times.subtract(said[key])
            del parts[key]


#: Comments that document what stands below them.
_DOCUMENTS = re.compile(r"\s*(?:///|/\*\*|\*\s+\S)")
#: An attribute of what stands below it.
_ATTRIBUTE = re.compile(r"\s*(?:#\[.*\]|@[\w.]+(?:\(.*\))?)\s*$")


def _drop_attributes(parts: dict[ListKey, _Part], item: FileDiff) -> None:
    """Takes out attributes that come and go with what stands below them, which is what changes."""
    for key, part in [(key, part) for key, part in parts.items() if part.kind == "attribute" and not part.region.value]:
        touched = [line for at in part.hunks for line in (*item.hunks[at].removed, *item.hunks[at].added)]
        if any(line.strip() and not _ATTRIBUTE.match(line) for line in touched):
            del parts[key]


def _drop_kept(parts: dict[ListKey, _Part], sides: _Sides) -> None:
    """Takes out properties that come or go where the head of their type holds them on the other side."""
    for key, part in [(key, part) for key, part in parts.items() if part.kind == "property"]:
        side = sides.after if part.new is None else sides.before if part.old is None else None
        outer, _, name = key[0].rpartition(".")
        if side and any(
            holds(name, item.name, side.text[item.start : item.end])
            for item in side.regions.values()
            if item.name in (outer, f"{outer}.__construct")
        ):
            del parts[key]


def _drop_closers(parts: dict[ListKey, _Part]) -> None:
    """Takes out parts of which only an end is touched, since something comes or goes behind it."""
    for key, part in list(parts.items()):
        if part.kind == "link" and part.removed == part.added and len(parts) > 1:
            del parts[key]  # it stands elsewhere in its list
        elif part.old and part.new and part.kind not in PROSE and len(parts) > 1:
            ended = part.kind == "key" and only_commas(part.removed, part.added)
            if ended or all(_CLOSERS.fullmatch(line) for line in (*part.removed, *part.added)):
                del parts[key]


def _renamed(
    item: FileDiff, parts: dict[ListKey, _Part], texts: Texts, regions: Iterable[Region]
) -> Iterator[SymbolChange]:
    """Parts that have gone under one name and come under another, which are taken out of `parts`."""
    gone = [(key, part.old) for key, part in parts.items() if part.new is None and part.old and key[1] in _RENAMED]
    come = [(key, part.new) for key, part in parts.items() if part.old is None and part.new and key[1] in _RENAMED]
    if not gone or not come or len(gone) * len(come) > MAX_PARTS**2:
        return
    names = {part.name for part in regions}
    pairs = []
    for key, new in come:
        for other, old in gone:
            alike = may_become(other[1], key[1]) and similarity(old.inside(texts[0]), new.inside(texts[1]), "", "")
            # Of two that are alike in their titles, or have the same value, one took the other's place.
            near = bool(parts[key].hunks.keys() & parts[other].hunks.keys())
            titled = near and key[1] == other[1] == "test" and is_same_title(key[0], other[0])
            valued = near and key[1] == "key" and bool(new.value) and new.value == old.value
            # What stands inside the new one under its old name is wrapped, not renamed.
            wrapped = f"{new.name}.{old.name}" in names
            if not wrapped and (alike >= RENAMED or titled or valued):
                pairs.append((1.0 if titled or valued else alike, key, other))
    before, after = dict(gone), dict(come)
    # The most alike first: a new part may look like an old one that became another.
    for _, key, other in sorted(pairs, key=lambda pair: -pair[0]):
        if key in parts and other in parts:
            del parts[key], parts[other]
            old, new = before[other], after[key]
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
