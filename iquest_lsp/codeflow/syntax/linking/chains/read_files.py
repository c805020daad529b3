"""The files that expressions are followed through, each read once, and what they declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.linking.chains.declarations import CALLED, CLASSES, declared, is_field, members
from iquest_lsp.codeflow.syntax.linking.chains.things import NamedFile, Thing

if TYPE_CHECKING:
    from tree_sitter import Node

#: Files that are read for all expressions.
MAX_FILES = 300


class ReadFiles:
    """What is known of files; `read` gives it for one."""

    def __init__(self, read: Callable[[str], NamedFile | None]) -> None:
        self._read = read
        self._files: dict[str, NamedFile | None] = {}
        self._declared: dict[int, dict[str, list[Node]]] = {}

    def file(self, path: str) -> NamedFile | None:
        """What is known of a file."""
        if path not in self._files:
            self._files[path] = self._read(path) if len(self._files) < MAX_FILES else None
        return self._files[path]

    def whole(self, path: str) -> Thing | None:
        """A file as a module."""
        file = self.file(path)
        return Thing("module", path, file.tree.root_node) if file is not None and file.tree is not None else None

    def declared(self, root: Node, name: str) -> Sequence[Node]:
        """The nodes that give a name of a module or a namespace its meaning, in their order."""
        if root.id not in self._declared:
            self._declared[root.id] = declared(root)
        return self._declared[root.id].get(name, ())

    def members(self, one: Thing, name: str) -> Iterator[Node]:
        """The nodes that declare a member of a class or give it a value."""
        node, file = one.node, self.file(one.path)
        if node is None or file is None:
            return
        inside = [*members(node, name)]
        yield from (item for item in inside if item.type in CALLED or is_field(item) or item.type in CLASSES)
        body = node if node.type == "class_definition" else node.child_by_field_name("body")
        if body is not None and body.type != "interface_body":
            # What is declared is believed before what is only assigned.
            given = file.bindings.given(body, name)
            yield from sorted(given, key=lambda item: item.child_by_field_name("type") is None)

    def declares(self, one: Thing, name: str) -> bool:
        """Whether a class itself has a member."""
        return next(self.members(one, name), None) is not None
