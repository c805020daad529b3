"""What the lines of a repository say of a type: which types are derived from it, what returns it, what is called so."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Protocol

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE, at_line, symbols_of

#: Lines that are looked at for what they say of one type, types that are followed, and files that are read for it.
MAX_LINES, MAX_HEIRS, MAX_READ = 2000, 200, 20
#: Heads of types that are looked at; structs that embed others are followed so deep, and so many of them each time.
MAX_HEADS, MAX_DEPTH, MAX_EMBEDDING = 20_000, 3, 6
_ARGUMENTS = re.compile(r"<[^<>]*+>|\[[^\[\]]*+\]")
#: What heads of types begin with, and what stands in them.
_WORDS = ("class", "interface", "struct", "trait")
_HEAD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\s+(\w+)\b[^:({{]*?(?:\(|:|\bextends\b|\bimplements\b)(.*)")
_BASE = re.compile(r"(?<![\w.])((?:\w++\.)*+)(\w++)(?![.=])")
#: What defines a function and says what it returns; a result of Go may have a name.
_GO_RESULT = re.compile(r"\bfunc\s+(?:\([^)]*\)\s*)?(\w+)\(.*\)\s*\(?(?:\w+ )?\*?(?:\w+\.)?(\w+)\b")
_ARROW_RESULT = re.compile(r"\b(?:fn|def)\s+(\w+)[^\n]*?->(.*)")
_SCRIPT_RESULT = re.compile(r"\b(?:function\*?|const|let)\s+([\w$]+)\b.*\)\s*:\s*(?:Promise<)?([\w$]+)")
_METHOD = re.compile(r"func[ \t]+\((?:\w+[ \t]+)?\*?(\w+)[^)]*\)")
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
    by a general name in a folder of Go and `packages` what folders are called, `declared` the names of variables
    and fields that are said to be of it. `homes` are the folders that define types of Go, by their names, and `methods`
    the types and names of Go's methods that return it by a general name; `made` has the makers each with its type.
    """

    names: tuple[str, ...]
    makers: frozenset[str] = frozenset()
    folders: dict[str, frozenset[str]] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    homes: dict[str, str] = field(default_factory=dict)
    methods: frozenset[tuple[str, str]] = frozenset()
    made: frozenset[tuple[str, str]] = frozenset()

    @property
    def packaged(self) -> frozenset[str]:
        """What returns the type by a general name, with its package."""
        return frozenset(f"{self.packages[folder]}.{name}" for folder, some in self.folders.items() for name in some)

    def without(self, names: Collection[str]) -> TypeLines:
        """The same without some of the derived types."""
        if not names:
            return self
        kept = tuple(name for name in self.names if name == self.names[0] or name not in names)
        makers = frozenset(maker for maker, kind in self.made if kind in kept)
        return replace(self, names=kept, makers=makers)

    def makers_in(self, path: str) -> frozenset[str]:
        """The functions that return the type, as the file at `path` calls them."""
        return self.makers | self.packaged if path.endswith(".go") else self.makers

    def is_made(self, path: str, on: str, name: str) -> bool:
        """Whether a function that the file at `path` calls as `name` of `on` returns the type."""
        if name in self.makers:
            return True
        if not on:
            return name in self.folders.get(posixpath.dirname(path), ())
        # What a method is called on may be called like its type, or be what such a method returned.
        fluent = {method for _, method in self.methods} | self.makers
        kinds = [kind for kind, method in self.methods if method == name]
        return f"{on}.{name}" in self.packaged or any(
            on in fluent or kind.lower().endswith(on.lower()) for kind in kinds
        )

    def is_named(self, path: str, on: str, name: str) -> bool:
        """Whether a type that the file at `path` writes as `name` of `on` is the type or derived from it."""
        if name not in self.names:
            return False
        home = self.homes.get(name)
        if home is None or not path.endswith(".go"):
            return True
        return on == self.packages.get(home, on) if on else posixpath.dirname(path) == home


def types_of(
    repository: SearchedLines,
    owners: Iterable[str],
    revision: str | None,
    read: Callable[[str], bytes | None],
    homes: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, TypeLines]:
    """What is known of each of some types; nothing is looked for under an empty name. `homes` are files by owner."""
    return {
        owner: type_lines(repository, owner, revision, read, homes.get(owner, ""))
        for owner in dict.fromkeys(owners)
        if owner
    }


