"""The names of types in what is written as a type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

#: A name, and the last name before it: of `kit.Shop` kit and Shop.
Qualified = tuple[str, str]


#: Types in types are followed so deep.
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Nature:
    """What something is said to be: of one of some types, or what one of some functions returns; nothing if unknown.

    `of` are the names of the types whose method was called.
    """

    types: frozenset[Qualified] = frozenset()
    calls: frozenset[Qualified] = frozenset()
    of: frozenset[str] = frozenset()


UNKNOWN = Nature()
#: A type that nothing in a repository defines: a literal, a list, a function.
BUILT_IN = Nature(frozenset({("", "")}))


def of_type(node: Node) -> Nature:
    """What a type says, as it is written."""
    found = frozenset(_types(node)) - _OPEN
    return Nature(found) if found else UNKNOWN


def leaves_open(node: Node) -> bool:
    """Whether a type says only that the value tells it."""
    return (node.text or b"") in (b"var", b"auto", b"auto&", b"const auto", b"final var")


def _types(node: Node, deep: int = MAX_DEPTH) -> Iterator[Qualified]:
    kind = node.type
    text = text_of(node)
    if not deep:
        return
    if kind in _PLAIN_TYPES:
        yield "", text
    elif kind in _QUALIFIED_TYPES:
        *before, last = re.findall(r"[\w$]+", text.split("<")[0])
        if last in _TRANSPARENT and node.named_children[-1].type in _GENERIC_TYPES:
            yield from _types(node.named_children[-1], deep - 1)
        else:
            yield before[-1] if before else "", last
    elif kind in _MANY and text not in _NOTHING:
        yield "", ""
    elif kind == "string":
        for dotted in re.findall(r"[\w.]+", text):
            before_it, _, last = dotted.rpartition(".")
            yield before_it.rpartition(".")[2], last
    elif kind in _GENERIC_TYPES and node.named_child_count:
        head = node.named_children[0]
        outer = [*_types(head, deep - 1)]
        if any(last in _TRANSPARENT for _, last in outer):
            for item in node.named_children[1:]:
                yield from _types(item, deep - 1)
        else:
            yield from outer
    else:
        for item in node.named_children:
            yield from _types(item, deep - 1)


_PLAIN_TYPES = frozenset(
    {"identifier", "type_identifier", "primitive_type", "predefined_type", "integral_type", "floating_point_type"}
) | {"void_type", "boolean_type", "sized_type_specifier"}
_QUALIFIED_TYPES = frozenset(
    {
        "qualified_type",
        "attribute",
        "scoped_type_identifier",
        "nested_type_identifier",
        "nested_identifier",
        "qualified_identifier",
        "member_expression",
        "selector_expression",
        "scoped_identifier",
        "member_type",
    }
)
_GENERIC_TYPES = frozenset({"generic_type", "subscript", "template_type", "generic_type_with_turbofish"})
#: Types of many, of which none is the one that is written in it.
_MANY = frozenset(
    {
        "slice_type",
        "array_type",
        "map_type",
        "channel_type",
        "function_type",
        "tuple_type",
        "object_type",
        "literal_type",
        "struct_type",
        "implicit_length_array_type",
    }
)
_NOTHING = ("null", "undefined")
#: Types that stand for what is in them.
_TRANSPARENT = frozenset(
    {
        "Annotated",
        "Arc",
        "AtomicReference",
        "Awaitable",
        "Box",
        "ClassVar",
        "Cow",
        "Final",
        "Mutex",
        "MutexGuard",
        "NonNullable",
        "Option",
        "Optional",
        "Partial",
        "Pin",
        "Promise",
        "Rc",
        "Readonly",
        "Ref",
        "RefCell",
        "RefMut",
        "Required",
        "Result",
        "RwLock",
        "Union",
        "shared_ptr",
        "unique_ptr",
    }
)
#: Types that say nothing.
_OPEN = frozenset(
    ("", name)
    for name in {
        "Any",
        "K",
        "None",
        "Object",
        "Self",
        "T",
        "U",
        "V",
        "any",
        "auto",
        "interface",
        "never",
        "null",
        "object",
        "self",
        "undefined",
        "unknown",
        "var",
    }
)
