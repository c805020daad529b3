"""Whether documentation, CI or configuration means a definition where it holds the definition's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from iquest_lsp.codeflow.syntax.imports import imports
from iquest_lsp.codeflow.syntax.linking.uses import Reference

#: One word of a language, which prose uses for other things; code alone writes several in one.
_WORD = re.compile(r"[A-Z]?[a-z]*|[A-Z]+")
#: Folders that hold a package and are not in the names by which it is imported.
_OUTER = frozenset({"src", "lib", "source", "packages", "pkg", "crates", "internal", "python", "app"})


#: Kinds of uses that stand in text rather than in code.
TEXTS = frozenset({"docs", "ci", "config"})


def meant(
    uses: Iterable[Reference], found: Iterable[Reference], origins: Mapping[str, Sequence[str]]
) -> list[Reference]:
    """The uses without those in text that do not mean the definition.

    `found` are the uses of all names that were looked for; `origins` has for each name the path of its definition and
    the names that lead to it.
    """
    beside: dict[str, list[Reference]] = {}
    ambiguous: set[str] = set()
    for use in found:
        beside.setdefault(use.path, []).append(use)
        path, *leads = origins.get(use.name, ("",))
        if use.kind not in TEXTS and path and use.path != path and (use.own or (use.on and use.on not in leads)):
            ambiguous.add(use.name)
    kept = []
    for use in uses:
        if use.kind in TEXTS:
            path, *leads = origins[use.name]
            if not is_meant(use, path, leads, beside[use.path], alone=use.name not in ambiguous):
                continue
        kept.append(use)
    return kept


def is_meant(use: Reference, path: str, leads: Sequence[str], beside: Iterable[Reference], *, alone: bool) -> bool:
    """Whether a mention is of the definition at `path`, which `leads` (its module, an outer definition) lead to.

    `beside` are the uses of names in the same file, and `alone` says that no code uses the name for another thing.
    A name that is one plain word has to stand in code font and, unless it is alone, the file has to name its origin
    too: qualified, in an import, or by the name of the module in code font or of the file.
    """
    if not _WORD.fullmatch(use.name):
        return use.named
    # A member is written behind its owner: behind a package stands a module of that name.
    origin = {*leads, *_parts(path)} if len(leads) == 1 else set(leads)
    if _names_origin(use, origin):
        return True
    if use.kind != "docs" or not _in_code_font(use):
        return False
    if alone or PurePosixPath(use.path).stem.lower() in {lead.lower() for lead in leads}:
        return True
    return any(
        (other.name == use.name and _names_origin(other, origin))
        or (other.name in leads and other.name != use.name and _names_code(other))
        for other in beside
    )


def names_module(use: Reference, path: str) -> bool:
    """Whether a line means the module at `path`, or its test, by the name it holds.

    A module that is called by a plain word is meant where its folder, its suffix or an import stands beside it.
    """
    if not _WORD.fullmatch(use.name):
        return True
    name, file = re.escape(use.name), PurePosixPath(path)
    # A file of that name in another folder is another module.
    written = re.finditer(rf"(?:([\w.@-]+)/)?\b{name}{re.escape(file.suffix)}\b", use.text) if file.suffix else ()
    if any(found[1] in (None, ".", "..", file.parent.name) for found in written):
        return True
    if file.parent.name and re.search(rf"\b{re.escape(file.parent.name)}(?:/|\.|::){name}\b", use.text):
        return True
    return imports(use.text) and bool(re.search(rf"(?:\bimport|\bfrom|\buse)\s+(?:[\w.:]+[.:])?{name}\b", use.text))


def _parts(path: str) -> list[str]:
    """The names by which a file is imported."""
    file = PurePosixPath(path)
    return [part for part in (*file.parts[:-1], file.stem) if part not in _OUTER]


def _names_origin(use: Reference, origin: set[str]) -> bool:
    """Whether the line holds the qualified name, or imports it from there."""
    name = re.escape(use.name)
    qualified = {found[1] for found in re.finditer(rf"(\w+)\s*(?:\.|::|->|#|:|/){name}\b", use.text)}
    if qualified & origin:
        return True
    return imports(use.text) and bool(set(re.findall(r"\w+", use.text)) - {use.name} & origin)


def _names_code(use: Reference) -> bool:
    """Whether a line names a module or an outer definition as code does."""
    name = re.escape(use.name)
    if not _WORD.fullmatch(use.name):
        return True
    return _in_code_font(use) or imports(use.text) or bool(re.search(rf"[./]{name}\b|\b{name}(?:\.\w|::|/)", use.text))


#: What stands in code font; what stands between two such pieces does not.
_CODE_FONT = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")


def _in_code_font(use: Reference) -> bool:
    name = re.escape(use.name)
    if any(re.search(rf"(?<![\w$]){name}(?![\w$])", piece[2]) for piece in _CODE_FONT.finditer(use.text)):
        return True
    return bool(re.search(rf"(?<![\w$]){name}\(|\bnew {name}\b|::\s+{name}\b", use.text))
