"""Definitions that stand where a grammar sees none.

They are what macros of Rust are given, names that an export gives, and functions that an object of JavaScript holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iquest_lsp import grammars

if TYPE_CHECKING:
    from tree_sitter import Node, Range

#: What stands around a value of TypeScript and says only of what type it is.
_TYPED = frozenset({"as_expression", "satisfies_expression", "parenthesized_expression"})
#: Calls that give back the object they are given, or one made of it: `defineComponent`, `createSlice`, `Vue.extend`.
_MAKERS = re.compile(rb"(?:[\w$]+\.)*(?:define|create|extend|freeze|seal)[\w$]*")
_MEMBER = re.compile(r"[\w$-]{1,100}")
#: Objects inside objects are looked into so deep.
_LEVELS = 6
#: The words that items of Rust begin with.
_ITEMS = frozenset({"fn", "struct", "enum", "trait", "impl", "mod", "type", "union"})


def given_items(macro: Node) -> Range | None:
    """Where in the file the text lies that a macro is given in braces; None where it is no items.

    Macros that put `cfg` on all they are given hold code as any other.
    """
    given = macro.children[-1] if macro.children else None
    if given is None or given.type != "token_tree" or given.child_count < 3 or given.children[0].type != "{":
        return None
    if not any(child.type in _ITEMS for child in given.children):
        return None
    from tree_sitter import Range

    opening, closing = given.children[0], given.children[-1]
    return Range(opening.end_point, closing.start_point, opening.end_byte, closing.start_byte)


def aliases(clause: Node) -> Iterator[tuple[Node, str]]:
    """The names under which an export gives what has another name, where they have documentation of their own."""
    for part in clause.named_children:
        alias = part.child_by_field_name("alias") if part.type == "export_specifier" else None
        above = part.prev_named_sibling
        if alias is None or above is None or above.type != "comment" or alias.type != "identifier":
            continue
        yield part, grammars.text_of(alias)


def members(value: Node | None, functions: frozenset[str]) -> Iterator[tuple[Node, str, Node | None]]:
    """The functions that a value of JavaScript holds if it is an object, in order: node, dotted name, body.

    `functions` are the types of nodes that are one. Objects inside it are looked into, what is named by an expression
    is not.
    """
    found = _object_of(value)
    open_objects = [("", iter(found.named_children))] if found is not None else []
    while open_objects:
        scope, parts = open_objects[-1]
        part = next(parts, None)
        if part is None:
            open_objects.pop()
            continue
        key = part.child_by_field_name("name" if part.type == "method_definition" else "key")
        name = grammars.text_of(key).strip("\"'") if key is not None else ""
        if not _MEMBER.fullmatch(name):
            continue
        if part.type == "method_definition":
            yield part, scope + name, part.child_by_field_name("body")
        elif (inner := part.child_by_field_name("value")) is not None:
            if inner.type in functions:
                yield part, scope + name, inner.child_by_field_name("body")
            elif inner.type == "object" and len(open_objects) < _LEVELS:
                open_objects.append((f"{scope}{name}.", iter(inner.named_children)))


def _object_of(value: Node | None) -> Node | None:
    for _ in range(_LEVELS):
        if value is None or value.type == "object":
            return value
        if value.type in _TYPED:
            value = value.named_children[0] if value.named_child_count else None
        elif value.type == "call_expression":
            called, given = value.child_by_field_name("function"), value.child_by_field_name("arguments")
            if called is None or given is None or not _MAKERS.fullmatch((called.text or b"")[:200]):
                return None
            value = next((part for part in given.named_children if part.type == "object"), None)
        else:
            return None
    return None
