"""The import statements of a file, and the names that they bind."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp.nextedit.parsed import Parsed

if TYPE_CHECKING:
    from tree_sitter import Node

_STATEMENTS = frozenset(
    {"import_statement", "import_from_statement", "import_declaration", "import_spec", "use_declaration"}
)
#: What import statements stand in, but for blocks.
_CONTAINERS = frozenset({"mod_item", "declaration_list", "preproc_if", "preproc_ifdef", "preproc_else"})
_DECLARATIONS = ("lexical_declaration", "variable_declaration")
#: Other statements that stand among imports and bind nothing that is followed here.
_LIKE = frozenset({"future_import_statement", "preproc_include", "extern_crate_declaration"})
#: Kinds of nodes that bind one name each, in a statement that binds several.
_SPECIFIERS = frozenset({"import_specifier", "aliased_import", "namespace_import"})


@dataclass(frozen=True, slots=True)
class Import:
    """A name that a statement binds: the node that binds it, the statement, and how many names that binds."""

    name: str
    node: Node
    statement: Node
    several: int


@lru_cache(maxsize=64)
def import_lines(text: Parsed) -> frozenset[int]:
    """The lines of a file's import statements, and the blank ones among and around them."""
    found: set[int] = set()
    for node in _statements(text):
        found |= set(range(node.start_point.row, node.end_point.row + 1))
    last = max(found, default=-1)
    return frozenset(found) | {line for line, words in enumerate(text.lines[: last + 2]) if not words.strip()}


def _statements(text: Parsed) -> Iterator[Node]:
    """The statements that import something, or stand among those; of a block of imports each of its parts."""
    stack = [text.root] if text.root is not None else []
    while stack:
        node = stack.pop()
        if any(child.type.startswith("import_spec") for child in node.named_children):
            yield node
            stack.extend(node.named_children)
        elif node.type in _STATEMENTS or node.type in _LIKE or _requires(text, node):
            yield node
        elif node.parent is None or node.type in _CONTAINERS:
            stack.extend(node.named_children)


def _requires(text: Parsed, node: Node) -> bool:
    return node.type in _DECLARATIONS and "require(" in text.text_of(node)


@lru_cache(maxsize=64)
def imports_of(text: Parsed) -> tuple[Import, ...]:
    """The names that a file's import statements bind, as far as each is plain."""
    found: list[Import] = []
    for node in _statements(text):
        if not any(child.type.startswith("import_spec") for child in node.named_children):
            bound = list(_bound(text, node))
            found += [Import(name, part, node, len(bound)) for name, part in bound]
    return tuple(found)


def _bound(text: Parsed, statement: Node) -> Iterator[tuple[str, Node]]:
    """Names and the parts of a statement that bind them."""
    kind = statement.type
    if kind == "import_spec":
        name, path = statement.child_by_field_name("name"), statement.child_by_field_name("path")
        if name is not None:
            yield text.text_of(name), statement
        elif path is not None:
            last = text.text_of(path).strip('"').split("/")
            yield (last[-2] if re.fullmatch(r"v\d+", last[-1]) and len(last) > 1 else last[-1]), statement
    elif kind == "import_declaration":  # Java
        whole = text.text_of(statement)
        if "*" not in whole and "static" not in whole:
            yield re.split(r"[.\s]", whole.rstrip("; \n"))[-1], statement
    elif kind == "use_declaration":
        passes_on = any(child.type == "visibility_modifier" for child in statement.children)
        argument = statement.child_by_field_name("argument")
        if argument is not None and not passes_on:
            yield from _used(text, argument)
    elif kind in _DECLARATIONS:
        yield from _required(text, statement)
    elif kind == "import_from_statement":
        for child in statement.children_by_field_name("name"):
            yield _last(text, child), child
    elif text.path.endswith((".py", ".pyi")):
        for child in statement.children_by_field_name("name"):
            yield text.text_of(child).split(" as ")[-1].split(".")[0].strip(), child
    else:
        clause = next((child for child in statement.named_children if child.type == "import_clause"), None)
        for part in _specifiers(clause) if clause is not None else ():
            yield _last(text, part), part


def _used(text: Parsed, node: Node) -> Iterator[tuple[str, Node]]:
    """Rust: the names that a part of a `use` brings, each once it stands behind a path."""
    if node.type == "use_as_clause":
        if (alias := node.child_by_field_name("alias")) is not None:
            yield text.text_of(alias), node
    elif node.type in ("scoped_use_list", "use_list"):
        inner = node.child_by_field_name("list") or node
        for child in inner.named_children:
            yield from _used(text, child)
    elif node.type == "scoped_identifier" or (node.parent is not None and node.parent.type == "use_list"):
        name = re.split(r"\W+", text.text_of(node))[-1]
        yield from [(name, node)] if name != "self" else []


def _required(text: Parsed, statement: Node) -> Iterator[tuple[str, Node]]:
    """Scripts: the names that one `require` gives."""
    declared = [child for child in statement.named_children if child.type == "variable_declarator"]
    value = declared[0].child_by_field_name("value") if len(declared) == 1 else None
    name = declared[0].child_by_field_name("name") if len(declared) == 1 else None
    if name is None or value is None or not re.fullmatch(r"require\([^()]*\)", text.text_of(value)):
        return
    if name.type == "identifier":
        yield text.text_of(name), declared[0]
    elif name.type == "object_pattern" and all(
        child.type == "shorthand_property_identifier_pattern" for child in name.named_children
    ):
        yield from ((text.text_of(child), child) for child in name.named_children)


def _specifiers(clause: Node) -> Iterator[Node]:
    for child in clause.named_children:
        if child.type == "named_imports":
            yield from (part for part in child.named_children if part.type in _SPECIFIERS)
        else:
            yield child


def _last(text: Parsed, node: Node) -> str:
    return re.split(r"\s+|\.", text.text_of(node).strip())[-1]


def module_of(statement: str) -> str:
    """The module that a statement imports from, as a person reads it."""
    from_to = re.match(r"from\s+(\S+)\s+import\b", statement)
    if from_to is not None:
        return from_to[1]
    if required := re.search(r"require\(\s*(['\"])(.*?)\1", statement):
        return required[2]
    return re.sub(r"^.*from\s+|['\";]", "", statement).removeprefix("import ").strip()


def is_same_module(one: str, other: str) -> bool:
    """Whether two names of modules lead to one from the same file: scripts may leave endings out."""
    if one == other or not one.startswith("."):
        return one == other
    return _bare(one) == _bare(other)


def _bare(module: str) -> str:
    return re.sub(r"\.[cm]?[jt]sx?$", "", posixpath.normpath(module))
