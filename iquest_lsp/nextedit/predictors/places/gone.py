"""Places to look at: what still uses a definition that was taken away."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

from iquest_lsp.codeflow.reading import NotLookedUpError, Sources, SymbolChange, imports, is_meant, module_name
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.pieces import is_compound
from iquest_lsp.nextedit.records import EditKind, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

#: Names as short as this are looked for in vain; definitions that are followed at once.
SHORT, MAX_GONE = 3, 12
_KINDS = ("caller", "test")


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[Place]:
    """The uses of every definition of the changes that is nowhere in the changed files any more."""
    left = {item.short for change in changes for item in change.after.symbols}
    by_path = {change.path: change for change in changes}
    gone: list[SymbolChange] = []
    for change in changes:
        for item in change.symbols:
            name = _short(item)
            is_left = item.inner or name in left or _is_bound(change, name)
            if item.change == "removed" and len(name) > SHORT and not is_left:
                gone.append(item)
    for item in gone[:MAX_GONE]:
        with contextlib.suppress(NotLookedUpError):
            if not _is_elsewhere(_short(item), sources):
                yield from _uses(item, by_path, sources)


def _short(item: SymbolChange) -> str:
    return item.name.rsplit(".", 1)[-1]


def _is_bound(change: Change, name: str) -> bool:
    """Whether the file still has the name from somewhere: an import, a variable."""
    return any(change.after.use(spot)[0] == "bind" for spot in change.after.spots(name))


def _is_elsewhere(name: str, sources: Sources) -> bool:
    """Whether any file defines the name, most likely since the definition was moved there."""
    defines = re.compile(
        r"\b(?:def|fn|func(?:\s*\([^)]*\))?|function\*?|class|struct|interface|trait|enum|type|const|let|var|static"
        rf"|macro_rules!|typedef|define)\s+{re.escape(name)}\b|^\s*{re.escape(name)}\s*(?::\s*\S+\s*)?=[^=]"
    )
    return any(defines.search(text) for _, _, text in sources.grep([name]))


def _uses(item: SymbolChange, changes: dict[str, Change], sources: Sources) -> Iterator[Place]:
    name, owner = _short(item), item.name.rpartition(".")[0].rsplit(".", 1)[-1]
    module = module_name(item.path)
    uses = sources.uses(name, module, owner)
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    mine = [use for use in uses if use.name == name and use.kind in _KINDS]
    for use in mine:
        sure = is_meant(use, item.path, item.name, importers)
        if sure is False or (sure is None and not is_compound(name)):
            continue
        change = changes.get(use.path)
        if change is not None and change.is_changed(use.line):
            continue
        place = "own" if use.path == item.path else use.kind
        marks = item.kind, place, "member" if owner else "", "" if sure else "unsure"
        yield Place(
            use.path,
            use.line,
            max(use.last, use.line),
            EditKind.GONE,
            Reason(ReasonKind.GONE, (name,)),
            Sort.of(PredictorKind.GONE, *marks),
            trigger=(item.path, item.line),
        )
