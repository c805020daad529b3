"""What the lines of a repository say of a type: which types are derived from it, what returns it, what is called so."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Protocol

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.imports import imported, leads_to
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE, at_line, symbols_of

#: Lines that are looked at for what they say of one type, types that are followed, and files that are read for it.
MAX_LINES, MAX_HEIRS, MAX_READ = 2000, 200, 20
#: Heads of types that are looked at, and lines of functions that are kept.
MAX_HEADS, MAX_FUNCTIONS = 20_000, 40_000
#: Structs that embed others are followed so deep, and so many of them each time.
MAX_DEPTH, MAX_EMBEDDING = 3, 6
#: Types that one is derived from, which are followed.
MAX_BASES = 20
_ARGUMENTS = re.compile(r"<[^<>]*+>|\[[^\[\]]*+\]")
#: What heads of types begin with, and what stands in them.
_WORDS = ("class", "interface", "struct", "trait", "impl")
_NAME = re.compile(r"\b(?:class|interface|struct|trait)\s+(\w+)")
_HEAD = re.compile(rf"\b(?:{'|'.join(_WORDS[:-1])})\s+(\w+)\b[^:({{]*?(?:\(|:|\bextends\b|\bimplements\b)(.*)")
_IMPLEMENTED = re.compile(r"^\s*(?:unsafe\s+)?impl\s*(?:[\w:]+::)?(\w+)\s+for\s+(?:&\s*)?(?:mut\s+)?(?:[\w:]+::)?(\w+)")
_BASE = re.compile(r"(?<![\w.])((?:\w++\.)*+)(\w++)(?![.=])")
#: What defines a function and says what it returns; a result of Go may have a name.
_GO_RESULT = re.compile(r"\bfunc\s+(?:\([^)]*\)\s*)?(\w+)\(.*\)\s*\(?(?:\w+ )?\*?(?:\w+\.)?(\w+)\b")
_ARROW_RESULT = re.compile(r"\b(?:fn|def)\s+(\w+)[^\n]*?->(.*)")
_SCRIPT_RESULT = re.compile(r"\b(?:function\*?|const|let)\s+([\w$]+)\b.*\)\s*:\s*(?:Promise<)?([\w$]+)")
_GO_FUNCTION = re.compile(r"^func[ \t]+(?:\((?:\w+[ \t]+)?\*?(\w+)[^)]*\)[ \t]*)?(\w+)")
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

    `names` are the type and what is derived from it, `makers` the functions that return it, `packages` what folders of
    Go are called, `declared` the names of variables and fields that are said to be of it. `homes` are the folders that
    define types of Go, by their names, and `made` has the makers each with its type; in Go `functions` has them with
    their folder, and `methods` with the type that they are called on, before the name and the type that is returned.
    `known` are all functions and methods of Go by folder or type. `home` is the file that defines the type.
    """

    names: tuple[str, ...]
    makers: frozenset[str] = frozenset()
    packages: dict[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    homes: dict[str, str] = field(default_factory=dict)
    made: frozenset[tuple[str, str]] = frozenset()
    functions: frozenset[tuple[str, str, str]] = frozenset()
    methods: frozenset[tuple[str, str, str]] = frozenset()
    known: frozenset[tuple[str, str]] = frozenset()
    home: str = ""

    @property
    def packaged(self) -> frozenset[str]:
        """The functions of Go that return the type, with their package."""
        return frozenset(f"{self.packages[folder]}.{name}" for folder, name, _ in self.functions)

    def without(self, names: Collection[str]) -> TypeLines:
        """The same without some of the derived types."""
        if not names:
            return self
        kept = tuple(name for name in self.names if name == self.names[0] or name not in names)
        made = frozenset(item for item in self.made if item[1] in kept)
        return replace(
            self,
            names=kept,
            made=made,
            makers=frozenset(maker for maker, _ in made),
            functions=frozenset(item for item in self.functions if item[2] in kept),
            methods=frozenset(item for item in self.methods if item[2] in kept),
        )

    def makers_in(self, path: str) -> frozenset[str]:
        """The functions that return the type, as the file at `path` calls them."""
        return self.packaged if path.endswith(".go") else self.makers

    def is_made(self, path: str, on: str, name: str, of: Collection[str] = ()) -> bool:
        """Whether a function that the file at `path` calls as `name` of `on` returns the type.

        `of` are the names of the types that it is called on, where they are known.
        """
        if not path.endswith(".go"):
            return name in self.makers
        if not on:
            return any(name == other and folder == posixpath.dirname(path) for folder, other, _ in self.functions)
        kinds = {kind for kind, method, _ in self.methods if method == name}
        if of:
            return not kinds.isdisjoint(of)
        if f"{on}.{name}" in self.packaged or (kinds and name.lower() not in _GENERAL):
            return True
        # What a method is called on may be called like its type, or be what such a function returned.
        fluent = {other for _, other, _ in (*self.methods, *self.functions)}
        return any(on in fluent or kind.lower().endswith(on.lower()) for kind in kinds)

    def is_known(self, path: str, on: str, name: str, of: Collection[str] = ()) -> bool:
        """Whether what a file of Go calls so is defined here, so that what it returns is known."""
        scopes = of or (on or posixpath.basename(posixpath.dirname(path)),)
        return any((scope, name) in self.known for scope in scopes)

    def is_named(self, path: str, on: str, name: str) -> bool:
        """Whether a type that the file at `path` writes as `name` of `on` is the type or derived from it."""
        if name not in self.names:
            return False
        home = self.homes.get(name)
        if home is None or not path.endswith(".go"):
            return True
        return on == self.packages.get(home, on) if on else posixpath.dirname(path) == home


def types_of(
    everywhere: Everywhere, owners: Iterable[str], homes: Mapping[str, str] = MappingProxyType({})
) -> dict[str, TypeLines]:
    """What is known of each of some types; nothing is looked for under an empty name. `homes` are files by owner."""
    return {owner: type_lines(everywhere, owner, homes.get(owner, "")) for owner in dict.fromkeys(owners) if owner}


def type_lines(everywhere: Everywhere, owner: str, home: str = "") -> TypeLines:
    """What is known of a type that the file at `home` defines."""
    repository, revision, read = everywhere.repository, everywhere.revision, everywhere.read
    names = {owner: home} | _heirs(everywhere, owner, home)
    made, declared = set[tuple[str, str]](), set[str]()
    functions, methods = set[tuple[str, str, str]](), set[tuple[str, str, str]]()
    packages: dict[str, str] = {}
    saying, generation, parsed = _declaring(owner), [owner], 0
    for depth in range(MAX_DEPTH):
        embedding: dict[str, str] = {}
        told = "|".join(map(re.escape, generation))
        own = {posixpath.dirname(names[name]): names[name] for name in generation if names[name].endswith(".go")}
        packages |= {folder: package_of(read(path)) for folder, path in own.items()}
        through = "|".join(re.escape(packages[folder]) for folder in own)
        embedded = re.compile(rf"\s*\*?(?:\w+\.)?(?:{told})\s*(?:`.*|//.*)?$")
        here, there = re.compile(rf"(?<![\w.])(?:{told})\b"), re.compile(rf"\b(?:{through})\.(?:{told})\b")
        found = (hit for hit in repository.grep(generation, revision) if grammars.language_of(hit[0]))
        for path, line, text in islice(found, MAX_LINES):
            if own and path.endswith(".go") and not (here if posixpath.dirname(path) in own else there).search(text):
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
                if method := _METHOD.match(text):
                    methods.add((method[1], maker, kind))
                elif path.endswith(".go"):
                    functions.add((folder := posixpath.dirname(path), maker, kind))
                    packages[folder] = package_of(read(path))
                elif maker.lower() not in _GENERAL:
                    made.add((maker, kind))
            if not depth:
                # What a line of Go makes is its function's own: the names that others know stand before their type.
                said = (
                    match.groups()[1:2] if path.endswith(".go") else match.groups() for match in saying.finditer(text)
                )
                declared.update(name for groups in said if (name := next(filter(None, groups), None)))
        generation = [name for name in embedding if name and name not in names][:MAX_EMBEDDING]
        names |= {name: embedding[name] for name in generation}
        if not generation:
            break
    go = {name: path for name, path in names.items() if path.endswith(".go")}
    return TypeLines(
        tuple(names),
        frozenset(maker for maker, _ in made),
        packages,
        # Short names are those of parameters and stand for something else in the next function.
        frozenset(name for name in declared if len(name) > 2),
        {name: posixpath.dirname(path) for name, path in go.items()},
        frozenset(made),
        frozenset(functions),
        frozenset(methods),
        everywhere.functions if home.endswith(".go") else frozenset(),
        home,
    )


class Everywhere:
    """What all lines of a repository say that is not of one type alone; searched when it is first asked for."""

    def __init__(self, repository: SearchedLines, revision: str | None, read: Callable[[str], bytes | None]) -> None:
        self.repository, self.revision, self.read = repository, revision, read

    @cached_property
    def function_lines(self) -> list[tuple[str, int, str]]:
        """The lines that define functions of Go, most likely, among those of languages with the same word."""
        return list(islice(self.repository.grep(["func"], self.revision), MAX_FUNCTIONS))

    @cached_property
    def functions(self) -> frozenset[tuple[str, str]]:
        """The functions of Go, each with the last name of its folder, and methods with their type."""
        found, outermost = set[tuple[str, str]](), ""
        for path, _, text in self.function_lines[:MAX_HEADS]:
            match = _GO_FUNCTION.match(text) if path.endswith(".go") else None
            if match is None:
                continue
            found.add((match[1] or posixpath.basename(posixpath.dirname(path)), match[2]))
            if not match[1] and "/" not in path:
                outermost = outermost or package_of(self.read(path))
                found.add((outermost, match[2]))
        return frozenset(found)

    @cached_property
    def derived(self) -> dict[str, list[tuple[str, str, str]]]:
        """The types that heads derive from each name: their names, their files, what stands before the name there."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for path, text in self._heads:
            if path.endswith(".rs") and (match := _IMPLEMENTED.match(text)):
                found.setdefault(match[1], []).append((match[2], path, ""))
                continue
            head = _HEAD.search(text)
            if head is None:
                continue
            for before, base in _BASE.findall(head[2]):
                found.setdefault(base, []).append((head[1], path, before.strip(".")))
        return found

    @cached_property
    def homes(self) -> dict[str, list[str]]:
        """The files that define types, by the names of these."""
        found: dict[str, list[str]] = {}
        for path, text in self._heads:
            if match := _NAME.search(text):
                found.setdefault(match[1], []).append(path)
        return found

    def bases(self, name: str, path: str) -> dict[str, str]:
        """The types that one of a file is derived from, directly or not, each with the file that defines it."""
        found: dict[str, str] = {}
        waiting = [(name, path)]
        for heir, home in waiting:
            direct = [
                (base, item[2]) for base, heirs in self.derived.items() for item in heirs if item[:2] == (heir, home)
            ]
            direct += [(base, "") for base in self._declared(heir, home)]
            for base, before in direct:
                place = self._home(base, home, before)
                # A class may be called like the interface of a namespace that it implements.
                if place and (base, place) != (name, path) and base not in found and len(found) < MAX_BASES:
                    found[base] = place
                    waiting.append((base, place))
        return found

    def _declared(self, name: str, path: str) -> list[str]:
        """The type that an object of a script is said to be of where it is written down."""
        if path.endswith((".py", ".pyi", ".go", ".rs")):
            return []
        text = (self.read(path) or b"").decode("utf-8", "replace")
        return re.findall(rf"\b(?:const|let|var)[ \t]+{re.escape(name)}[ \t]*:[ \t]*(\w+)[^=\n{{]*=[ \t]*\{{", text)

    def _home(self, base: str, path: str, before: str = "") -> str:
        """The file whose type another file means by a name, which may stand behind another; empty if not known."""
        places = dict.fromkeys(self.homes.get(base, ()))
        if path in places and not before:
            return path
        if len(places) > 1:
            known = imported(path, (self.read(path) or b"").decode("utf-8", "replace"))
            sources = known.get(before.partition(".")[0] or base, ())
            places = dict.fromkeys(one for one in places if any(leads_to(source, one, path) for source in sources))
        return next(iter(places)) if len(places) == 1 else ""

    @cached_property
    def _heads(self) -> list[tuple[str, str]]:
        """The lines that define types, with their files and without the arguments of generic types."""
        lines = islice(self.repository.grep(_WORDS, self.revision), MAX_HEADS)
        return [(path, _without_arguments(text)) for path, _, text in lines if grammars.language_of(path)]


def _heirs(everywhere: Everywhere, owner: str, home: str) -> dict[str, str]:
    """The types that are derived from one in their heads, directly or not, and the files that define them."""
    if home.endswith(".go"):
        return {}
    found: dict[str, str] = {}
    waiting = [(owner, home)]
    while waiting and len(found) < MAX_HEIRS:
        base, place = waiting.pop(0)
        for name, path, before in everywhere.derived.get(base, ()):
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
