"""One use of a name, and whether it can be one of a definition: by what its file imports, and by what it is used on."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from iquest_lsp.codeflow.syntax.imports import GENERAL, imports, leads_to
from iquest_lsp.codeflow.syntax.owners import ITSELF


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
        return is_beside(use.path, path)
    if use.sources is None or any(leads_to(source, path, use.path) for source in use.sources):
        return None if use.sources is None else True
    # A package of the same house may pass on what another one defines.
    return None if any(source.startswith("@") and not source.startswith("@/") for source in use.sources) else False


def is_beside(one: str, other: str) -> bool:
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
