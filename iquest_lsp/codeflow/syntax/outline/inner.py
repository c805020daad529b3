"""Definitions that stand where a grammar sees none: what macros of Rust are given, names that an export gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iquest_lsp import grammars

if TYPE_CHECKING:
    from tree_sitter import Node, Range

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
