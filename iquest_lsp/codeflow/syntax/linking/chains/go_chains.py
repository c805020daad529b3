"""What an expression of Go begins with and what is taken of it, step by step: `log.Info().Fields[0]`, by its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.linking.binding_nodes import LITERALS
from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

#: Steps of one chain, with those of the variables in it.
MAX_STEPS = 200
#: Steps that are no name of a member: a call, an element of many, and what ranging gives first.
CALL, ELEMENT, KEY = "()", "[]", "[0]"
#: One of several results, by its number.
RESULT = "#"


@dataclass(frozen=True, slots=True)
class Chain:
    """What is taken of what: `steps` of the type that is written as `type`, or else of what is called `name`.

    A name is that of a package, or of what the package of its file declares.
    """

    type: str
    name: str
    steps: tuple[str, ...] = ()


def chain_of(node: Node | None, declarations: Callable[[Node], Iterable[Node]]) -> Chain | None:
    """The chain of an expression; `declarations` are the nodes that may bind a name where it stands, nearest first."""
    taken: list[str] = []
    while node is not None and len(taken) < MAX_STEPS:
        kind = node.type
        if kind == "call_expression":
            function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
            if function is not None and text_of(function) in ("new", "make") and arguments is not None:
                return _from_type(next(iter(arguments.named_children), None), taken)
            taken.append(CALL)
            node = function
        elif kind == "selector_expression":
            taken.append(text_of(member) if (member := node.child_by_field_name("field")) else "")
            node = node.child_by_field_name("operand")
        elif kind == "index_expression":
            taken.append(ELEMENT)
            node = node.child_by_field_name("operand")
        elif kind == "unary_expression":
            if node.children[0].type == "<-":
                taken.append(ELEMENT)
            elif node.children[0].type not in ("&", "*"):
                return None
            node = node.child_by_field_name("operand")
        elif kind == "slice_expression":
            node = node.child_by_field_name("operand")
        elif kind in ("parenthesized_expression", "expression_list") and node.named_child_count == 1:
            node = node.named_children[0]
        elif kind in ("composite_literal", "type_assertion_expression", "type_conversion_expression"):
            return _from_type(node.child_by_field_name("type"), taken)
        elif kind == "func_literal":
            body = node.child_by_field_name("body")
            text = text_of(node)
            return Chain(text[: len(text) - len(text_of(body))] if body is not None else text, "", _steps(taken))
        elif kind == "identifier":
            name = text_of(node)
            found = _declared(node, name, declarations, taken)
            if isinstance(found, str):
                return Chain(found, "", _steps(taken))
            if found is None:
                return Chain("", name, _steps(taken))
            if found is node:
                return None
            node = found
        else:
            return Chain("string", "", _steps(taken)) if kind in LITERALS else None
    return None


def _steps(taken: list[str]) -> tuple[str, ...]:
    return tuple(reversed(taken))


def _from_type(node: Node | None, taken: list[str]) -> Chain | None:
    return Chain(text_of(node), "", _steps(taken)) if node is not None else None


def _declared(
    node: Node, name: str, declarations: Callable[[Node], Iterable[Node]], taken: list[str]
) -> Node | str | None:
    """The type that a name is declared as, or the expression that it is made of, to whose steps some are added.

    The node itself where what declares it does not say, None where nothing declares it.
    """
    for binder in declarations(node):
        kind = binder.type
        declared = binder.child_by_field_name("type")
        if declared is not None:
            many = "[]" if kind == "variadic_parameter_declaration" else ""
            return many + text_of(declared)
        if kind == "type_switch_statement":
            return _switched(binder, node)
        if kind == "range_clause":
            taken.append(KEY if _at(binder.child_by_field_name("left"), name) == 0 else ELEMENT)
            return binder.child_by_field_name("right") or node
        left = binder.child_by_field_name("left")
        names = [text_of(item) for item in (left.named_children if left else binder.children_by_field_name("name"))]
        value = binder.child_by_field_name("right") or binder.child_by_field_name("value")
        if value is None or name not in names:
            continue
        values = value.named_children if value.type == "expression_list" else [value]
        if len(values) == len(names):
            return values[names.index(name)]
        taken.append(f"{RESULT}{names.index(name)}")
        return values[0] if values else node
    return None


def _at(names: Node | None, name: str) -> int:
    """The number of a name in a list of names; -1 where it is not in it."""
    listed = [text_of(item) for item in names.named_children] if names is not None else []
    return listed.index(name) if name in listed else -1


def _switched(switch: Node, node: Node) -> Node | str:
    """What a variable is in a case of the switch over its type: the type of the case, if that has one."""
    around = node.parent
    while around is not None and around != switch:
        if around.type == "type_case":
            types = around.children_by_field_name("type")
            if len(types) == 1:
                return text_of(types[0])
            break
        around = around.parent
    return switch.child_by_field_name("value") or node
