"""Points of a commit message on keys, packages and sections, and what all points are made of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.diff.replacements import MAX_CODE
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.effects import COMMENTS
from iquest_lsp.codeflow.wording.phrases import say

VERBS = {
    "added": "add {}",
    "removed": "remove {}",
    "signature": "change the signature of {}",
    "body": "change {}",
    "test": "change {}",
    "doc": "change the documentation of {}",
    COMMENTS: "change comments of {}",
    "format-only": "reformat {}",
}
PLACES = {"added": "{} to {}", "removed": "{} from {}"}


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that the diff does: the same in several lengths, longest first, and how much it matters."""

    texts: tuple[str, ...]
    weight: float


def worded(change: str, some: Sequence[SymbolChange]) -> tuple[str, ...]:
    """A change of some definitions in several lengths."""
    paths = list(dict.fromkeys(item.path for item in some))
    verb = VERBS.get(change, "change {}")
    texts = [say(verb, text) for text in lengths([named(item) for item in some], count_of(some))]
    place = PLACES.get(change, "{} in {}")
    if len(paths) == 1 and all(item.kind != "module" for item in some):
        return (*(say(place, text, paths[0]) for text in texts), *texts)
    return (*texts, say("{} in {} files", texts[-1], len(paths)))


def named(item: SymbolChange) -> str:
    if item.kind == "module":
        return item.path
    return item.name if item.kind == "key" else f"`{item.name}`"


def count_of(some: Sequence[SymbolChange]) -> str:
    kinds = {item.kind for item in some}
    noun = next(iter(kinds)) if len(kinds) == 1 else "definition" if kinds <= DEFINITIONS else "place"
    plural = {"class": "classes", "property": "properties"}.get(noun, f"{noun}s")
    return say("{} {}", len(some), plural) if len(some) > 1 else ""


def lengths(names: Iterable[str], count: str = "") -> list[str]:
    """Names as a list in several lengths: all or the first three, the first two, the first, how many; none if none."""
    some = list(dict.fromkeys(names))
    lengths = [len(some)] if 1 <= len(some) <= 3 else []
    lengths += [number for number in (3, 2, 1) if number < len(some)]
    texts = [_joined(some, number) for number in lengths]
    return [*texts, *([count] if count else [])]


def _joined(names: Sequence[str], number: int) -> str:
    shown, left = names[:number], len(names) - number
    if left:
        return say("{} and {} more", ", ".join(shown), left)
    return say("{} and {}", ", ".join(shown[:-1]), shown[-1]) if len(shown) > 1 else shown[0]


_DEPENDENCIES = re.compile(
    r"(?:.*\.)?(?:(?:dev|peer|optional|build)[-_]?)?[dD]ependencies\.(?P<name>[^.]+)(?:\.version)?"
)
VERSION = re.compile(r"(?:project\.|package\.|tool\.poetry\.|workspace\.package\.)?version|__version__|VERSION")


VALUES = frozenset({"key", "package", "table", "item", "entry"})
_PROSE = frozenset({"section", "preamble", "paragraph"})
#: What says nothing beside the definitions of a file; longer names say nothing in a message.
SILENT = frozenset({"imports", "comment", "element", "link"})
MAX_NAME = 80
#: A statement is named by its text, of which less is understood.
MAX_STATEMENT = 40
DEFINITIONS = frozenset(
    {
        *("function", "method", "property", "field", "class", "interface", "type", "enum", "struct", "trait"),
        *("macro", "constant"),
    }
)


_TURNS = {
    EffectKind.BECOMES: "change {} from {} to {}",
    EffectKind.VALUE_BECOMES: "change {} from {} to {}",
    EffectKind.RAISES_VERSION: "raise {} from {} to {}",
    EffectKind.LOWERS_VERSION: "lower {} from {} to {}",
}


def is_prose(item: SymbolChange) -> bool:
    return item.kind in _PROSE or (item.kind in VALUES and category(item.path) in (Category.DOCS, Category.CHANGELOG))


def of_sections(sections: Sequence[SymbolChange]) -> list[Point]:
    """What happens to the sections of documents; of nested ones the innermost name says it."""
    found: list[Point] = []
    groups: dict[tuple[str, str], list[str]] = {}
    outer = {(item.path, item.name) for item in sections if item.change == "added"}
    for item in sections:
        # What stands in a new section is new with it; how a section changes is for the reader of the document.
        if (item.path, item.name.rpartition(" > ")[0]) not in outer:
            change: str = item.change if item.change in ("added", "removed") else "body"
            groups.setdefault((item.path, change), []).append(innermost(item.name))
    for (path, change), names in groups.items():
        verb = VERBS.get(change, "change {}") if change != "body" else "update {}"
        place = PLACES.get(change, "{} in {}")
        inner = [name for name in dict.fromkeys(names) if name and name != path.rpartition("/")[2]]
        told = lengths([f"“{name}”" for name in inner], say("{} sections", len(inner)) if len(inner) > 1 else "")
        weight = 0.4 if category(path) is Category.CHANGELOG else 1.0
        file = say("update {}", path)
        found.append(Point((*(say(place, say(verb, text), path) for text in told), file), weight))
    return found


