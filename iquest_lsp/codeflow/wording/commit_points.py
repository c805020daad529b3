"""What a diff does, as the points of a commit message: imperative, each in several lengths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from iquest_lsp.codeflow.diff.changed_files import ChangedFile, worth_showing
from iquest_lsp.codeflow.diff.replacements import Replacement, is_whole
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.commit_parts import (
    DEFINITIONS,
    VALUES,
    VERBS,
    VERSION,
    Point,
    count_of,
    innermost,
    is_named,
    is_prose,
    lengths,
    named,
    of_keys,
    of_sections,
    worded,
)
from iquest_lsp.codeflow.wording.effects import told_as, told_effects, told_values
from iquest_lsp.codeflow.wording.phrases import say
from iquest_lsp.codeflow.wording.summary import NOUNS

#: How much tests count, beside code.
TEST = 0.2

_EFFECTS = {
    EffectKind.RAISES: "raise {} in {}",
    EffectKind.RAISES_NO_MORE: "stop raising {} in {}",
    EffectKind.HANDLES: "handle {} in {}",
    EffectKind.CALLS: "call {} in {}",
    EffectKind.CALLS_NO_MORE: "stop calling {} in {}",
    EffectKind.USES: "use {} in {}",
    EffectKind.USES_NO_MORE: "stop using {} in {}",
    EffectKind.TAKES: "add the parameter {} to {}",
    EffectKind.TAKES_NO_MORE: "remove the parameter {} from {}",
    EffectKind.GAINS_MEMBER: "add the member {} to {}",
    EffectKind.LOSES_MEMBER: "remove the member {} from {}",
    EffectKind.INHERITS: "add the base {} to {}",
    EffectKind.INHERITS_NO_MORE: "remove the base {} from {}",
}
_ENDS = ("added", "removed")
#: On values, each of its own; the last place is that of the definition.
_ON_VALUES = {
    EffectKind.CHECKS: "check `{}` in {}",
    EffectKind.CHECKS_NO_MORE: "stop checking `{}` in {}",
    EffectKind.PASSES: "pass `{}` to `{}` in {}",
    EffectKind.PASSES_NO_MORE: "stop passing `{}` to `{}` in {}",
    EffectKind.CALLS_INSTEAD: "call `{}` instead of `{}` in {}",
    EffectKind.RETURNS_INSTEAD: "return `{}` instead of `{}` in {}",
    EffectKind.RAISES_INSTEAD: "raise `{}` instead of `{}` in {}",
    EffectKind.SETS_INSTEAD: "set `{}` to `{}` instead of `{}` in {}",
    EffectKind.GAINS_MARK: "add the mark `{}` to {}",
    EffectKind.LOSES_MARK: "remove the mark `{}` from {}",
    EffectKind.REQUIRES: "also require `{}` in {}",
    EffectKind.REQUIRES_NO_MORE: "stop requiring `{}` in {}",
    EffectKind.ALLOWS: "also allow `{}` in {}",
    EffectKind.ALLOWS_NO_MORE: "stop allowing `{}` in {}",
    EffectKind.NEGATES: "change the condition `{}` to `{}` in {}",
    EffectKind.CONDITION: "change the condition `{}` to `{}` in {}",
    EffectKind.RAISES_VERSION: "raise {2} from {0} to {1}",
    EffectKind.LOWERS_VERSION: "lower {2} from {0} to {1}",
}
_PLURALS = {
    EffectKind.TAKES: "add the parameters {} to {}",
    EffectKind.TAKES_NO_MORE: "remove the parameters {} from {}",
    EffectKind.GAINS_MEMBER: "add the members {} to {}",
    EffectKind.LOSES_MEMBER: "remove the members {} from {}",
    EffectKind.INHERITS: "add the bases {} to {}",
    EffectKind.INHERITS_NO_MORE: "remove the bases {} from {}",
}
_FILES = {"added": "add {}", "deleted": "delete {}"}


def points_of(files: Sequence[ChangedFile], replacement: Replacement | None) -> list[Point]:
    """All that the diff does, a point for each kind of change; the most telling has the greatest weight."""
    found: list[Point] = []
    versions = [item for file in files for item in file.symbols if VERSION.fullmatch(item.name)]
    if replacement is not None and not versions:
        found.append(_replacement(replacement))
    told: set[str] = set()
    symbols = _as_moves([item for file in files for item in _telling_changes(file)])
    told |= {item.path for item in symbols}
    for is_test in (False, True):
        some = [item for item in symbols if _is_test(item) == is_test]
        prose = [item for item in some if is_prose(item)]
        values = [item for item in some if item.kind in VALUES and not is_prose(item)]
        code = [item for item in some if item.kind not in VALUES and not is_prose(item)]
        # That a file's statements change says little where a definition in it is told.
        named = {item.path for item in code if item.kind != "module"}
        found += _of_symbols(
            [item for item in code if item.kind != "module" or item.path not in named], is_test=is_test
        )
        found += [*of_keys(values), *of_sections(prose)]
    moved = [item for item in files if item.status == "renamed"]
    if moved:
        found.append(_moved(moved))
        told |= {item.path for item in moved}
    others: dict[tuple[Category, str], list[ChangedFile]] = {}
    for item in files:
        if item.path not in told:
            others.setdefault((category(item.path), item.status), []).append(item)
    found += [_of_files(kind, status, files) for (kind, status), files in others.items()]
    return found


def _replacement(item: Replacement) -> Point:
    places = say(" in {} lines", item.places) if item.places > 1 else ""
    text = say("replace “{}” by “{}”", item.old, item.new)
    return Point((text + places, text), 6.0)


def _moved(files: Sequence[ChangedFile]) -> Point:
    first = files[0]
    if len(files) == 1:
        names = say("rename {} to {}", _base(first.old_path), _base(first.path))
        return Point((say("rename {} to {}", first.old_path, first.path), names), 5.0)
    target = _common([item.path for item in files])
    origin = _common([item.old_path for item in files])
    text = say("move {} files", len(files))
    if origin and target and origin != target:
        return Point((say("{} from {} to {}", text, origin, target), text), 5.0)
    return Point((say("rename {} files", len(files)),), 5.0)


def _of_files(kind: Category, status: str, files: Sequence[ChangedFile]) -> Point:
    """What happens to files without definitions."""
    template = _FILES.get(status, "update {}")
    names = lengths([item.path for item in files])
    bare = lengths([_base(item.path) for item in files], say("{} files", len(files)) if len(files) > 1 else "")
    texts = [say(template, text) for text in (*names, *bare)]
    if status == "modified":
        texts.append(say(template, say(NOUNS[kind])))
    weights = {Category.SOURCE: 2.0, Category.BUILD: 1.2, Category.CI: 1.2, Category.CONFIG: 1.2, Category.OTHER: 1.0}
    weights |= {Category.DOCS: 1.0, Category.TEST: 0.8, Category.LOCK: 0.3, Category.CHANGELOG: 0.4}
    size = sum(item.added + item.removed for item in files)
    return Point(tuple(texts), weights.get(kind, 0.2) + min(0.4, size / 1000))


def _as_moves(symbols: Sequence[SymbolChange]) -> list[SymbolChange]:
    """The changes, with what one file loses and another gains under the same name as moved."""
    gone = {item.name: item for item in symbols if item.change == "removed"}
    come = [item for item in symbols if item.change == "added" and item.name in gone and item.kind in DEFINITIONS]
    moved = {item.name: replace(item, change="moved", old_path=gone[item.name].path) for item in come}
    return [*moved.values(), *(item for item in symbols if item.name not in moved or item.change not in _ENDS)]


def _telling_changes(file: ChangedFile) -> list[SymbolChange]:
    """The changes to tell; where one of several forms of a definition goes, the definition stays.

    What a tool keeps in a lock file beside the packages is not told.
    """
    some = [item for item in worth_showing(file.symbols) if is_named(item)]
    if category(file.path) is Category.LOCK:
        some = [item for item in some if item.kind == "package"]
    there = {item.name for item in some if item.change != "removed"}
    return [item for item in some if item.change != "removed" or item.name not in there]


def _is_test(item: SymbolChange) -> bool:
    return category(item.path) is Category.TEST or item.kind == "test" or item.name.startswith("tests.")


def _of_symbols(symbols: Sequence[SymbolChange], *, is_test: bool) -> list[Point]:
    found: list[Point] = []
    groups: dict[str, list[SymbolChange]] = {}
    for item in symbols:
        if item.kind != "module":
            groups.setdefault(told_as(item), []).append(item)
    modules = [item for item in symbols if item.kind == "module"]
    if modules:
        found += _changed("body", modules)
    for change, some in groups.items():
        some.sort(key=_weight, reverse=True)
        if change == "renamed":
            found += [_renamed(item) for item in some[:2]]
        elif change == "moved":
            found.append(_moves(some))
        elif is_test and all(item.kind == "test" for item in some):
            found.append(_tests(change, some))
        elif change in ("body", "signature") and not is_test:
            found += _changed(change, some)
        else:
            found.append(Point(worded(change, some), max(map(_weight, some))))
    return [Point(item.texts, item.weight * TEST) for item in found] if is_test else found


_WEIGHTS = {
    "added": 3.0,
    "removed": 2.4,
    "renamed": 3.2,
    "moved": 2.6,
    "signature": 2.9,
    "body": 2.5,
    "format-only": 0.2,
}


_TELLING = frozenset({*_EFFECTS, *_ON_VALUES})


def _weight(item: SymbolChange) -> float:
    """How much a change matters to what a commit is about."""
    base = _WEIGHTS.get(item.change, 0.6)
    if item.kind in ("constant", "variable", "key", "module"):
        base -= 1.0
    if not item.public:
        base -= 0.8
    told = any(effect.kind in _TELLING for effect in told_effects(item))
    return base + min(1.0, item.size / 60) * (item.change in ("added", "removed")) + 0.3 * told


def _renamed(item: SymbolChange) -> Point:
    old, new = (name.rpartition(".")[2] for name in (item.old_name, item.name))
    texts = [say("rename `{}` to `{}`", item.old_name, item.name)]
    texts += [say("rename `{}` to `{}`", old, new)] if old != new else []
    return Point((*texts, say("rename `{}`", item.old_name)), _weight(item))


def _moves(some: Sequence[SymbolChange]) -> Point:
    origins, paths = {item.old_path for item in some}, {item.path for item in some}
    names = lengths([f"`{item.name}`" for item in some])
    if len(origins) == len(paths) == 1 and origins != paths:
        origin, path = next(iter(origins)), next(iter(paths))
        texts = [say("move {} from {} to {}", text, origin, path) for text in names]
        return Point((*texts, *(say("move {}", text) for text in names)), _weight(some[0]))
    return Point(tuple(say("move {}", text) for text in names), _weight(some[0]))


def _tests(change: str, some: Sequence[SymbolChange]) -> Point:
    verb = VERBS.get(change, "change {}")
    paths = {item.path for item in some}
    name = some[0].name
    alone = say("the test “{}”", innermost(name)) if " " in name else f"`{name}`"
    alone = alone if " " in name or re.search("test", name, re.IGNORECASE) else say("the test {}", alone)
    noun = alone if len(some) == 1 else say("{} tests", len(some))
    text = say(verb, noun)
    where = say("{} in {}", text, next(iter(paths))) if len(paths) == 1 else text
    return Point(
        (where, text, say("change tests") if change not in ("added", "removed") else say(verb, say("tests"))), 2.5
    )


def _changed(change: str, some: Sequence[SymbolChange]) -> list[Point]:
    """Points on changed definitions: what several do alike as one, what one does by itself, the rest by name."""
    found: list[Point] = []
    alike: dict[Effect, list[SymbolChange]] = {}
    for item in some:
        told_of = [one for one in told_effects(item) if item.name not in one.values]
        first = next((one for one in told_of if one.kind in _ON_VALUES and all(map(is_whole, one.values))), None)
        effect = next((one for one in map(_telling, told_of) if one is not None), None)
        # What comes first among the effects is the most telling.
        if effect is not None and (first is None or told_of.index(first) > 0):
            alike.setdefault(effect, []).append(item)
    told: set[int] = set()
    for effect, items in alike.items():
        if len(found) < 3:
            found.append(_effect(effect, items))
            told |= {id(item) for item in items}
    plain = [item for item in some if id(item) not in told]
    for item in plain[:3]:
        if text := _line(item):
            effects = [one for one in map(_telling, told_effects(item)) if one is not None]
            more = [text for one in effects[:1] for text in _effect(one, [item]).texts]
            found.append(Point((text, *more, *worded(change, [item])), _weight(item)))
            told.add(id(item))
    rest = [item for item in some if id(item) not in told]
    if rest:
        found.append(Point(worded(change, rest), max(map(_weight, rest)) + 0.02 * len(rest)))
    return found


def _telling(effect: Effect) -> Effect | None:
    """The effect with the names that say something: a plain word that is used may be any word of a text."""
    if effect.kind not in _EFFECTS:
        return None
    if effect.kind not in (EffectKind.USES, EffectKind.USES_NO_MORE):
        return effect
    names = tuple(name for name in effect.values if not name.islower() or not name.isalpha())
    return Effect(effect.kind, names) if names else None


def _effect(effect: Effect, items: Sequence[SymbolChange]) -> Point:
    template = _PLURALS.get(effect.kind, _EFFECTS[effect.kind]) if len(effect.values) > 1 else _EFFECTS[effect.kind]
    names = [item.name for item in items], [item.name.rpartition(".")[2] for item in items]
    texts = [
        say(template, values, where)
        for some in (names if all(names[1]) else names[:1])
        for values in lengths([f"`{value}`" for value in told_values(effect)])
        for where in lengths([f"`{name}`" for name in some], count_of(items))
    ]
    return Point((*texts, *worded(items[0].change, items)), max(map(_weight, items)) + 0.1 * len(items))


_BECOMES = (EffectKind.BECOMES, EffectKind.VALUE_BECOMES)


def _line(item: SymbolChange) -> str:
    """What becomes of one line or value, where that is short enough to be told; empty otherwise."""
    for effect in told_effects(item):
        if not all(map(is_whole, effect.values)):
            continue
        if effect.kind in _ON_VALUES:
            return say(_ON_VALUES[effect.kind], *told_values(effect), named(item))
        if effect.kind in _BECOMES and (values := _assigned(effect)):
            if VERSION.fullmatch(values[0]):
                return say("set the version to {}", values[2].strip("\"'"))
            return say("change `{}` from `{}` to `{}`", *values)
        if effect.kind in _BECOMES or effect.kind is EffectKind.TURNS:
            return say("change `{}` to `{}` in {}", *effect.values[:2], named(item))
        if effect.kind is EffectKind.TYPES_ONLY and not item.effects:
            return say("change the types of `{}`", item.name)
        if effect.kind is EffectKind.COMMENTS_ONLY:
            return say("change comments in `{}`", item.name)
        if effect.kind is EffectKind.REORDERS:
            return say("reorder the parameters of `{}`", item.name)
    return ""


def _assigned(effect: Effect) -> tuple[str, str, str] | None:
    """The name, the old and the new value, where both sides assign to one name."""
    old, new = (re.fullmatch(r"([\w.]+)\s*:?=\s*(.+?);?", value) for value in effect.values[:2])
    return (old[1], old[2], new[2]) if old and new and old[1] == new[1] else None


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _common(paths: Sequence[str]) -> str:
    """The deepest folder that holds all paths; empty for the top."""
    parts = [path.split("/")[:-1] for path in paths]
    shared = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared)
