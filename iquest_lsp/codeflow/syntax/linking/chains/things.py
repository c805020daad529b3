"""What an expression of Python, JavaScript or TypeScript can be: an object, a class, what is called, a module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from iquest_lsp.codeflow.syntax.linking.chains.declarations import CLASSES, is_marked
from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from iquest_lsp.codeflow.syntax.linking.bindings import Bindings


@dataclass(frozen=True, slots=True)
class Thing:
    """What an expression is: an object of a class, a class, something that is called, or a module.

    `node` of the file at `path` defines the class, the function or the module; a function may be called `on` an object.
    What nothing in the repository defines is of the kind "outside".
    """

    kind: str
    path: str = ""
    node: Node | None = None
    on: Thing | None = None


OUTSIDE = Thing("outside")
#: The file and the name of a class.
ClassPlace = tuple[str, str]


class NamedFile(Protocol):
    """What is known of a file."""

    tree: Tree | None
    bindings: Bindings

    def modules(self, name: str) -> frozenset[str] | None:
        """The modules that a name stands for, as they are written."""
        ...


def itself(path: str, parameters: Node, name: str) -> Thing | None:
    """The object or the class that a method of Python is called on, where its first parameter has that name."""
    function = parameters.parent
    first = parameters.named_children[0] if parameters.named_child_count else None
    block = function.parent if function is not None else None
    if block is not None and block.type == "decorated_definition":
        block = block.parent
    around = block.parent if block is not None else None
    if first is None or function is None or around is None or text_of(first) != name or around.type not in CLASSES:
        return None
    if is_marked(function, "staticmethod"):
        return None
    return Thing("class" if is_marked(function, "classmethod") else "object", path, around)


def one_of(things: Iterator[Thing | None]) -> Thing | None:
    """What several ways lead to, as far as they do, if that is one thing."""
    found = {thing for thing in things if thing is not None}
    return found.pop() if len(found) == 1 else None


def place_of(one: Thing) -> ClassPlace:
    """Where a class or a namespace is defined."""
    name = one.node.child_by_field_name("name") if one.node is not None else None
    return one.path, text_of(name) if name is not None else ""
