"""Members that are defined by an assignment or an alias now, or were before: they have neither come nor gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from functools import cache

from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.layout import indentation

_DEFINED = frozenset({"function", "method", "property", "field"})
#: What stands before the name of that which has members.
_TYPE = r"(?:class|object|module|interface|struct|trait|enum|extension)"
#: What may stand before a name that is given a value.
_BEFORE = r"(?:(?:export|public|private|protected|static|readonly|final|const|let|var|val)\s+)*"


def as_assigned(
    changes: Iterable[SymbolChange], before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> list[SymbolChange]:
    """The changes; a definition in whose place an alias stands, or that takes the place of one, is told as changed.

    `before` and `after` are the texts of the files on both sides.
    """
    lines = cache(lambda side, path: (after, before)[side].get(path, b"").decode("utf-8", "replace").split("\n"))
    found = []
    aliases: set[tuple[str, str]] = set()
    for item in changes:
        gone = item.change == "removed"
        if item.kind in _DEFINED and not item.effects and (gone or item.change == "added"):
            start, end = item.old_span if gone else item.span
            own = [line for line in lines(gone, item.path)[start:end] if line.strip()]
            head = next((line for line in own if _names(item.name, line)), "")
            alias = _alias(item.name, head, lines(not gone, item.path), lines(gone, item.path)) if head else ""
            if alias:
                pair = (head, alias) if gone else (alias, head)
                effects = (Effect(EffectKind.BECOMES, tuple(bounded(line.strip()) for line in pair)),)
                aliases.add((item.path, bounded(alias.strip())))
                item = replace(item, change="body", effects=effects, old_name=item.name, inner=False)
        found.append(item)
    return [_without(item, aliases) for item in found] if aliases else found


def _without(item: SymbolChange, aliases: Set[tuple[str, str]]) -> SymbolChange:
    """The change of a class without the lines of aliases, which are told as its members."""
    kept = tuple(
        effect
        for effect in item.effects
        if effect.kind not in (EffectKind.COMES, EffectKind.GOES) or (item.path, *effect.values) not in aliases
    )
    return item if kept == item.effects else replace(item, effects=kept)


def _names(name: str, line: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(_short(name))}(?![\w$])", line) is not None


def _alias(name: str, head: str, lines: Sequence[str], others: Sequence[str]) -> str:
    """The line that gives a member its value, as deep as its head stood and in the class that is its outer one.

    `others` are the lines of the other side; a line that is as often there says nothing of a change.
    """
    outer, _, short = name.rpartition(".")
    word, depth = re.escape(short), indentation(head)
    gives = re.compile(
        rf"\s*+(?:{_BEFORE}{word}\s*+(?::\s*+[\w.\[\], ]++)?=\s*+[A-Za-z_$][\w$.]*+\s*+[;,]?\s*+(?:#.*|//.*)?|"
        rf"alias(?:_method)?[\s(]++:?{word}\b.*)$"
    )
    around = re.compile(rf"(?<![\w$]){_TYPE}\s++(?:[\w.:]+[.:])?{re.escape(_short(outer))}(?![\w$])")
    for at, line in enumerate(lines):
        if short in line and indentation(line) == depth and gives.match(line):
            if lines.count(line) <= others.count(line):
                continue
            above = (other for other in reversed(lines[:at]) if other.strip() and indentation(other) < depth)
            if not depth and not outer:
                return line
            if outer and around.search(next(above, "")):
                return line
    return ""


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1]
