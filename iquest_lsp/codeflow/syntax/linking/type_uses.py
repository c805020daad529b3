"""What the lines of a repository say of a type: which types are derived from it, what returns it, what is called so."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE, at_line, symbols_of

#: Lines that are looked at for what they say of one type, types that are followed, and files that are read for it.
MAX_LINES, MAX_HEIRS, MAX_READ = 2000, 6, 20
#: Functions that many types have: what one of them returns depends on whose it is.
_GENERAL = frozenset({"new", "from", "with", "clone", "build", "create", "copy", "get", "init", "make", "default"})


class SearchedLines(Protocol):
    """What is searched for names."""

    def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
        """Lines that hold any of the words as whole words: path, 0-based line, text."""
        ...


@dataclass(frozen=True, slots=True)
class TypeLines:
    """A type's name, and what the repository says of it.

    `names` are the type and what is derived from it, `makers` the functions that return it, `folders` what returns it
    by a general name in a folder of Go and `packages` what that folder is called, `declared` the names of variables
    and fields that are said to be of it.
    """

    names: tuple[str, ...]
    makers: frozenset[str] = frozenset()
    folders: dict[str, frozenset[str]] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()

    def makers_in(self, path: str) -> Collection[str]:
        """The functions that return the type, as the file at `path` calls them."""
        if not path.endswith(".go") or not self.folders:
            return self.makers
        own = self.folders.get(posixpath.dirname(path), frozenset())
        others = {f"{self.packages[folder]}.{name}" for folder, names in self.folders.items() for name in names}
        return self.makers | own | others


def types_of(
    repository: SearchedLines, owners: Iterable[str], revision: str | None, read: Callable[[str], bytes | None]
) -> dict[str, TypeLines]:
    """What is known of each of some types; nothing is looked for under an empty name."""
    return {owner: type_lines(repository, owner, revision, read) for owner in dict.fromkeys(owners) if owner}


def type_lines(
    repository: SearchedLines, owner: str, revision: str | None, read: Callable[[str], bytes | None]
) -> TypeLines:
    """What is known of a type."""
    names, makers, declared = [owner], set[str](), set[str]()
    folders: dict[str, set[str]] = {}
    packages: dict[str, str] = {}
    returning, saying = _returning(owner), _declaring(owner)
    for name in names:
        head, parsed = _head(name), 0
        for path, line, text in islice(repository.grep([name], revision), MAX_LINES):
            heir = match[1] if (match := head.search(text)) else ""
            if path.endswith(".go") and re.match(rf"\s*\*?(?:\w+\.)?{re.escape(name)}\s*(?:`.*)?$", text):
                # A struct has the methods of what it embeds.
                parsed += 1
                heir = _around(path, line, read) if parsed <= MAX_READ else ""
            if heir and heir not in names and len(names) < MAX_HEIRS:
                names.append(heir)
            if name != owner:
                continue
            if match := returning.search(text):
                maker = next(filter(None, match.groups()))
                if maker.lower() not in _GENERAL:
                    makers.add(maker)
                elif path.endswith(".go"):
                    folders.setdefault(folder := posixpath.dirname(path), set()).add(maker)
                    packages[folder] = package_of(read(path))
            declared.update(next(filter(None, match.groups())) for match in saying.finditer(text))
    return TypeLines(
        tuple(names),
        frozenset(makers),
        {folder: frozenset(some) for folder, some in folders.items()},
        packages,
        # Short names are those of parameters and stand for something else in the next function.
        frozenset(name for name in declared if len(name) > 2),
    )


def package_of(source: bytes | None) -> str:
    """The name of a file's package, as Go has it."""
    found = re.search(rb"^package[ \t]+(\w+)", source or b"", re.MULTILINE)
    return found[1].decode().removesuffix("_test") if found else ""


def _head(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:class|interface|struct|trait)\s+(\w+)\b[^:({{]*(?:\(|:|<|\bextends\b|\bimplements\b).*(?<![\w.]){re.escape(name)}\b"
    )


def _returning(owner: str) -> re.Pattern[str]:
    name = re.escape(owner)
    return re.compile(
        rf"\bfunc\s+(?:\([^)]*\)\s*)?(\w+)\(.*\)\s*\(?\*?(?:\w+\.)?{name}\b|\b(?:fn|def)\s+(\w+).*->.*\b{name}\b"
        rf"|\b(?:function\*?|const|let)\s+([\w$]+)\b.*\)\s*:\s*(?:Promise<)?{name}\b"
    )


def _declaring(owner: str) -> re.Pattern[str]:
    """The variables and fields that a line says to be of a type, by annotation or by what they are made of."""
    name = re.escape(owner)
    return re.compile(
        rf"(?<![\w$])([\w$]+)[?!]?\s*:\s*[^=,;(){{}}\n]*\b{name}\b(?!\s*[.(])|(?<![\w$.])(\w+)\s+\*?(?:\w+\.)?{name}\b(?=\s*(?:[`=,)]|//|$))"
        rf"|(?<![\w$.])(\w+)\s*:?=\s*&?(?:new\s+)?(?:\w+\.)?{name}\s*[({{]|\b{name}(?:<[^<>\n]*>)?\s+(\w+)\s*[;=]"
    )


def _around(path: str, line: int, read: Callable[[str], bytes | None]) -> str:
    """The name of the definition around a line."""
    source = read(path)
    if source is None or len(source) > MAX_SOURCE:
        return ""
    symbol = at_line(symbols_of(path, source), line)
    return symbol.short if symbol is not None and symbol.kind not in ("function", "method") else ""
