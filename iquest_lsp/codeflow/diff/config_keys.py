"""What changes in a file of configuration (TOML, JSON): its keys, with their values before and after."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.line_effects import Effect, EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category

#: More keys than this are a table of data, whose changes are not told one by one.
MAX_KEYS = 12
MAX_BYTES = 200_000
MAX_VALUE = 60
_READ = (Category.BUILD, Category.CONFIG, Category.CI)


def key_changes(item: FileDiff, before: bytes | None, after: bytes | None) -> list[SymbolChange]:
    """The keys that a diff adds, removes or gives another value; none for a file that is no such configuration."""
    if category(item.path) not in _READ or item.status in ("A", "D"):
        return []
    old, new = _values(item.old_path or item.path, before), _values(item.path, after)
    if old is None or new is None or old == new:
        return []
    found = []
    for key in dict.fromkeys((*new, *old)):
        if key not in old:
            found.append(SymbolChange(item.path, key, "key", "added"))
        elif key not in new:
            found.append(SymbolChange(item.path, key, "key", "removed"))
        elif old[key] != new[key]:
            found.append(SymbolChange(item.path, key, "key", "body", effects=tuple(_effects(old[key], new[key]))))
    return found if len(found) <= MAX_KEYS else []


def _values(path: str, text: bytes | None) -> dict[str, object] | None:
    """Values by dotted key; lists stay whole."""
    if text is None or len(text) > MAX_BYTES:
        return None
    try:
        if path.endswith(".toml"):
            tree: object = tomllib.loads(text.decode("utf-8"))
        elif path.endswith(".json"):
            tree = json.loads(text)
        else:
            return None
    except (ValueError, RecursionError):
        return None
    return dict(_flat(tree, "")) if isinstance(tree, dict) else None


def _flat(tree: object, prefix: str) -> Iterator[tuple[str, object]]:
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, tree


def _effects(before: object, after: object) -> list[Effect]:
    if isinstance(before, list) and isinstance(after, list):
        come = [_shown(item) for item in after if item not in before]
        gone = [_shown(item) for item in before if item not in after]
        if len(come) == len(gone) == 1:
            return [Effect(EffectKind.BECOMES, (gone[0], come[0]))]
        found = [Effect(EffectKind.COMES, (item,)) for item in come[:2]]
        return found + [Effect(EffectKind.GOES, (item,)) for item in gone[:2]]
    return [Effect(EffectKind.BECOMES, (_shown(before), _shown(after)))]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
