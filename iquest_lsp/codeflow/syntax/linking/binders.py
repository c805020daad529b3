"""Whether a variable begins where a name stands, as the nodes around it say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.linking.binding_nodes import BINDING, PATTERNS

if TYPE_CHECKING:
    from tree_sitter import Node


def is_bound(node: Node) -> bool:
    """Whether a name is that of a parameter or variable that begins here, alone or as a part of a pattern."""
    if node.type == "shorthand_property_identifier_pattern":
        return not _is_brought(node)
    parent = node.parent
    while parent is not None and parent.type in PATTERNS:
        if parent.child_by_field_name("key") == node or parent.child_by_field_name("right") == node:
            return False
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type in ("parameters", "lambda_parameters", "formal_parameters"):
        return True
    names = [
        child for name in ("left", "name", "pattern", "parameter") for child in parent.children_by_field_name(name)
    ]
    return parent.type in BINDING and node in (*names, _first(parent))


def _is_brought(node: Node) -> bool:
    """Whether a name of a pattern is one that a module gives: `const { name } = require("./module")`."""
    around = node.parent
    while around is not None and around.type in PATTERNS:
        around = around.parent
    value = around.child_by_field_name("value") if around is not None else None
    return value is not None and is_module(value)


def is_field_key(node: Node) -> bool:
    """Whether a name is that of a field for which a literal of Go's structs has a value."""
    keyed = node.parent.parent if node.parent is not None and node.parent.type == "literal_element" else None
    if keyed is None or keyed.type != "keyed_element" or keyed.named_children[0] != node.parent:
        return False
    literal = keyed.parent.parent if keyed.parent is not None else None
    kind = literal.child_by_field_name("type") if literal is not None else None
    return kind is None or kind.type not in ("map_type", "array_type", "slice_type", "implicit_length_array_type")


def _first(parent: Node) -> Node | None:
    """The name in a node that has no field for it."""
    if parent.type in ("typed_parameter", "as_pattern_target"):
        return parent.named_children[0] if parent.named_child_count else None
    return None


def is_module(value: Node) -> bool:
    return (value.text or b"")[:40].removeprefix(b"await").lstrip().startswith((b"require(", b"import("))
