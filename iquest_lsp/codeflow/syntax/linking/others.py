"""Where a definition is meant that its own name does not show: imports under another name, overriding definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from iquest_lsp.codeflow.syntax.imports import imports
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.references import MAX_LINES, Searched, references
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, SearchedLines, TypeLines, type_lines
from iquest_lsp.codeflow.syntax.linking.uses import Reference, module_name
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE, Symbol, symbols_of

#: Files that are looked through for other names of a definition or for one that overrides it.
MAX_FILES = 80
#: A module may export under a third name what it imports under a second one.
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Above:
    """What is known of a type that another one is derived from, and where it declares a member (0-based)."""

    type: TypeLines
    path: str
    line: int


def under_other_names(
    repository: Searched,
    files: Mapping[str, Sequence[str]],
    uses: Iterable[Reference],
    links: Links,
    read: Callable[[str], bytes | None],
) -> Iterator[tuple[str, Reference]]:
    """The uses of definitions of scripts under names that imports and exports give them, each with its own name.

    `files` has the definitions by file; `uses` are those under their own names, and the imports of their modules.
    """
    named = {use.path for use in uses if links.scripts.reads(use.path)}
    for target, names in files.items():
        if not names or not links.scripts.reads(target):
            continue
        # What a module exports by default has another name in each file.
        lines = islice(repository.grep([module_name(target)], None), MAX_LINES)
        near = named | {path for path, _, text in lines if links.scripts.reads(path) and imports(text)}
        for name in names:
            if "." in name:
                continue
            known: set[tuple[str, str]] = set()
            asked: set[str] = set()
            places = near
            for _ in range(_ROUNDS):
                passed: set[str] = set()
                for path in sorted(places)[:MAX_FILES]:
                    own, exported = links.scripts.aliases(path, target, name)
                    known |= {(path, alias) for alias in (*own, *exported)}
                    passed |= exported | own
                if not passed - asked:
                    break
                asked |= passed
                found = references(repository, sorted(asked), read, links=links)
                places = {use.path for use in found if links.scripts.reads(use.path)}
            if not asked:
                continue
            end = (f"/{target}", name)
            for use in found:
                is_it = (use.path, use.name) in known or end in (links.scripts.ends(use.path, use.name) or ())
                if is_it and not use.on and not imports(use.text):
                    yield name, use


def overrides(
    repository: SearchedLines,
    homes: Mapping[str, str],
    owners: Mapping[str, str],
    types: Mapping[str, TypeLines],
    read: Callable[[str], bytes | None],
) -> Iterator[tuple[str, str, Symbol]]:
    """The members of derived types that are called like a member of `owners`: whose they override, path, definition.

    `homes` are the files that define the types, `types` what is known of them.
    """
    for name, owner in owners.items():
        if owner not in homes:
            continue
        heirs = set(types[owner].names) - {owner}
        paths = dict.fromkeys(path for path, _, _ in repository.grep([name], None)) if heirs else ()
        for path in islice(paths, MAX_FILES):
            source = read(path)
            if source is None or len(source) > MAX_SOURCE or not any(heir.encode() in source for heir in heirs):
                continue
            for symbol in symbols_of(path, source):
                *outer, short = symbol.name.split(".")
                if short == name and outer and outer[-1] in heirs:
                    yield f"{owner}.{name}", path, symbol


def above(
    everywhere: Everywhere,
    homes: Mapping[str, str],
    owners: Mapping[str, str],
    read: Callable[[str], bytes | None],
) -> dict[str, tuple[Above, ...]]:
    """The members that those of `owners` implement or override, by their name; `homes` are the files of the owners."""
    found: dict[str, tuple[Above, ...]] = {}
    known: dict[str, TypeLines] = {}
    for name, owner in owners.items():
        home = homes.get(owner, "")
        bases = everywhere.bases(owner, home) if home and not home.endswith(".go") else {}
        having: list[Above] = []
        for base, path in bases.items():
            line = _declared_at(base, name, path, read(path))
            if line < 0:
                continue
            if base not in known:
                lines = type_lines(everywhere, base, path)
                # What is called on another derived type is no business of this one, nor on what only has such a name.
                known[base] = replace(lines.without(lines.names), declared=frozenset())
            having.append(Above(known[base], path, line))
        if having:
            found[name] = tuple(having)
    return found


def _declared_at(owner: str, name: str, path: str, source: bytes | None) -> int:
    """The line at which a type declares a member, 0-based; -1 where it does not."""
    if source is None or len(source) > MAX_SOURCE or name.encode() not in source:
        return -1
    symbols = symbols_of(path, source)
    for symbol in symbols:
        if f".{symbol.name}".endswith(f".{owner}.{name}"):
            return symbol.start
    texts = source.decode("utf-8", "replace").split("\n")
    member = re.compile(rf"[ \t]*(?:readonly[ \t]+)?{re.escape(name)}[?!]?[ \t]*[:(<]")
    own = (symbol for symbol in symbols if symbol.short == owner and symbol.kind in ("interface", "class", "type"))
    lines = (at for symbol in own for at in range(symbol.start + 1, symbol.end) if member.match(texts[at]))
    return next(lines, -1)
