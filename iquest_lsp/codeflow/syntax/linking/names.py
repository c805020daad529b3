"""What a name at a place of one file is: a call, another use, a variable of its own, or no name at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.definitions import CALLS, MEMBERS
from iquest_lsp.codeflow.syntax.imports import STAR, imported, modules, reads_imports
from iquest_lsp.codeflow.syntax.linking.binders import is_bound, is_field_key, is_module
from iquest_lsp.codeflow.syntax.linking.binding_nodes import (
    ASSIGNING,
    BINDING,
    DEFINING,
    ELEMENTS,
    FUNCTIONS,
    HOLDS,
    QUALIFIED,
)
from iquest_lsp.codeflow.syntax.linking.bindings import Bindings
from iquest_lsp.codeflow.syntax.linking.chains.go_chains import chain_of
from iquest_lsp.codeflow.syntax.linking.chains.go_types import GoTypes, TypePlace
from iquest_lsp.codeflow.syntax.linking.chains.object_types import ObjectTypes
from iquest_lsp.codeflow.syntax.linking.type_uses import TypeLines
from iquest_lsp.codeflow.syntax.owners import ITSELF, is_of
from iquest_lsp.codeflow.syntax.symbols import at_line, symbols_of
from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

# What makes an object of a type by a function of the type, as `Type.from(…)` and `Type::new(…)`.
_MADE = re.compile(
    r"(?:new\s+)?([A-Z]\w*)(?:\.|::)(?:from|new|create|of|default|build|builder|with_\w+|from_\w+)\s*\([^()]*\)$"
)
#: Bytes of a file whose tree is remembered.
REMEMBERED = 64_000
# Languages in which an object's members are never read without the object.
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue")
#: Languages whose objects' classes are followed.
_TYPED = (".py", ".pyi", *_SCRIPTS[:-1])
_EXPLICIT = (".py", ".pyi", *_SCRIPTS, ".go", ".rs")


class NamesOfFile:
    """Says of a place in one file whether the identifier there is used."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.text = source.decode("utf-8", "replace")
        self.symbols = symbols_of(path, source)
        self.defined = frozenset(item.short for item in self.symbols)
        self._imported = imported(path, self.text) if reads_imports(path) and not path.endswith(".go") else None
        self._modules = modules(path, self.text) if reads_imports(path) else None
        self._tests = _test_modules(self.text) if path.endswith(".rs") else frozenset()
        language = grammars.language_of(path)
        self.tree: Tree | None = grammars.tree(language, source)
        self.bindings = Bindings(language)

    def sources(self, name: str) -> frozenset[str] | None:
        """The modules that a name is imported from here."""
        if self._imported is None:
            return None
        return frozenset(self._imported.get(name, set()) | self._imported.get(STAR, set()))

    def modules(self, name: str) -> frozenset[str] | None:
        """The modules that a name stands for here; None where the file's imports are not understood."""
        return None if self._modules is None else frozenset(self._modules.get(name, ()))

    def defines(self, name: str, *, member: bool) -> bool:
        """Whether the file defines a name itself: as a member, or as one that is called without an object."""
        if name not in self.defined or not self.path.endswith(_EXPLICIT):
            return name in self.defined
        return any(item.short == name and ("." in item.name) == member for item in self.symbols)

    def owned(
        self,
        owner: TypeLines,
        on: str,
        line: int,
        name: str,
        column: int = -1,
        *,
        another: bool = False,
        go: GoTypes | None = None,
        objects: ObjectTypes | None = None,
        exactly: bool = False,
    ) -> bool | None:
        """Whether the member `name` of `on` is that of a type or of one derived from it.

        What the file declares around a byte `column` of the line is believed first. `another` says that the file means
        another type by the type's name; `go` knows what Go's functions return, `objects` what those of Python and of
        scripts do. With `exactly` the member is not one that a derived type overrides, as far as that is known.
        """
        within, own = self.within(line), owner.names[0]
        if not on:
            # In the body of its class, or as an argument with which its object is made.
            if another or self.path.endswith(".go"):
                return False
            implicit = not self.path.endswith(_EXPLICIT) and any(f".{one}." in f".{within}." for one in owner.names)
            inside = within.rpartition(".")[2] in owner.names
            return implicit or inside or any(self._makes(one, name) for one in self._words.intersection(owner.names))
        holder = self._held(line, column)
        if go is not None and own in owner.homes and (whose := self._whose(holder, name, go)) is not None:
            return whose == (owner.homes[own], own)
        if objects is not None and holder is not None and owner.home and self.path.endswith(_TYPED):
            told = objects.is_of(self.path, holder, name, (owner.home, own), exactly=exactly)
            if told is not None:
                return told
        meaning = self.bindings.meaning(holder) if holder is not None else None
        if meaning is not None and on not in ITSELF:
            named = [
                one
                for before, one in meaning.types
                if any(owner.is_named(self.path, package, one) for package in self._packages(before))
            ]
            if any(one != own or not another for one in named):
                return True
            if any(
                owner.is_made(self.path, package, one, meaning.of)
                for before, one in meaning.calls
                for package in self._packages(before)
            ):
                return not another
            if meaning.types:
                return False
            if self.path.endswith(".go") and all(last != on for _, last in meaning.calls):
                # Functions say what they return: what one here or in the library gives is no owner, then.
                known = any(
                    self._is_outside(before)
                    or any(owner.is_known(self.path, package, one, meaning.of) for package in self._packages(before))
                    for before, one in meaning.calls
                )
                return True if not (known or another) and on in owner.declared else None
        elif holder is not None and holder.type == "identifier" and self._is_package(on):
            return False
        if another:
            return False
        # A variable that is declared here is no field that others say something of.
        text, near = (self.text, self._near(line)) if meaning is None else (self._near(line) or self.text, "")
        makers, heirs = owner.makers_in(self.path), owner.names[1:]
        scripts, of_go = _is_script(self.path), self.path.endswith(".go")
        member = holder is not None and holder.type in MEMBERS
        answer = is_of(
            own, on, within, text, near, makers, heirs=heirs, bare_makes=not scripts, go=of_go, is_member=member
        )
        # What no line of this file says, another one may say: a field has one type wherever it is read.
        return True if answer is None and on in owner.declared else answer

    def module_before(self, line: int, column: int, objects: ObjectTypes) -> str:
        """The file of the module whose member stands at a place of a file of Python; empty where it is none."""
        holder = self._held(line, column) if self.path.endswith((".py", ".pyi")) else None
        return objects.module(self.path, holder) if holder is not None and holder.type in MEMBERS else ""

    def _held(self, line: int, column: int) -> Node | None:
        """The object whose member stands at a place."""
        if self.tree is None or column < 0:
            return None
        node = self.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        parent = node.parent if node is not None else None
        return _holder(parent, node) if parent is not None and node is not None else None

    def by_way_of(
        self,
        owner: TypeLines,
        above: Iterable[TypeLines],
        on: str,
        line: int,
        name: str,
        column: int,
        go: GoTypes | None,
        objects: ObjectTypes | None = None,
    ) -> str:
        """The method of an interface that is called `name` at a place and may be the type's own method, or "".

        `above` are the types that the owner is derived from and that have the method; `go` finds those of Go.
        """
        own = owner.names[0]
        if self.path.endswith(".go"):
            whose = self._whose(self._held(line, column), name, go) if go is not None and own in owner.homes else None
            is_it = whose is not None and go is not None and go.is_by_way_of(whose, (owner.homes[own], own))
            return f"{whose[1]}.{name}" if whose is not None and is_it else ""
        around = self.within(line).rpartition(".")[0].rpartition(".")[2]
        for base in above if on else ():
            # What another derived type calls on itself is its own, or its base's.
            if (on not in ITSELF or around == base.names[0]) and self.owned(
                base, on, line, name, column, objects=objects, exactly=True
            ):
                return f"{base.names[0]}.{name}"
        return ""

    def _whose(self, holder: Node | None, name: str, go: GoTypes) -> TypePlace | None:
        """The type of Go whose member `name` of an object is, where that is known."""
        chain = chain_of(holder, self.bindings.declarations) if self.path.endswith(".go") else None
        return go.whose(self.path, chain, name) if chain is not None else None

    def _is_package(self, name: str) -> bool:
        """Whether a name is that of a package of Go."""
        return self.path.endswith(".go") and bool(self.modules(name))

    def _packages(self, name: str) -> set[str]:
        """What a package of Go is called that is imported under a name; the name itself where it is none."""
        found = (self.modules(name) or ()) if self._is_package(name) else ()
        return {name, *(re.sub(r"/v\d+$", "", module).rsplit("/", 1)[-1] for module in found)}

    def _is_outside(self, name: str) -> bool:
        """Whether a name is that of a package of Go's own library."""
        return self._is_package(name) and all("." not in one.split("/")[0] for one in self.modules(name) or ())

    def _near(self, line: int) -> str:
        """The text of the function around a line."""
        symbol = at_line(self.symbols, line)
        if symbol is None or symbol.kind not in ("function", "method", "test"):
            return ""
        return "\n".join(self._lines[symbol.start : symbol.end])

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", self.text))

    def _makes(self, owner: str, name: str) -> bool:
        return bool(re.search(rf"\b{re.escape(owner)}\((?:[^()]|\([^()]*\))*\b{re.escape(name)}\s*=", self.text))

    def use(self, line: int, column: int, owner: str = "") -> tuple[str, int, str]:
        """`call`, `use`, `bind` for a variable of that name, or nothing for definitions, comments and strings.

        With it the last line of a call, else the line, and the last name of what the member is read of. A keyword is
        used where a call of `owner` takes it.
        """
        if self.tree is None:
            return "use", line, ""
        node = self.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        if node is None or "identifier" not in node.type or node.type == "private_property_identifier":
            return "", line, ""
        parent = node.parent
        if parent is None:
            return "use", line, ""
        if (
            parent.type not in BINDING
            and parent.child_by_field_name("name") == node
            and ("definition" in parent.type or "declaration" in parent.type or parent.type in DEFINING)
        ):
            return "", line, ""
        if parent.type == "keyword_argument" and parent.child_by_field_name("name") == node:
            return ("use" if owner and _called(parent) == owner else ""), line, ""
        if not owner and node.type == "property_identifier" and parent.type in ("pair", "property_signature"):
            return "", line, ""  # what an object or a type calls so
        if parent.type in ELEMENTS and text_of(node).islower():
            return "", line, ""  # an element of HTML
        if is_bound(node):
            return "bind", line, ""
        outer = parent
        if is_field_key(node):
            return "", line, ""
        if parent.child_by_field_name("index") == node:
            # `list[name]` uses what is called so, not a member.
            return "use", line, ""
        holder = _holder(parent, node)
        if holder == node:
            # `name.other()` calls something else.
            return "use", line, ""
        on = ""
        if parent.type in QUALIFIED and outer.parent is not None:
            outer = outer.parent
            on = _last_name(holder)
        elif parent.type == "method_invocation":  # Java's calls hold the object and the name themselves
            on = _last_name(holder)
        return ("call", outer.end_point.row, on) if outer.type in CALLS else ("use", line, on)

    def is_local(self, line: int, column: int) -> bool:
        """Whether the name at a place is that of a variable that a function or a block declares."""
        if self.tree is None:
            return False
        node = self.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        if node is None or node.type != "identifier":
            return False
        return any(item.type not in ASSIGNING and _is_inner(item) for item in self.bindings.declarations(node))

    def is_test(self, line: int) -> bool:
        """Whether a line is in a module of tests inside the file, as Rust has them."""
        return bool(self._tests) and not self._tests.isdisjoint(self.within(line).split("."))

    def within(self, line: int) -> str:
        """The definition around a line."""
        symbol = at_line(self.symbols, line)
        return symbol.name if symbol is not None else ""


