"""Two values of a key compared: versions, switches, lists by their items."""

from __future__ import annotations

import json
import re
import tomllib

from iquest_lsp.codeflow.syntax.line_effects import Effect, EffectKind

MAX_VALUE = 60
_VERSION = re.compile(r"[\"']?[\^~=<>v ]*(\d+(?:\.\d+)+)[\w.+\-]*[\"']?$")


def value_effects(before: str, after: str, *, version: bool = False) -> list[Effect]:
    """What one value becomes; of lists, the items that come and go."""
    old, new = _read(before), _read(after)
    if isinstance(old, list) and isinstance(new, list):
        come = [shown(item) for item in new if item not in old]
        gone = [shown(item) for item in old if item not in new]
        if len(come) == len(gone) == 1:
            return [Effect(EffectKind.BECOMES, (gone[0], come[0]))]
        found = [Effect(EffectKind.COMES, (item,)) for item in come[:2]]
        return found + [Effect(EffectKind.GOES, (item,)) for item in gone[:2]]
    if version and (raised := _raised(before, after)):
        return [Effect(raised, (before, after))]
    return [Effect(EffectKind.BECOMES, (_cut(before), _cut(after)))]


def same_value(before: str, after: str) -> bool:
    """Whether two values that are written differently say the same: white space, as between the items of a list."""
    return bool(before) and before != after and _read(before) == _read(after)


def _raised(before: str, after: str) -> EffectKind | None:
    one, other = _VERSION.match(before), _VERSION.match(after)
    if one is None or other is None or one[1] == other[1]:
        return None
    old, new = (tuple(map(int, found[1].split("."))) for found in (one, other))
    return EffectKind.RAISES_VERSION if new > old else EffectKind.LOWERS_VERSION


def _read(value: str) -> object:
    """A list as one, where a value is a list; other values as they are written."""
    if not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return [item.strip() for item in value.strip("[]").split(",") if item.strip()]


def shown(value: object) -> str:
    """A value as an answer quotes it."""
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
