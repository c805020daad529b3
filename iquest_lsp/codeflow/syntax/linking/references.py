"""Where names are used: callers in code, confirmed by tree-sitter, and mentions in tests, docs, CI, configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Protocol

from iquest_lsp import grammars
from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.syntax.imports import GENERAL, imports, leads_to
from iquest_lsp.codeflow.syntax.linking.go_types import GoTypes
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.names import names_of
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, TypeLines, types_of
from iquest_lsp.codeflow.syntax.owners import ITSELF, is_of
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


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of `name`: `kind` is caller, test, docs, ci or config; `line` is 0-based; `within` the definition.

    `own` says that its file defines that name itself; `last` is the last line of a call. `on` is what stands before the
    name (`on.name`); `owned` whether that is the owner that was asked about, None where the file does not tell.
    `sources` are the modules that the file imports the name from, `modules` those that `on` stands for; None where its
    imports are not understood. `by_way_of` is the method of an interface that is used and that the owner implements.
    """

    path: str
    line: int
    kind: str
    name: str
    text: str
    within: str = ""
    call: bool = False
    own: bool = False
    last: int = -1
    on: str = ""
    owned: bool | None = None
    sources: frozenset[str] | None = None
    modules: frozenset[str] | None = None
    by_way_of: str = ""

    @property
    def named(self) -> bool:
        """True when the text plainly means code: the name is no plain word, or stands in quotes or before a bracket."""
        plain = self.name.islower() and self.name.isalpha()
        return not plain or bool(re.search(rf"`{re.escape(self.name)}[`(]|\b{re.escape(self.name)}\(", self.text))


def module_name(path: str) -> str:
    """What other files call a file by when they import it."""
    file = PurePosixPath(path)
    general = file.stem in GENERAL and file.parent.name
    return file.parent.name if general else file.stem


def linked(uses: Sequence[Reference], origins: Mapping[str, Sequence[str]]) -> list[Reference]:
    """The uses that can mean the definition: in its file or package, or where the file or an outer definition is named.

    `origins` has for each name the path of its definition and the names, module or outer definition, that lead to it.
    In documentation, CI and configuration the name must plainly be one of code.
    """
    named: dict[str, set[str]] = {}
    elsewhere: dict[str, set[str]] = {}
    for use in uses:
        if use.own:
            elsewhere.setdefault(use.name, set()).add(use.path)
        # A module may be called like a definition in it, and then only its import leads there.
        path, *leads = origins.get(use.name, ("",))
        if use.name not in leads or _imports_module(use, path):
            named.setdefault(use.path, set()).add(use.name)
    kept = []
    for use in uses:
        if use.name not in origins:
            continue
        path, *leads = origins[use.name]
        if use.kind in ("docs", "ci", "config"):
            # A member is meant where its owner is named too; code in documentation names both.
            if use.named and (len(leads) == 1 or use.owned or leads[-1] in named.get(use.path, set())):
                kept.append(use)
            continue
        alone = elsewhere.get(use.name, set()) <= {path}
        leads_there = use.path == path or bool(named.get(use.path, set()) & set(leads))
        if not leads_there and len(leads) == 1:
            # In C a name that one file defines is the same in all.
            leads_there = bool(is_from(use, path)) or (alone and not use.on and PurePosixPath(path).suffix in _C)
        if leads_there and _akin(use.path, path) and _is(use, path, leads, alone=alone):
            kept.append(use)
    return kept


def _is(use: Reference, path: str, leads: Sequence[str], *, alone: bool) -> bool:
    """Whether a use is of the definition at `path` that `leads` lead to; `alone` says that no other file defines it."""
    if len(leads) > 1:
        if use.owned is None:
            # Nothing else is called like this, so that an object of an unknown type must be meant.
            return alone and bool(use.on) and use.on not in ITSELF and is_compound(use.name)
        return use.owned
    if use.on and use.on in leads:
        return True
    return is_from(use, path) is not False


def is_from(use: Reference, path: str) -> bool | None:
    """Whether a use of a name that a module defines is of the module at `path`; None where its file does not tell."""
    if use.on:
        # A function called on some object is another function, unless the object is its module.
        if use.path == path:
            return use.on in ("exports", "module")
        if use.modules:
            return any(leads_to(module, path, use.path) for module in use.modules)
        # A path of Rust says the module itself.
        return path.endswith(".rs") and leads_to(use.on, path) and use.on not in ("self", "Self")
    if use.path == path:
        return True
    if use.own:
        return False
    if path.endswith(".go"):
        # The files of a folder are one package.
        return _is_beside(use.path, path)
    if use.sources is None or any(leads_to(source, path, use.path) for source in use.sources):
        return None if use.sources is None else True
    # A package of the same house may pass on what another one defines.
    return None if any(source.startswith("@") and not source.startswith("@/") for source in use.sources) else False


def _is_beside(one: str, other: str) -> bool:
    return PurePosixPath(one).parent == PurePosixPath(other).parent


def is_meant(use: Reference, path: str, name: str, importers: Container[str]) -> bool | None:
    """Whether a use is of what the file at `path` defines as `name`; None where the use's file does not tell.

    `importers` are the files that import the module at `path`.
    """
    module = module_name(path)
    if "." in name:
        # A file that defines the name itself means its own by it.
        return False if use.own and not use.on and use.path != path else use.owned
    if use.on == module and use.path in importers:
        return True
    known = is_from(use, path)
    return True if known is None and use.path in importers else known


def is_compound(name: str) -> bool:
    """Whether a name is made of several words, which two libraries rarely choose alike."""
    return bool(re.search(r"[a-z0-9]_[a-z0-9]|[a-z][A-Z]", name)) and len(name) > 7


def _imports_module(use: Reference, path: str) -> bool:
    """Whether the text imports the module at `path`, whose name it uses, rather than another thing of that name."""
    name, folder = re.escape(use.name), re.escape(PurePosixPath(path).parent.name)
    inside = rf"|\b{folder}\s+import\b.*\b{name}\b" if folder else rf"|^\s*import\s+{name}\b"
    return bool(re.search(rf"\b{name}\s+import\b|[./]{name}\b{inside}", use.text)) and imports(use.text)


def _akin(one: str, other: str) -> bool:
    """Whether code of one file can use code of the other, by their languages."""
    left, right = (_FAMILIES.get(suffix, suffix) for suffix in (PurePosixPath(path).suffix for path in (one, other)))
    return left == right


_C = (".c", ".h")
# Suffixes of languages that use each other's definitions.
_FAMILIES = {
    suffix: family[0]
    for family in (
        (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".inl", ".cu", ".cuh", ".m", ".mm", ".cppm", ".ipp"),
        (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".html", ".astro"),
        (".java", ".kt", ".kts", ".scala", ".groovy", ".clj", ".gradle"),
        (".py", ".pyi", ".pyw", ".pyx", ".pxd", ".ipynb"),
    )
    for suffix in family
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
            source = read(path)
            confirm = names_of(path, source) if source is not None and len(source) <= MAX_SOURCE else None
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
                            mine[match[0]], on, line, match[0], column, another=owner in others, go=go
                        )
                    of, over = mine.get(match[0]), above.get(match[0], ())
                    way = confirm.by_way_of(of, over, on, line, match[0], column, go) if of and not owned else ""
                    sources, through = confirm.sources(match[0]), confirm.modules(on) if on else None
                    if links is not None:
                        sources, through = links.followed(path, match[0], on, sources, through)
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
        if match[0] not in owners and (home is None or _is_beside(path, home)):
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