def type_lines(
    repository: SearchedLines, owner: str, revision: str | None, read: Callable[[str], bytes | None], home: str = ""
) -> TypeLines:
    """What is known of a type that the file at `home` defines."""
    names = {owner: home} | _heirs(repository, owner, revision, home)
    made, methods, declared = set[tuple[str, str]](), set[tuple[str, str]](), set[str]()
    folders: dict[str, set[str]] = {}
    packages: dict[str, str] = {}
    saying, generation, parsed = _declaring(owner), [owner], 0
    for depth in range(MAX_DEPTH):
        embedding: dict[str, str] = {}
        told = "|".join(map(re.escape, generation))
        embedded, through = (
            re.compile(rf"\s*\*?(?:\w+\.)?(?:{told})\s*(?:`.*|//.*)?$"),
            re.compile(rf"\w\.(?:{told})\b"),
        )
        own = {posixpath.dirname(names[name]) for name in generation if names[name].endswith(".go")}
        found = (hit for hit in repository.grep(generation, revision) if grammars.language_of(hit[0]))
        for path, line, text in islice(found, MAX_LINES):
            if own and posixpath.dirname(path) not in own and path.endswith(".go") and not through.search(text):
                continue  # in Go another folder's type is written with its package
            if path.endswith(".go") and embedded.match(text):
                # A struct has the methods of what it embeds.
                parsed += 1
                embedding.setdefault(_around(path, line, read) if parsed <= MAX_READ else "", path)
            if is_comment(text):
                continue
            for maker, kind in _returned(text):
                if kind not in names:
                    continue
                if maker.lower() not in _GENERAL:
                    made.add((maker, kind))
                elif method := _METHOD.match(text):
                    methods.add((method[1], maker))
                elif path.endswith(".go"):
                    folders.setdefault(folder := posixpath.dirname(path), set()).add(maker)
                    packages[folder] = package_of(read(path))
            if not depth:
                declared.update(next(filter(None, match.groups())) for match in saying.finditer(text))
        generation = [name for name in embedding if name and name not in names][:MAX_EMBEDDING]
        names |= {name: embedding[name] for name in generation}
        if not generation:
            break
    go = {name: path for name, path in names.items() if path.endswith(".go")}
    for path in go.values():
        if (folder := posixpath.dirname(path)) not in packages:
            packages[folder] = package_of(read(path))
    return TypeLines(
        tuple(names),
        frozenset(maker for maker, _ in made),
        {folder: frozenset(some) for folder, some in folders.items()},
        packages,
        # Short names are those of parameters and stand for something else in the next function.
        frozenset(name for name in declared if len(name) > 2),
        {name: posixpath.dirname(path) for name, path in go.items()},
        frozenset(methods),
        frozenset(made),
    )


def _heirs(repository: SearchedLines, owner: str, revision: str | None, home: str) -> dict[str, str]:
    """The types that are derived from one in their heads, directly or not, and the files that define them."""
    if home.endswith(".go"):
        return {}
    derived: dict[str, list[tuple[str, str, str]]] = {}
    for path, _, text in islice(repository.grep(_WORDS, revision), MAX_HEADS):
        head = _HEAD.search(_without_arguments(text)) if grammars.language_of(path) else None
        for before, base in _BASE.findall(head[2]) if head is not None else ():
            derived.setdefault(base, []).append((head[1] if head is not None else "", path, before.strip(".")))
    found: dict[str, str] = {}
    waiting = [(owner, home)]
    while waiting and len(found) < MAX_HEIRS:
        base, place = waiting.pop(0)
        for name, path, before in derived.get(base, ()):
            leads = not before or before.rpartition(".")[2] in _leading(place)
            if leads and name != owner and name not in found:
                found[name] = path
                waiting.append((name, path))
    return found


def _returned(text: str) -> Iterator[tuple[str, str]]:
    """The function that a line defines, with each type that it says to return."""
    if match := _GO_RESULT.search(text):
        yield match[1], match[2]
    elif match := _ARROW_RESULT.search(text):
        yield from ((match[1], name) for name in re.findall(r"\w+", match[2]))
    elif match := _SCRIPT_RESULT.search(text):
        yield match[1], match[2]


def _leading(home: str) -> Collection[str]:
    """The names of modules by which the type that a file defines may be written."""
    file = PurePosixPath(home)
    return {file.stem, *file.parent.parts} if home else ()


def _without_arguments(text: str) -> str:
    """A line without the arguments of its generic types: what is made of a type is not derived from it."""
    for _ in range(3):
        text = _ARGUMENTS.sub("", text)
    return text


def package_of(source: bytes | None) -> str:
    """The name of a file's package, as Go has it."""
    found = re.search(rb"^package[ \t]+(\w+)", source or b"", re.MULTILINE)
    return found[1].decode().removesuffix("_test") if found else ""


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