def _holder(parent: Node, node: Node) -> Node | None:
    """What stands before a member's name in a node that holds both; the name itself where it stands before another."""
    before = [parent.child_by_field_name(name) for name in HOLDS]
    return node if node in before else next((item for item in before if item is not None), None)


def _is_inner(binder: Node) -> bool:
    """Whether what binds a name stands in a function or a block, and is not what a module gives there."""
    outer = binder.parent
    while outer is not None and outer.type not in FUNCTIONS:
        outer = outer.parent
    value = binder.child_by_field_name("value")
    return outer is not None and not (value is not None and is_module(value))


def _is_script(path: str) -> bool:
    return path.endswith(_SCRIPTS)


def _test_modules(text: str) -> frozenset[str]:
    """The names of Rust's modules that are built for tests alone."""
    return frozenset(re.findall(r"#\[cfg\((?:test|all\(test\b[^\n]*)\)?\)?\]\s*(?:pub\s+)?mod\s+(\w+)", text))


def names_of(path: str, source: bytes) -> NamesOfFile:
    """The names of a file; those asked for last are remembered, since several questions read the same files.

    A large file is read anew: its tree takes some twenty times its size.
    """
    return _remembered(path, source) if len(source) <= REMEMBERED else NamesOfFile(path, source)


@lru_cache(maxsize=64)
def _remembered(path: str, source: bytes) -> NamesOfFile:
    return NamesOfFile(path, source)


def _last_name(node: Node | None) -> str:
    """The last name of an expression: of `a.b` and `a().b` b, of a call what is called, of other things "?"."""
    if node is None or node.text is None:
        return ""
    if node.type in CALLS:
        if made := _MADE.match(node.text.decode("utf-8", "replace")):
            return made[1]
        return _last_name(node.child_by_field_name("function") or node.child_by_field_name("constructor")) or "?"
    text = node.text.decode("utf-8", "replace")
    # `(Type{…})`, `(&Type{…})` of Go
    found = re.search(r"([\w$]+)$", text) or re.match(r"\(?&?(?:\w+\.)?([A-Z]\w*)\{", text)
    return found[1] if found else "?"


def _called(argument: Node) -> str:
    """What the call is of that an argument belongs to."""
    call = argument.parent.parent if argument.parent is not None else None
    return _last_name(call.child_by_field_name("function")) if call is not None and call.type in CALLS else ""
