"""What modules and classes of Python, JavaScript and TypeScript declare, by name, as the nodes that say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.linking.binding_nodes import FUNCTIONS, NOTHING
from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

#: What is a class here: its objects have members.
CLASSES = frozenset(
    {"class_definition", "class_declaration", "abstract_class_declaration", "class", "interface_declaration"}
)
#: What can be called.
CALLED = FUNCTIONS | {"method_signature", "abstract_method_signature", "function_signature", "function_type"}
MODULES = frozenset({"internal_module", "module"})
#: What holds declarations of the module around it.
_HOLDING = frozenset(
    {
        "decorated_definition",
        "export_statement",
        "expression_statement",
        "lexical_declaration",
        "variable_declaration",
        "ambient_declaration",
        "if_statement",
        "else_clause",
        "try_statement",
        "except_clause",
        "block",
    }
)
_NAMED = CLASSES | CALLED | MODULES | {"type_alias_declaration", "enum_declaration", "variable_declarator"}
_FIELDS = frozenset({"public_field_definition", "field_definition", "property_signature"})
_PROPERTY = re.compile(r"@(?:\w+\.)*(?:cached_)?property\b")


def declared(root: Node) -> dict[str, list[Node]]:
    """The nodes that give the names of a module or a namespace their meaning, in their order."""
    found: dict[str, list[Node]] = {}
    waiting = [*root.children]
    for item in waiting:
        if item.type == "assignment":
            name = item.child_by_field_name("left")
        elif item.type in _NAMED:
            name = item.child_by_field_name("name")
        else:
            name = None
            if item.type in _HOLDING:
                waiting.extend(item.children)
        if name is not None and name.type in ("identifier", "type_identifier"):
            found.setdefault(text_of(name), []).append(item)
    return found


def exported_by_default(root: Node) -> Node | None:
    """What a module exports by default: a declaration, or the expression that it is."""
    for item in root.children:
        if item.type == "export_statement" and any(child.type in ("default", "=") for child in item.children):
            found = item.child_by_field_name("declaration") or item.child_by_field_name("value")
            return found or (item.named_children[-1] if item.named_child_count else None)
    return None


def class_around(node: Node) -> Node | None:
    """The class that a node stands in."""
    around = node.parent
    while around is not None and around.type not in CLASSES:
        around = around.parent
    return around


def members(node: Node, name: str) -> Iterator[Node]:
    """The nodes in the body of a class or an interface that declare a member."""
    body = node.child_by_field_name("body")
    for item in body.children if body is not None else ():
        inner = item
        if item.type == "decorated_definition":
            inner = item.child_by_field_name("definition") or item
        elif item.type == "expression_statement" and item.named_child_count:
            inner = item.named_children[0]
        said = inner.child_by_field_name("left" if inner.type == "assignment" else "name")
        if said is not None and text_of(said) == name:
            yield inner
        elif said is not None and text_of(said) == "constructor":
            yield from _parameter_properties(inner, name)


def _parameter_properties(constructor: Node, name: str) -> Iterator[Node]:
    """The parameters of a constructor that are members as well."""
    parameters = constructor.child_by_field_name("parameters")
    for item in parameters.named_children if parameters is not None else ():
        marks = {child.type for child in item.children}
        pattern = item.child_by_field_name("pattern")
        if marks & {"accessibility_modifier", "readonly"} and pattern is not None and text_of(pattern) == name:
            yield item


def is_read(member: Node) -> bool:
    """Whether a function of a class is read as a value is: a property, a getter."""
    if any(child.type == "get" for child in member.children):
        return True
    around = member.parent
    if around is None or around.type != "decorated_definition":
        return False
    return any(child.type == "decorator" and _PROPERTY.match(text_of(child)) for child in around.children)


def is_marked(member: Node, mark: str) -> bool:
    """Whether a function of Python has a decorator of that name."""
    around = member.parent
    return around is not None and any(
        child.type == "decorator" and text_of(child) == f"@{mark}" for child in around.children
    )


def bases(node: Node) -> Iterator[Node]:
    """The expressions and types that a class or an interface is derived from."""
    listed = node.child_by_field_name("superclasses")
    for item in listed.named_children if listed is not None else ():
        if item.type not in ("keyword_argument", "comment"):
            yield (item.child_by_field_name("value") or item) if item.type == "subscript" else item
    for clause in node.children:
        for inner in clause.children if clause.type == "class_heritage" else (clause,):
            if inner.type in ("extends_clause", "implements_clause", "extends_type_clause", "class_heritage"):
                yield from (child for child in inner.named_children if child.type != "type_arguments")
            elif clause.type == "class_heritage" and inner.is_named:  # JavaScript has no clause in it
                yield inner


def results(function: Node) -> list[Node]:
    """What a function returns, as expressions; nothing where one of its returns gives nothing."""
    body = function.child_by_field_name("body")
    if body is None:
        return []
    if function.type == "arrow_function" and body.type != "statement_block":
        return [body]
    found: list[Node] = []
    waiting = [*body.children]
    for item in waiting:
        if item.type == "yield":
            return []
        if item.type == "return_statement":
            if not item.named_child_count:
                return []
            found.append(item.named_children[0])
        elif item.type not in FUNCTIONS and item.type not in CLASSES:
            waiting.extend(item.children)
    return found


def is_field(node: Node) -> bool:
    """Whether a member is a value with a type or an initial value of its own."""
    return node.type in _FIELDS or node.type in ("assignment", "required_parameter", "optional_parameter")


def value_of(binder: Node) -> Node | None:
    """The value that a node gives a name; None for several."""
    value = binder.child_by_field_name("right") or binder.child_by_field_name("value")
    return None if value is not None and value.type in ("expression_list", "pattern_list", "tuple") else value


def says_nothing(binder: Node) -> bool:
    """Whether a node binds a name to nothing yet, so that another one tells what it is."""
    value = value_of(binder)
    return value is not None and value.type in NOTHING and binder.child_by_field_name("type") is None
