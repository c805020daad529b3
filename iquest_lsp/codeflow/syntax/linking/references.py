"""Where names are used: callers in code, confirmed by tree-sitter, and mentions in tests, docs, CI, configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Protocol

from iquest_lsp import grammars
from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.syntax.imports import imports
from iquest_lsp.codeflow.syntax.linking.chains.go_types import GoTypes
from iquest_lsp.codeflow.syntax.linking.chains.object_types import ObjectTypes
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.names import NamesOfFile, names_of
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, TypeLines, types_of
from iquest_lsp.codeflow.syntax.linking.uses import Reference, is_beside, is_from
from iquest_lsp.codeflow.syntax.owners import is_of
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE

MAX_PARSED = 80
MAX_FOUND = 400
# A name as common as this is no evidence, and reading on would take long.
MAX_LINES = 4000

_KINDS = {
    Category.TEST: "test",
    Category.DOCS: "docs",
    Category.CI: "ci",
    Category.SOURCE: "caller",
    Category.BUILD: "config",
    Category.CONFIG: "config",
}


def _receiver(name: str, text: str) -> str:
    found = re.search(rf"(\w+)[\])]*\s*(?:\.|::|->)\s*{re.escape(name)}\b", text)
    return found[1] if found else ""


class Searched(Protocol):
    """What is searched for names: a repository, or its files under other texts."""

    gaps: Gaps

    def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
        """Lines that hold any of the words as whole words: path, 0-based line, text."""
        ...


def references(
    repository: Searched,
    names: Sequence[str],
    read: Callable[[str], bytes | None],
    revision: str | None = None,
    owners: Mapping[str, str] | None = None,
    modules: Container[str] = (),
    links: Links | None = None,
    homes: Mapping[str, str] | None = None,
    types: Mapping[str, TypeLines] | None = None,
    origins: Mapping[str, str] = MappingProxyType({}),
    instead: Mapping[str, frozenset[str]] = MappingProxyType({}),
    above: Mapping[str, Sequence[TypeLines]] = MappingProxyType({}),
    everywhere: Everywhere | None = None,
) -> list[Reference]:
    """Uses of the (unqualified) names in tracked files, definitions and comments in code left out.

    `read` gives a file's bytes in the state that is searched; `owners` names the type whose member a name is. Of the
    names in `modules`, code tells only its imports: they may be plain words that stand on many lines. `links` follow
    names to the files that define them, `homes` has the files that define the owners, `origins` those that define the
    other names, `types` what is known of all owners already, `instead` the types derived from its owner that have a
    member of a name themselves, and `above` what is known of those that its owner is derived from and that have it;
    `everywhere` is what these were found by.
    """
    owners = owners or {}
    wanted = [name for name in dict.fromkeys(names) if len(name) > 1]
    if not wanted:
        return []
    longest_first = sorted(wanted, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<![\w$]){re.escape(name)}(?![\w$])" for name in longest_first))
    everywhere = everywhere or Everywhere(repository, revision, read)
    if types is None:
        types = types_of(everywhere, (owners.get(name, "") for name in wanted), homes or {})
    mine = {name: types[owners[name]].without(instead.get(name, ())) for name in wanted if owners.get(name)}
    go = GoTypes(everywhere, links.go) if links is not None else None
    objects = ObjectTypes(lambda path: _read_names(path, read), links) if links is not None else None
    hits: dict[str, list[tuple[int, str]]] = {}
    near = {PurePosixPath(path).parent for path in (*(homes or {}).values(), *origins.values())}
    searched = _lines(repository, wanted, modules, revision)
    useful = (hit for hit in searched if _may_use(hit[0], hit[2], pattern, owners, origins))
    lines = list(islice(useful, MAX_LINES + 1))
    if len(lines) > MAX_LINES:
        repository.gaps.add(GapKind.USES, MAX_LINES)
    for path, line, text in lines[:MAX_LINES]:
        kind = _KINDS.get(category(path))
        if kind is not None and len(text) < 2000:
            hits.setdefault(path, []).append((line, text))
    found: list[Reference] = []
    bound: set[tuple[str, str, str]] = set()
    parsed = unparsed = telling = 0
    several = {path: len({name for _, text in lines for name in pattern.findall(text)}) for path, lines in hits.items()}
    bringing = {path for path, some in hits.items() if any(imports(text) for _, text in some)}
    # Those beside the definition come first, then files that import it, and those that name its module or owner too.
    order = sorted(
        hits,
        key=lambda item: (
            PurePosixPath(item).parent not in near,
            item not in bringing,
            category(item) is not Category.SOURCE,
            -several[item],
            len(hits[item]),
            item,
        ),
    )
    for path in order:
        before, confirm = len(found), None
        code = bool(grammars.language_of(path))
        if code and parsed < MAX_PARSED:
            parsed += 1
            confirm = _read_names(path, read)
        unparsed += code and confirm is None
        others: set[str] = set()
        if confirm is not None and links is not None:
            others = {
                owner for owner, home in (homes or {}).items() if links.is_another(path, confirm.text, owner, home)
            }
        for line, text in hits[path]:
            kind = _KINDS[category(path)]
            if confirm is None:
                named = dict.fromkeys(match[0] for match in pattern.finditer(text))
                # A name in code that is not parsed may be anything; what looks like a call is the best guess.
                found += [
                    Reference(
                        path,
                        line,
                        kind,
                        name,
                        text.strip()[:200],
                        call=bool(re.search(rf"(?<![\w$]){re.escape(name)}\(", text)),
                        on=(on := _receiver(name, text)),
                        owned=is_of(owners[name], on, "", "", bare_makes=False) if name in owners else None,
                    )
                    for name in named
                    if not code or imports(text) or _looks_called(name, text)
                ]
                continue
            seen: set[tuple[str, str]] = set()
            for match in pattern.finditer(text):
                if match[0] in modules and not imports(text):
                    continue
                owner = owners.get(match[0], "")
                column = len(text[: match.start()].encode("utf-8"))
                use, last, on = confirm.use(line, column, owner)
                if use == "bind":
                    bound.add((path, confirm.within(line), match[0]))
                elif use and (match[0], on) not in seen and (on or not confirm.is_local(line, column)):
                    seen.add((match[0], on))
                    owned: bool | None = None
                    if owner:
                        owned = confirm.owned(
                            mine[match[0]], on, line, match[0], column, another=owner in others, go=go, objects=objects
                        )
                    of, over = mine.get(match[0]), above.get(match[0], ())
                    way = ""
                    if of and not owned:
                        way = confirm.by_way_of(of, over, on, line, match[0], column, go, objects)
                    sources, through = confirm.sources(match[0]), confirm.modules(on) if on else None
                    if links is not None:
                        sources, through = links.followed(path, match[0], on, sources, through)
                    if objects is not None and on and not owner and not through:
                        module = confirm.module_before(line, column, objects)
                        through = frozenset({f"/{module.rpartition('.')[0]}"}) if module else through
                    found.append(
                        Reference(
                            path,
                            line,
                            "test" if kind == "caller" and confirm.is_test(line) else kind,
                            match[0],
                            text.strip()[:200],
                            confirm.within(line),
                            use == "call",
                            confirm.defines(match[0], member=bool(owner)),
                            last,
                            on,
                            owned,
                            sources,
                            through,
                            way,
                        )
                    )
        telling += sum(_may_be(use, modules, origins) for use in found[before:])
        if telling >= MAX_FOUND:
            repository.gaps.add(GapKind.USES, len(found))
            break
    if unparsed:
        repository.gaps.add(GapKind.UNPARSED, unparsed)
    # A variable of a module is its own.
    found = [replace(use, own=True) if (use.path, "", use.name) in bound and not use.sources else use for use in found]
    # A local variable or parameter of the same name is another thing.
    return [use for use in found if use.call or not use.within or (use.path, use.within, use.name) not in bound]


def _read_names(path: str, read: Callable[[str], bytes | None]) -> NamesOfFile | None:
    source = read(path)
    return names_of(path, source) if source is not None and len(source) <= MAX_SOURCE else None


def _may_use(
    path: str, text: str, names: re.Pattern[str], owners: Mapping[str, str], origins: Mapping[str, str]
) -> bool:
    """Whether a line can use one of some names: in Go a member stands behind its object, a name behind its package."""
    if not path.endswith(".go") or imports(text):
        return True
    for match in names.finditer(text):
        before = text[: match.start()].rstrip()
        if not before or before.endswith("."):  # a call may go on on the next line
            return True
        home = origins.get(match[0])
        if match[0] not in owners and (home is None or is_beside(path, home)):
            return True
    return False


def _may_be(use: Reference, modules: Container[str], origins: Mapping[str, str]) -> bool:
    """Whether a use can be one of the definition that is asked about."""
    if use.name in modules or use.owned is False:
        return False
    return use.name not in origins or is_from(use, origins[use.name]) is not False


def _lines(
    repository: Searched, names: Sequence[str], modules: Container[str], revision: str | None
) -> Iterator[tuple[str, int, str]]:
    """The lines to look at. Modules are searched apart: a file is searched to some number of lines only."""
    seen: set[tuple[str, int]] = set()
    for is_module in (False, True):
        some = [name for name in names if (name in modules) == is_module]
        for path, line, text in repository.grep(some, revision) if some else ():
            if (path, line) not in seen and (not is_module or not grammars.language_of(path) or imports(text)):
                seen.add((path, line))
                yield path, line, text


def _looks_called(name: str, text: str) -> bool:
    name = re.escape(name)
    called = re.search(rf"(?<![\w$\"'`]){name}\(", text)
    return bool(called) and not re.search(rf"\b(def|class|func|fn|function)\s+{name}\(|^\s*(#|//|\*|\"\"\")", text)