def innermost(name: str) -> str:
    return name.rpartition(" > ")[2]


def is_named(item: SymbolChange) -> bool:
    """Whether a change has a name that can be told in a message."""
    is_text = bool(re.search(r"[({=]", item.name)) and item.kind not in ("section", "test", "suite")
    return item.kind not in SILENT and len(item.name) <= (MAX_STATEMENT if is_text else MAX_NAME)


def _version_in(text: str) -> str:
    """The version that a dependency's value asks for, where it is in a table."""
    found = re.search(r"version\s*[=:]\s*[\"']([^\"']+)", text)
    return found[1] if found else text.strip('"')


#: What happens to one package, and to several.
_PACKAGES = {
    "added": ("add the package {}", "add the packages {}", "add {} packages"),
    "removed": ("remove the package {}", "remove the packages {}", "remove {} packages"),
}
_UPDATES = ("update {}", "update {}", "update {} packages")
#: What a step of a workflow runs, or a hook comes from, and at which version; of a commit the version behind it.
_ACTION = re.compile(r"(?:docker://)?([\w.\-]+(?:/[\w.\-]+)+)@(?:[0-9a-f]{7,40}\s*#\s*)?(\S+)")
_HOOK = re.compile(r"repos\[(?:https?://[^/]+/)?([^\]]+?)(?:\.git)?\]\.rev")


def _brought(item: SymbolChange) -> tuple[str, str, str] | None:
    """What is brought from elsewhere at another version than before: its name, the old and the new version."""
    value = next((effect for effect in item.effects if effect.kind in _TURNS), None)
    if value is None or item.kind != "key" or item.change != "body":
        return None
    if hook := _HOOK.fullmatch(item.name):
        old, new = (text.strip("\"'").rpartition("# ")[2] for text in value.values[:2])
        return hook[1], old, new
    sides = [_ACTION.fullmatch(text.strip("\"'")) for text in value.values[:2]]
    if not item.name.endswith("uses") or not all(sides):
        return None
    before, after = (side for side in sides if side)
    return (after[1], before[2], after[2]) if before[1] == after[1] else None


def _of_actions(actions: Mapping[str, Collection[tuple[str, str]]]) -> list[Point]:
    """What is brought from elsewhere at other versions, as one point."""
    if not actions:
        return []
    count = say("{} actions", len(actions)) if len(actions) > 1 else ""
    texts = [say("update {}", names) for names in lengths(actions, count)]
    [first, *others] = actions.items()
    if not others and len(first[1]) == 1:
        old, new = next(iter(first[1]))
        texts = [say("update {} from {} to {}", first[0], old, new), *texts]
    return [Point(tuple(texts), 1.35)]


def of_keys(keys: Sequence[SymbolChange]) -> list[Point]:
    """What happens to keys of configuration; versions and dependencies by their own words."""
    found: list[Point] = []
    rest: dict[str, list[SymbolChange]] = {}
    locked: dict[str, list[str]] = {}
    actions: dict[str, set[tuple[str, str]]] = {}
    for item in keys:
        if (brought := _brought(item)) is not None:
            actions.setdefault(brought[0], set()).add(brought[1:])
            continue
        value = next((effect for effect in item.effects if effect.kind in _TURNS), None)
        told = value is not None and all(len(text) <= MAX_CODE for text in value.values)
        dependency = _DEPENDENCIES.fullmatch(item.name)
        if item.kind == "package" and value is not None and told and len(keys) <= 2:
            found.append(Point((say(_TURNS[value.kind], item.name, *value.values[:2]),), 0.6))
            continue
        if item.kind == "package":
            locked.setdefault(item.change, []).append(item.name)
            continue
        if value is not None and told and VERSION.fullmatch(item.name) and "." in value.values[1]:
            found.append(Point((say("set the version to {}", value.values[1].strip('"')),), 3.4))
        elif dependency and value is not None and told:
            old, new = (_version_in(text) for text in value.values[:2])
            verb = _TURNS[value.kind]
            texts = say(verb, dependency["name"], old, new), say("change {}", dependency["name"])
            found.append(Point(texts, 1.6))
        elif dependency and item.change in ("added", "removed"):
            found.append(Point((say(VERBS[item.change], say("the dependency {}", dependency["name"])),), 1.6))
        elif value is not None and told and len(keys) <= 3:
            texts = (
                say("change {} from {} to {}", item.name, *value.values),
                say("change {} in {}", item.name, item.path),
            )
            found.append(Point((*texts, say("change {}", item.name)), 1.4))
        else:
            rest.setdefault(item.change, []).append(item)
    found += [Point(worded(change, some), 1.3) for change, some in rest.items()]
    found += _of_actions(actions)
    for change, names in locked.items():
        one, several, counted = _PACKAGES.get(change, _UPDATES)
        verb = several if len(set(names)) > 1 else one
        forms = [say(verb, text) for text in lengths(names)]
        forms += [say(counted, len(set(names)))] if len(names) > 1 else []
        found.append(Point(tuple(forms), 0.6))
    return found
