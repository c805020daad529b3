"""What a file's syntax says a variable is: the type that its declaration names, or what its value is made of.

A name means the nearest declaration around it, as the blocks and functions of the file lie in each other; what its type
does is for others to say. Only what is written is read, no type is worked out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.definitions import CALLS, MEMBERS
from iquest_lsp.codeflow.syntax.linking.binding_nodes import (
    ASSIGNING,
    BINDERS,
    CLASSES,
    FIELD_BINDERS,
    FIELD_DEFINITIONS,
    FIRST,
    ITERATING,
    LASTING,
    LISTED,
    LITERALS,
    MADE_OF,
    NOTHING,
    PARAMETERS,
    PYTHON_OWN,
    PYTHON_SCOPES,
    SCOPES,
    SPREADING,
    STARRED,
    TAKING_APART,
    TYPED,
    WRAPPING,
)
from iquest_lsp.codeflow.syntax.linking.written_types import BUILT_IN, UNKNOWN, Nature, leaves_open, of_type
from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


#: A value is followed through so many other names.
MAX_STEPS = 4
#: Bytes of an expression in which its last name is looked for.
MAX_NAME = 200


class Bindings:
    """The declarations of one file."""

    def __init__(self, language: str) -> None:
        self._python = language == "python"
        self._go = language == "go"
        self._scopes = PYTHON_SCOPES if self._python else SCOPES
        self._known: dict[int, dict[str, list[Node]]] = {}
        self._members: dict[int, dict[str, list[Node]]] = {}

    def meaning(self, node: Node, steps: int = MAX_STEPS) -> Nature | None:
        """What an expression is; None for a name or a member that no declaration around it explains."""
        kind = node.type
        if not steps:
            return UNKNOWN
        if kind == "identifier":
            return self._variable(node, steps)
        if kind in MEMBERS:
            return self._field(node, steps)
        if kind in WRAPPING and node.named_child_count:
            return self.meaning(node.named_children[-1], steps - 1)
        if kind in MADE_OF:
            made = node.child_by_field_name(MADE_OF[kind]) or node.named_children[-1]
            return of_type(made)
        if kind in CALLS:
            return self._call(node, steps)
        return BUILT_IN if kind in LITERALS else UNKNOWN

    def _call(self, node: Node, steps: int) -> Nature:
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if node.type == "object_creation_expression" or node.type == "new_expression":
            made = node.child_by_field_name("type") or function
            return of_type(made) if made is not None else UNKNOWN
        whole = function if function is not None else node
        holder = next((item for name in _BEFORE if (item := whole.child_by_field_name(name)) is not None), None)
        on, name = last_name(holder), last_name(function or node.child_by_field_name("name"))
        arguments = node.child_by_field_name("arguments")
        if self._go and name in ("new", "make") and not on and arguments is not None and arguments.named_children:
            return of_type(arguments.named_children[0])
        if holder is not None and name in _KEEPING:
            return self.meaning(holder, steps - 1) or UNKNOWN
        if _TYPE.match(on) and (whole.type == "scoped_identifier" or _MAKING.fullmatch(name)):
            return Nature(frozenset({("", on)}))
        if self._python and _TYPE.match(name):
            return Nature(frozenset({(on, name)}))
        if self._python and name in PYTHON_OWN and not on:
            return BUILT_IN
        if not name:
            return UNKNOWN
        called = self.meaning(holder, steps - 1) if self._go and holder is not None else None
        of = frozenset(kind for _, kind in called.types) if called is not None else frozenset[str]()
        return Nature(calls=frozenset({(on, name)}), of=of)

    def _variable(self, node: Node, steps: int) -> Nature | None:
        name = text_of(node)
        said = (self._said(binder, name, steps) for binder in self.declarations(node))
        return next((item for item in said if item is not None), None)

    def declarations(self, node: Node) -> Iterator[Node]:
        """The nodes that may give a name its meaning where it stands, nearest first."""
        name = text_of(node)
        scope = node.parent
        while scope is not None:
            if scope.type in self._scopes and not (self._python and scope.type == "class_definition"):
                # What a module or a class has may stand behind its use.
                anywhere = scope.parent is None or scope.type in CLASSES
                found = self._bound(scope).get(name, ())
                last = len(found) if anywhere else bisect_left(found, node.start_byte, key=_start)
                for at in range(last - 1, -1, -1):
                    if not _holds(found[at], node) or found[at].type in LASTING:
                        yield found[at]
                if _hides(islice(found, last)):
                    return
            scope = scope.parent

    def _field(self, node: Node, steps: int) -> Nature | None:
        """What the class around a member of `self` or `this` says of it."""
        if not _is_member(node):
            return None
        scope: Node | None = node.parent
        while scope is not None and scope.type not in CLASSES:
            scope = scope.parent
        name = last_name(node)
        for binder in self._fields(scope).get(name, ()) if scope is not None else ():
            said = self._said(binder, name, steps)
            if said is not None and said is not UNKNOWN:
                return said
        return None

    def given(self, scope: Node, name: str) -> list[Node]:
        """The nodes of a class that give a value or a type to a member of its objects."""
        return self._fields(scope).get(name, [])

    def _fields(self, scope: Node) -> dict[str, list[Node]]:
        """The nodes of a class that give a value or a type to a member of its objects, by the member's name."""
        if scope.id not in self._members:
            known: dict[str, list[Node]] = {}
            waiting = [*scope.children]
            for item in waiting:
                sides = _targets(item) if item.type in FIELD_BINDERS else []
                members = [side for side in sides if _is_member(side)]
                if members or _is_declared_in(scope, item):
                    for side in members or sides:
                        known.setdefault(last_name(side), []).append(item)
                elif item.type in FIELD_DEFINITIONS and (own := item.child_by_field_name("name")) is not None:
                    known.setdefault(last_name(own), []).append(item)
                if item.type not in CLASSES:
                    waiting.extend(item.children)
            self._members[scope.id] = known
        return self._members[scope.id]

    def _bound(self, scope: Node) -> dict[str, list[Node]]:
        """The nodes that bind names in a scope itself, by name, in their order."""
        known = self._known.get(scope.id)
        if known is None:
            known = self._known[scope.id] = {}
            waiting = [*reversed(scope.children)]
            if scope.type in BINDERS:
                waiting.append(scope)
            while waiting:
                item = waiting.pop()
                if item.type in BINDERS:
                    for name in _names(item):
                        known.setdefault(name, []).append(item)
                if item is not scope and item.type not in self._scopes:
                    waiting.extend(reversed(item.children))
        return known

    def _said(self, binder: Node, name: str, steps: int) -> Nature | None:
        """What a node that binds a name says of it; None where it says nothing, so that another one may."""
        if any(item is not None and item.type in TAKING_APART for item in map(binder.child_by_field_name, _LEFT)):
            return UNKNOWN
        declared = _field(binder, "type") or _field(binder.parent, "type")
        if declared is not None:
            said = of_type(declared)
            if said is not UNKNOWN or not leaves_open(declared):
                return said
        if binder.type in ITERATING:
            return UNKNOWN
        value = next((item for field in _VALUES if (item := binder.child_by_field_name(field)) is not None), None)
        if binder.type == "as_pattern" and binder.named_child_count:
            value = binder.named_children[0]
            if binder.parent is not None and binder.parent.type == "except_clause":
                return of_type(value)
        if value is None:
            return UNKNOWN if binder.type in PARAMETERS else None
        part = self._part(binder, name, value)
        if part is None:
            return UNKNOWN
        value = part
        if value.type in NOTHING or (value.text or b"") in (b"undefined", b"nullptr", b"NULL"):
            return None
        return self.meaning(value, steps - 1) or UNKNOWN

    def _part(self, binder: Node, name: str, value: Node) -> Node | None:
        """What of a value a node gives to a name, or to a member of that name; None where that cannot be told."""
        targets = _targets(binder)
        written = (name, f"self.{name}", f"this.{name}")
        at = next((at for at, item in enumerate(targets) if text_of(item) in written), None)
        several = len(targets) > 1
        if several and (at is None or any(item.type in STARRED for item in targets[:at])):
            return None
        if value.type not in LISTED:
            # Of what one call gives, the first is what it is called after.
            is_first = at == 0 if several else next(_names(binder), name) == name
            return value if is_first else None
        values = value.named_children
        if self._go and len(values) == 1:
            return None if at else values[0]
        return values[at] if several and at is not None and len(values) == len(targets) else None


