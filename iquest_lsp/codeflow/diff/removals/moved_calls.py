"""What a definition does no longer itself since a part of it is one of its own now, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

#: What goes into a new definition with the lines that do it, and what comes out of one that is gone.
_GOES = frozenset({EffectKind.RAISES_NO_MORE, EffectKind.CALLS_NO_MORE, EffectKind.CHECKS_NO_MORE})
_COMES = frozenset({EffectKind.RAISES, EffectKind.CALLS, EffectKind.CHECKS})


def without_moved_calls(changes: Sequence[SymbolChange]) -> list[SymbolChange]:
    """The changes without what a definition no longer does itself, where a new one that it now calls does it, and
    without what it does now that one did which it called and which is gone."""
    new, gone = (_texts(changes, change) for change in ("added", "removed"))
    if not new and not gone:
        return list(changes)
    found = []
    for item in changes:
        if item.effects and item.change not in ("added", "removed"):
            told = _without(item.effects, _GOES, _of(_called(item, new), new))
            told = _without(told, _COMES, _of(_left(item), gone))
            item = item if told == item.effects else replace(item, effects=told)
        found.append(item)
    return found


def _texts(changes: Sequence[SymbolChange], change: str) -> dict[str, str]:
    """The lines of the definitions that come, or go, by their short names."""
    texts: dict[str, str] = {}
    for item in changes:
        if item.change == change and item.lines:
            short = _short(item.name)
            texts[short] = "\n".join((texts.get(short, ""), *item.lines))
    return texts


def _called(item: SymbolChange, new: Mapping[str, str]) -> set[str]:
    """The new definitions that a changed one calls now."""
    if not new:
        return set()
    told = {name for effect in item.effects if effect.kind is EffectKind.CALLS for name in effect.values}
    instead = {effect.values[0] for effect in item.effects if effect.kind is EffectKind.CALLS_INSTEAD}
    calls = {name for line in item.lines for name in _CALL.findall(line)} if item.change != "moved" else set()
    return {_short(name) for name in told | instead} | (calls & new.keys())


def _left(item: SymbolChange) -> set[str]:
    """What a changed definition no longer calls."""
    told = {name for effect in item.effects if effect.kind is EffectKind.CALLS_NO_MORE for name in effect.values}
    instead = {effect.values[1] for effect in item.effects if effect.kind is EffectKind.CALLS_INSTEAD}
    return {_short(name) for name in told | instead}


_CALL = re.compile(r"(?<![\w$])([A-Za-z_$][\w$]*+[!?]?)\s*+\(")


def _of(names: set[str], texts: Mapping[str, str]) -> str:
    return "\n".join(texts[name] for name in sorted(names) if name in texts)


def _without(effects: Sequence[Effect], kinds: frozenset[EffectKind], text: str) -> tuple[Effect, ...]:
    """The effects without the names that a text holds, those of some kinds."""
    if not text:
        return tuple(effects)
    kept = (
        effect
        if effect.kind not in kinds
        else Effect(effect.kind, tuple(name for name in effect.values if not _holds(text, name)))
        for effect in effects
    )
    return tuple(effect for effect in kept if effect.values or effect.kind not in kinds)


def _holds(text: str, name: str) -> bool:
    """Whether a text holds a name, or a condition as it is written."""
    bare = name.rsplit(".", 1)[-1] if re.fullmatch(r"[\w.:$!?]+", name) else name
    return re.search(rf"(?<![\w$]){re.escape(bare)}(?![\w$])", text) is not None


def _short(name: str) -> str:
    return re.split(r"\.|::", name)[-1]
