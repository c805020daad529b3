"""What Go's functions return and its types hold, by the lines of a repository, and so whose member a chain ends in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, islice

from iquest_lsp.codeflow.syntax.imports import modules
from iquest_lsp.codeflow.syntax.linking.chains.go_chains import CALL, ELEMENT, KEY, RESULT, Chain
from iquest_lsp.codeflow.syntax.linking.chains.go_text import after_parameters, bracketed, is_balanced, several, split
from iquest_lsp.codeflow.syntax.linking.go import GoLinks
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere

#: Lines that are looked at for what defines types and variables, and lines that one of these may take.
MAX_HEADS, MAX_LINES = 40_000, 400
#: Characters of such a line, and of a function's parameters and results.
MAX_HEAD, MAX_SIGNATURE = 2000, 10_000
#: Types that stand for others, and those that are embedded, are followed so deep.
MAX_DEPTH = 6
_FUNCTION = re.compile(r"func[ \t]+(?:\((?:\w+[ \t]+)?\*?(\w+)(?:\[([^\]]*)\])?[ \t]*\)[ \t]*)?(\w+)[ \t]*(?=[\[(])")
_TYPE = re.compile(r"(?:type[ \t]+|\t)(\w+)(?:\[(\w[^\]]*[ \t][^\]]*)\])?[ \t]+(?:=[ \t]*)?(\S.*)$")
_VARIABLE = re.compile(r"(?:var|const)[ \t]+(\w+)[ \t]+(?:=[ \t]*&?((?:\w+\.)?\w+)([{(])|([^=\s][^=]*))")
#: What begins a block of variables or constants, and a line in it that declares one.
_BLOCK = re.compile(r"(?:var|const)[ \t]*\(")
_IN_BLOCK = re.compile(r"\t(\w+)(?:[ \t]+([^,\s].*))?$")
_NAMED = re.compile(r"(?:(\w+)\.)?(\w+)(?:\[(.*)\])?$")
_FIELD = re.compile(r"((?:\w+[ \t]*,[ \t]*)*\w+)[ \t]+(\S.*)$")
_METHOD = re.compile(r"(\w+)[ \t]*(\(.*)$")
_BUILT_IN = frozenset(
    {
        *("any", "bool", "byte", "comparable", "complex64", "complex128", "error", "float32", "float64", "int", "int8"),
        *("int16", "int32", "int64", "rune", "string", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr"),
    }
)
#: The folder and the name of a type.
TypePlace = tuple[str, str]
#: What nothing in the repository defines.
OUTSIDE: TypePlace = ("", "")


@dataclass(frozen=True, slots=True)
class WrittenType:
    """A type as the file at `path` writes it; `given` is what stands for the type parameters in it."""

    text: str
    path: str
    given: tuple[tuple[str, WrittenType], ...] = ()

    def as_(self, text: str) -> WrittenType:
        """Another type that is written in the same place."""
        return WrittenType(text, self.path, self.given)


@dataclass(frozen=True, slots=True)
class _Body:
    """The fields or methods of a type, and the types that it embeds; `abstract` says that it is an interface."""

    members: dict[str, str]
    embedded: tuple[str, ...]
    abstract: bool


_Line = tuple[str, int, str]


class GoTypes:
    """The types and functions of Go in a repository; its lines are searched when they are first asked for."""

    def __init__(self, everywhere: Everywhere, links: GoLinks) -> None:
        self._everywhere, self._links = everywhere, links
        self._lines = lru_cache(maxsize=256)(self._read_lines)
        self._imports = lru_cache(maxsize=256)(lambda path: modules(path, "\n".join(self._lines(path))))
        self._body = lru_cache(maxsize=1024)(self._read_body)
        self._open: set[TypePlace] = set()  # the variables whose types are being found
        self.is_by_way_of = lru_cache(maxsize=1024)(self._is_by_way_of)

    def whose(self, path: str, chain: Chain, name: str) -> TypePlace | None:
        """The type whose member `name` a file takes of a chain: OUTSIDE where no type of the repository has it.

        None where that is not known.
        """
        reached = self._reached(path, chain)
        if reached is None or isinstance(reached, tuple):
            return reached
        found = self._member(reached, name)
        return found[0] if isinstance(found[0], tuple) else None

    def _is_by_way_of(self, abstract: TypePlace, place: TypePlace) -> bool:
        """Whether the methods of an interface are those of the type at `place` too, by their names."""
        body = self._body(abstract)
        home = self._types.get(place)
        if body is None or not body.abstract or home is None or self._is_abstract(place):
            return False
        names, seen, waiting = set[str](), set[TypePlace](), [abstract]
        for inner in waiting:
            more = self._body(inner) if inner not in seen else None
            if more is None:
                continue  # an interface of the library is as like it as anything
            seen.add(inner)
            names |= set(more.members)
            written = (WrittenType(text, self._types[inner][0]) for text in more.embedded)
            waiting += [found for item in written if (found := self._place(item)) is not None]
        own = WrittenType(place[1], home[0])
        return bool(names) and all(self._member(own, name)[1] is not None for name in names)

    def _is_abstract(self, place: TypePlace) -> bool:
        body = self._body(place)
        return body is not None and body.abstract

    @cached_property
    def _functions(self) -> dict[tuple[str, str, str], _Line]:
        """Where functions and methods are defined: by folder, the type that they are called on or "", and name."""
        found: dict[tuple[str, str, str], _Line] = {}
        for path, line, text in _short(self._everywhere.function_lines):
            if match := _FUNCTION.match(text):
                found.setdefault((posixpath.dirname(path), match[1] or "", match[3]), (path, line, text))
        return found

    @cached_property
    def _types(self) -> dict[TypePlace, _Line]:
        """Where types are defined."""
        found: dict[TypePlace, _Line] = {}
        for path, line, text in self._found("type", "struct", "interface"):
            if match := _TYPE.match(text):
                if text[0] == "\t" and not match[3].startswith(("struct", "interface")):
                    continue
                found.setdefault((posixpath.dirname(path), match[1]), (path, line, text))
        return found

    @cached_property
    def _variables(self) -> dict[TypePlace, _Line]:
        """Where packages declare variables."""
        found: dict[TypePlace, _Line] = {}
        for path, line, text in chain(self._found("var"), self._found("const")):
            declared = self._in_block(path, line) if _BLOCK.match(text) else [(path, line, text)]
            for one in declared:
                if match := _VARIABLE.match(one[2]):
                    found.setdefault((posixpath.dirname(path), match[1]), one)
        return found

    def _in_block(self, path: str, line: int) -> Iterator[_Line]:
        """The lines of a block of variables or constants, each as if it stood alone."""
        before = ""
        for at, text in enumerate(self._lines(path)[line + 1 : line + 1 + MAX_LINES], line + 1):
            if text.startswith(")"):
                return
            if match := _IN_BLOCK.match(text):
                # A constant without a value is of the type of the one above.
                rest = (match[2] or "").split("//")[0].strip()
                before = rest or before
                yield path, at, f"var {match[1]} {rest or before}"

    def _found(self, *words: str) -> Iterator[_Line]:
        lines = self._everywhere.repository.grep([*words], self._everywhere.revision)
        return _short(islice(lines, MAX_HEADS))

    def _read_lines(self, path: str) -> list[str]:
        return (self._everywhere.read(path) or b"").decode("utf-8", "replace").split("\n")

    def _reached(self, path: str, chain: Chain) -> WrittenType | TypePlace | None:
        """The type of what a chain ends in."""
        steps = [*chain.steps]
        reached: WrittenType | TypePlace | None
        if chain.type:
            reached = WrittenType(chain.type, path)
        elif (folder := self._package(path, chain.name)) is None:
            reached = self._global(posixpath.dirname(path), chain.name)
        elif folder == OUTSIDE:
            return OUTSIDE
        else:
            reached = self._global(folder[0], steps.pop(0)) if steps else None
        for step in steps:
            if reached is None or isinstance(reached, tuple):
                return reached
            reached = self._taken(reached, step)
        return reached

    def _package(self, path: str, name: str) -> TypePlace | None:
        """The folder of the package that a file calls `name`, as a place; None where it imports none of that name."""
        found = self._imports(path).get(name)
        if not found:
            return None
        place = self._links.place(min(found))
        return (posixpath.normpath(place.strip("/")).removeprefix("."), "package") if place[:1] == "/" else OUTSIDE

    def _global(self, folder: str, name: str) -> WrittenType | TypePlace | None:
        """What a package declares, as a type; what a type's name calls is an object of it."""
        if line := self._functions.get((folder, "", name)):
            return WrittenType(self._signature(line), line[0])
        if line := self._types.get((folder, name)):
            return WrittenType(name, line[0])
        place = folder, name
        line = self._variables.get(place) if place not in self._open else None  # two may be made of each other
        match = _VARIABLE.match(line[2]) if line else None
        if line is None or match is None:
            return None
        if match[4]:
            return WrittenType(match[4].strip(), line[0])
        if match[3] == "{":
            return WrittenType(match[2], line[0])
        package, _, function = match[2].rpartition(".")
        self._open.add(place)
        try:
            return self._reached(line[0], Chain("", package or function, (*([function] if package else ()), CALL)))
        finally:
            self._open.remove(place)

    def _taken(self, of: WrittenType, step: str) -> WrittenType | TypePlace | None:
        """The type of what a step takes of a type."""
        text = of.text.strip().lstrip("*")
        if step.startswith(RESULT):
            number = int(step[1:])
            results = several(text) if text.startswith("(") else [text]
            if not text.startswith("(") and number:
                return OUTSIDE
            return of.as_(results[number]) if number < len(results) else None
        if text.startswith("("):
            first = several(text)
            text = first[0].lstrip("*") if first else ""
            of = of.as_(text)
        if step not in (CALL, ELEMENT, KEY):
            found = self._member(of, step)
            return found[1] if found[1] is not None else found[0]
        under = self._under(of)
        if step == CALL:
            if isinstance(under, WrittenType) and under.text.startswith("func"):
                after = after_parameters(under.text[4:])
                return under.as_(after) if after else OUTSIDE
            return of
        if not isinstance(under, WrittenType):
            return under
        if under.text.startswith("chan ") or under.text.startswith("<-chan "):
            return under.as_(under.text.partition("chan ")[2])
        if under.text.startswith("map["):
            key, rest = bracketed(under.text[3:])
            return under.as_(rest if step == ELEMENT else key)
        if under.text.startswith("["):
            return OUTSIDE if step == KEY else under.as_(bracketed(under.text)[1])
        return OUTSIDE if under.text in _BUILT_IN else None

    def _under(self, of: WrittenType) -> WrittenType | TypePlace | None:
        """What a type is defined as, where it has a name."""
        for _ in range(MAX_DEPTH):
            text = of.text.strip().lstrip("*")
            if text.startswith(("func", "map[", "[", "chan ", "<-chan ")) or text in _BUILT_IN:
                return of.as_(text)
            of_name = dict(of.given).get(text)
            if of_name is not None:
                of = of_name
                continue
            place = self._place(of)
            if place is None or place not in self._types:
                return place
            path, _, line = self._types[place]
            match = _TYPE.match(line)
            if match is None or match[3].startswith(("struct", "interface")):
                return None
            of = WrittenType(match[3].split("//")[0].strip(), path, self._given(match[2], of))
        return None

    def _given(self, parameters: str | None, of: WrittenType) -> tuple[tuple[str, WrittenType], ...]:
        """What a type has for some type parameters."""
        match = _NAMED.match(of.text.strip().lstrip("*"))
        if not parameters or match is None or not match[3]:
            return ()
        names = [part.split()[0] for part in split(parameters) if part.strip()]
        return tuple(zip(names, map(of.as_, split(match[3])), strict=False))

    def _place(self, of: WrittenType) -> TypePlace | None:
        """Where a type is defined that has a name; OUTSIDE where the repository does not."""
        for _ in range(MAX_DEPTH):
            match = _NAMED.match(of.text.strip().lstrip("*"))
            if match is None:
                return None
            if not match[1] and (given := dict(of.given).get(match[2])) is not None:
                of = given
                continue
            if not match[1]:
                place = posixpath.dirname(of.path), match[2]
                return place if place in self._types else OUTSIDE if match[2] in _BUILT_IN else None
            package = self._package(of.path, match[1])
            if package is None or package == OUTSIDE:
                return package
            place = package[0], match[2]
            return place if place in self._types else None
        return None

    def _member(self, of: WrittenType, name: str) -> tuple[TypePlace | None, WrittenType | None]:
        """The type that has the member `name` which a type or what it embeds has, and the member's own type.

        Without a member: OUTSIDE where the library's types may have it, None where nothing is known.
        """
        lacking: set[TypePlace | None] = set()
        waiting, seen = [of], set[TypePlace]()
        for one in waiting:  # what is embedded less deep comes first
            place = self._place(one)
            if place is None or place == OUTSIDE or place in seen:
                lacking.add(place)
                continue
            seen.add(place)
            path, _, head = self._types[place]
            if line := self._functions.get((*place, name)):
                function = _FUNCTION.match(line[2])
                return place, WrittenType(self._signature(line), line[0], self._given(function and function[2], one))
            match, body = _TYPE.match(head), self._body(place)
            given = self._given(match and match[2], one)
            if body is not None and name in body.members:
                return place, WrittenType(body.members[name], path, given)
            under = match[3].split("//")[0].strip() if match is not None and body is None else ""
            embedded = body.embedded if body is not None else (under,) if _NAMED.match(under) else ()
            waiting += [WrittenType(text, path, given) for text in embedded]
        return OUTSIDE if OUTSIDE in lacking and None not in lacking else None, None

    def _signature(self, line: _Line) -> str:
        """The parameters and results of the function that a line begins to define, as the type of a function."""
        path, number, text = line
        match = _FUNCTION.match(text)
        whole = text[match.end() :] if match is not None else ""
        lines = self._lines(path) if not is_balanced(whole) else []
        for at in range(number + 1, min(number + MAX_LINES, len(lines))):
            whole += " " + lines[at].strip()
            if is_balanced(whole) or len(whole) > MAX_SIGNATURE:
                break
        if whole.startswith("["):
            whole = bracketed(whole)[1]
        return "func" + whole

    def _read_body(self, place: TypePlace) -> _Body | None:
        """What a struct or an interface holds; None for other types."""
        path, line, text = self._types.get(place, ("", 0, ""))
        match = _TYPE.match(text)
        kind = match[3] if match is not None else ""
        if not kind.startswith(("struct", "interface")):
            return None
        abstract = kind.startswith("interface")
        if "}" in kind:
            inner = [f"\t{part}" for part in kind[kind.find("{") + 1 : kind.rfind("}")].split(";")]
            return _body_of(inner, "\t", abstract=abstract)
        indent = text[: len(text) - len(text.lstrip())]
        lines = self._lines(path)[line + 1 : line + 1 + MAX_LINES]
        end = next((at for at, item in enumerate(lines) if item.startswith(f"{indent}}}")), len(lines))
        return _body_of(lines[:end], f"{indent}\t", abstract=abstract)


def _short(lines: Iterable[_Line]) -> Iterator[_Line]:
    return (hit for hit in lines if hit[0].endswith(".go") and len(hit[2]) < MAX_HEAD)


def _body_of(lines: list[str], indent: str, *, abstract: bool) -> _Body:
    members: dict[str, str] = {}
    embedded = []
    for line in lines:
        text = line.split("`")[0].split("//")[0].rstrip()
        if not text.startswith(indent) or not re.match(r"[\w*]", text[len(indent) :]):
            continue
        text = text.strip()
        if abstract and (match := _METHOD.match(text)):
            members[match[1]] = f"func{match[2]}"
        elif _NAMED.match(text.lstrip("*")) and " " not in text:
            embedded.append(text.lstrip("*"))
        elif not abstract and (match := _FIELD.match(text)):
            members |= dict.fromkeys((name.strip() for name in match[1].split(",")), match[2].strip())
    # An embedded type is a field of its own name too.
    if not abstract:
        members |= {text.split("[")[0].rpartition(".")[2]: text for text in embedded}
    return _Body(members, tuple(embedded), abstract)