def last_name(node: Node | None) -> str:
    """The last name of an expression; empty where it ends in something else."""
    while node is not None and node.type in CALLS:
        node = node.child_by_field_name("function") or node.child_by_field_name("name")
    text = (node.text or b"")[-MAX_NAME:].decode("utf-8", "replace") if node is not None else ""
    found = re.search(r"([\w$]+)\s*(?:::\s*<[^<>]*>|<[^<>]*>)?$", text)
    return found[1] if found else ""


def _start(node: Node) -> int:
    return node.start_byte


def _is_member(node: Node) -> bool:
    """Whether an expression is a member of `self` or `this`."""
    holder = node.child_by_field_name("object") if node.type in MEMBERS else None
    return holder is not None and (holder.text or b"") in (b"self", b"this")


def _targets(binder: Node) -> list[Node]:
    """What the parts of a node's value are given to, in their order."""
    sides = [child for field in BINDERS.get(binder.type, ()) for child in binder.children_by_field_name(field)]
    return [item for side in sides for item in (side.named_children if side.type in LISTED else [side])]


def _hides(binders: Iterable[Node]) -> bool:
    """Whether some nodes declare a name, so that no outer scope can mean it."""
    return any(item.type not in ASSIGNING for item in binders)


def _is_declared_in(scope: Node, item: Node) -> bool:
    """Whether an assignment of Python is an annotation in the body of a class itself."""
    block = item.parent.parent if item.parent is not None else None
    return item.child_by_field_name("type") is not None and block is not None and block.parent == scope


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _field(node: Node | None, name: str) -> Node | None:
    return node.child_by_field_name(name) if node is not None and node.type in TYPED else None


