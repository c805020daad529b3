"""A text with its syntax tree: the names at its places, their scopes, and calls with their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import (
    ARGUMENTS,
    CLASSES,
    FUNCTIONS,
    MEMBERS,
    PARAMETERS,
    PATHS,
    Symbol,
    at_line,
    lines_with,
    names_of,
    symbols_of,
)

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_TEXT = 1024 * 1024
_MEMBERS = MEMBERS | {"method_invocation"}
_CALLED = _MEMBERS | PATHS | {"generic_function", "new_expression"}
#: Fields under which the name of a member stands.
_MEMBER_NAMES = ("attribute", "property", "field", "name")
#: Fields under which that stands whose member it is.
_HOLDERS = ("object", "value", "operand", "argument")
_FIELDS = frozenset(
    {
        "field_declaration",
        "public_field_definition",
        "field_definition",
        "property_signature",
        "property_declaration",
        "field_initializer",
        "keyed_element",
    }
)
_TYPES = frozenset({"type", "type_annotation", "type_identifier", "primitive_type", "generic_type"})


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where a name stands: line, column and the column behind it, and its node."""

    line: int
    column: int
    end: int
    node: Node


class Parsed:
    """One text and its tree. Without a grammar it has neither nodes nor definitions."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.lines = text.split("\n")
        self.source = text.encode("utf-8", "replace")
        reads = bool(grammars.language_of(path)) and len(self.source) <= MAX_TEXT
        self.names = names_of(path, self.source) if reads else None
        self.symbols: tuple[Symbol, ...] = symbols_of(path, self.source, variables=True) if reads else ()

    @property
    def root(self) -> Node | None:
        """The tree's root."""
        return self.names.tree.root_node if self.names is not None and self.names.tree is not None else None

    def byte_column(self, line: int, column: int) -> int:
        """A column in bytes, as the tree counts them."""
        return len(self.lines[line][:column].encode("utf-8", "replace"))

    def column(self, line: int, byte_column: int) -> int:
        """A column of the tree in code points."""
        return len(self.lines[line].encode("utf-8", "replace")[:byte_column].decode("utf-8", "replace"))

    def node_at(self, line: int, column: int) -> Node | None:
        """The smallest node at a place."""
        if self.root is None or line >= len(self.lines):
            return None
        at = self.byte_column(line, column)
        return self.root.descendant_for_point_range((line, at), (line, at + 1))

    def in_words(self, line: int, column: int) -> bool:
        """Whether a place lies in a comment or a string, as far as a grammar tells."""
        node = self.node_at(line, column)
        return node is not None and ("comment" in node.type or "string" in node.type)

    def spots(self, name: str, first: int = 0, last: int | None = None) -> Iterator[Spot]:
        """Where a name stands as an identifier, within some lines."""
        pattern = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
        end = len(self.lines) if last is None else last
        for line in (at for at in lines_with(self.text, name) if first <= at < end):
            for found in pattern.finditer(self.lines[line]):
                node = self.node_at(line, found.start())
                if node is not None and "identifier" in node.type and node.text == name.encode():
                    yield Spot(line, found.start(), found.end(), node)

    def words(self, name: str, line: int) -> Iterator[tuple[int, int]]:
        """Where a word stands in a line, whatever it is there: column and the column behind it."""
        if line < len(self.lines):
            for found in re.finditer(rf"(?<![\w$]){re.escape(name)}(?![\w$])", self.lines[line]):
                yield found.start(), found.end()

    def use(self, spot: Spot, owner: str = "") -> tuple[str, int, str]:
        """What a name is at its place: see `NamesOfFile.use`."""
        assert self.names is not None
        return self.names.use(spot.line, self.byte_column(spot.line, spot.column), owner)

    def binding(self, node: Node, name: str) -> list[int]:
        """The lines in which a function around a node has a parameter of a name, or sets a variable before the node."""
        function = function_around(node)
        while function is not None:
            first = function.start_point.row
            if name in parameter_names(function):
                return [item.line for item in self.spots(name, first, function.end_point.row + 1)][:1] or [first]
            here = self.spots(name, first, node.start_point.row)
            if lines := [item.line for item in here if self.use(item)[0] == "bind"]:
                return lines
            function = function_around(function)
        return []

    def lacks(self, line: int, name: str) -> bool:
        """Whether the function around a line, where there is one, has no such parameter or variable."""
        node = self.first_node(line)
        return node is not None and function_around(node) is not None and not self.binding(node, name)

    def has_variable(self, line: int, name: str) -> bool:
        """Whether the function around a line has such a parameter or variable, or the line itself makes one."""
        node = self.first_node(line)
        if node is not None and self.binding(node, name):
            return True
        spots = self.spots(name, line, line + 1)
        return any(is_parameter(spot.node) or self.use(spot)[0] == "bind" for spot in spots)

    def first_node(self, line: int) -> Node | None:
        """The node at a line's first word."""
        text = self.lines[line] if line < len(self.lines) else ""
        return self.node_at(line, len(text) - len(text.lstrip()))

    def symbol_at(self, line: int) -> Symbol | None:
        """The innermost definition around a line."""
        return at_line(self.symbols, line)

    def is_head(self, line: int) -> bool:
        """Whether a line belongs to a definition's head."""
        return any(item.start <= line < max(item.head, item.start + 1) for item in self.symbols)

    def text_of(self, node: Node) -> str:
        """A node's text."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def place_of(self, node: Node) -> tuple[int, int]:
        """Line and column where a node begins."""
        return node.start_point.row, self.column(node.start_point.row, node.start_point.column)

    def offset(self, line: int) -> int:
        """The byte at which a line begins."""
        return len("\n".join(self.lines[:line]).encode("utf-8", "replace")) + (line > 0)

    def place_at(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset."""
        before = self.source[:offset]
        line = before.count(b"\n")
        return line, len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace"))