def _names(binder: Node) -> Iterator[str]:
    """The names that a node binds, in their order."""
    sides = [child for field in BINDERS.get(binder.type, ()) for child in binder.children_by_field_name(field)]
    if not sides and binder.type in FIRST and binder.named_child_count:
        sides = [binder.named_children[-1 if binder.type == "as_pattern" else 0]]
    if binder.type in PARAMETERS:
        sides += [item for item in binder.named_children if item.type == "identifier"]
    seen = set[str]()
    sides.reverse()
    while sides:
        item = sides.pop()
        if item.type in ("identifier", "field_identifier", "shorthand_property_identifier_pattern"):
            text = text_of(item)
            if text not in seen:
                seen.add(text)
                yield text
        elif item.type in SPREADING:
            sides.extend(reversed(item.named_children))


_TYPE = re.compile(r"_*[A-Z]\w*[a-z]\w*$|[A-Z]$")
_MAKING = re.compile(r"from|new|create|of|default|build|builder|with_\w+|from_\w+|New")
#: Fields of what stands before a name, and of a value.
_BEFORE = ("object", "value", "operand", "argument", "path", "scope")
_VALUES = ("value", "right")
_LEFT = ("left", "name", "pattern")
#: Methods of Rust that give what they are called on, or what is in it.
_KEEPING = frozenset(
    {"as_mut", "as_ref", "borrow", "borrow_mut", "clone", "expect", "lock", "to_owned", "unwrap", "unwrap_or_default"}
)