@lru_cache(maxsize=16)
def parse(path: str, text: str) -> Parsed:
    """A text with its tree; the last ones are remembered."""
    return Parsed(path, text)


def is_member(node: Node) -> bool:
    """Whether an identifier is the name behind a dot."""
    parent = node.parent
    if parent is None or parent.type not in _MEMBERS:
        return False
    before = [parent.child_by_field_name(name) for name in _HOLDERS]
    return node not in before and any(parent.child_by_field_name(name) == node for name in _MEMBER_NAMES)


def receiver(node: Node) -> str:
    """What stands before the dot of a member; empty where nothing does."""
    if node.parent is None or not is_member(node):
        return ""
    before = next((part for name in _HOLDERS if (part := node.parent.child_by_field_name(name)) is not None), None)
    return grammars.text_of(before) if before is not None else ""


def is_label(node: Node) -> bool:
    """Whether an identifier is a keyword of a call, a key of an object, or the name of a field."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("keyword_argument", "pair", "field_initializer", "labeled_statement"):
        return parent.named_children[0] == node
    return "property" in node.type or "field_identifier" in node.type


def is_field(node: Node) -> bool:
    """Whether an identifier declares a field of a type."""
    parent = node.parent
    return parent is not None and parent.type in _FIELDS and parent.named_children[0] == node


def is_parameter(node: Node) -> bool:
    """Whether an identifier names a parameter, rather than its type or its default."""
    child, parent = node, node.parent
    for _ in range(4):
        if parent is None or parent.type in _TYPES:
            return False
        if parent.type in PARAMETERS:
            return parent.parent is not None and parent.parent.type not in ("call", "call_expression")
        if child in (parent.child_by_field_name("type"), parent.child_by_field_name("value")):
            return False
        if parent.type in FUNCTIONS:
            return parent.type == "arrow_function" and parent.child_by_field_name("parameter") == child
        child, parent = parent, parent.parent
    return False


def function_around(node: Node) -> Node | None:
    """The innermost function, lambda or method that a node lies in."""
    at = node.parent
    while at is not None and at.type not in FUNCTIONS:
        at = at.parent
    return at


def class_around(node: Node) -> Node | None:
    """The innermost class that a node lies in."""
    at = node.parent
    while at is not None and at.type not in CLASSES:
        at = at.parent
    return at


def parameter_names(function: Node) -> set[str]:
    """What a function calls its parameters."""
    found: set[str] = set()
    stack = [child for child in function.children if child.type in PARAMETERS]
    if function.type == "arrow_function" and (only := function.child_by_field_name("parameter")) is not None:
        stack.append(only)
    while stack:
        node = stack.pop()
        if node.type == "identifier" and node.text is not None and (is_parameter(node) or node.parent is function):
            found.add(node.text.decode("utf-8", "replace"))
        stack.extend(node.named_children)
    return found


def arguments_of(node: Node) -> Node | None:
    """The list of arguments of the call whose name an identifier is."""
    at: Node | None = node
    for _ in range(4):
        parent = at.parent if at is not None else None
        if at is None or parent is None:
            return None
        for child in parent.children:
            if child.type in ARGUMENTS and child.start_byte >= at.end_byte:
                return child
        if parent.type not in _CALLED:
            return None
        at = parent
    return None
