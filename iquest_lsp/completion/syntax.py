"""What an answer should be, decided by the syntax at the cursor.

The text is parsed with a name put where the cursor is, so that the code there is whole: an empty block then holds one
statement, and where the name stands says whether code is wanted at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.completion.cursor_text import CursorText, indent_of
from iquest_lsp.completion.parsing import AFTER, parser_of, start_of_piece

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = "iqx0"
_BLOCKS = frozenset(
    {
        "block",
        "statement_block",
        "compound_statement",
        "class_body",
        "declaration_list",
        "field_declaration_list",
        "interface_body",
        "enum_body",
        "enum_variant_list",
        "switch_body",
        "switch_block",
        "match_block",
        "constructor_body",
        "object_type",
        "statement_list",
    }
)
_ENDS_OF_LINE = " \t)]}:;,\"'`"


class Extent(StrEnum):
    """How far an answer goes."""

    TEXT = "text"
    LINE = "line"
    STATEMENT = "statement"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Unit:
    """The natural unit at a cursor; a block's lines are indented by more than `outer_indent` characters."""

    extent: Extent
    outer_indent: int = -1


def unit_at(place: CursorText) -> Unit:
    """The unit an answer at a place should fill: prose inside strings and comments, the rest of a line that goes on
    behind the cursor, a whole block where one has just been opened, else the statement."""
    if place.tail.strip(_ENDS_OF_LINE):
        return Unit(Extent.LINE)
    node = _node_at(place)
    if node is None:
        return _by_lines(place)
    extent, block = _surroundings(node)
    if extent is not Extent.BLOCK:
        return Unit(Extent.LINE if extent is Extent.STATEMENT and place.tail.strip() else extent)
    if block is None:
        return _by_lines(place)
    begins = not place.head.strip() or place.head.rstrip()[-1:] in (":", "{")
    if not begins or place.tail.strip():
        return Unit(Extent.LINE if place.tail.strip() else Extent.STATEMENT)
    others = [child for child in block.named_children if "comment" not in child.type]
    if len(others) > 1:
        return Unit(Extent.STATEMENT)
    return Unit(Extent.BLOCK, _outer_indent(place, block))


def _surroundings(node: Node) -> tuple[Extent, Node | None]:
    """What a name stands in; for BLOCK, the block whose statement it begins, None where the code cannot be parsed."""
    inner: Node = node
    while (outer := inner.parent) is not None:
        kind = inner.type
        if "comment" in kind or ("string" in kind and "interpolation" not in kind) or kind == "char_literal":
            return Extent.TEXT, None
        if "interpolation" in kind or kind == "template_substitution":
            return Extent.LINE, None
        if outer.type in _BLOCKS:
            if outer.type == "statement_list" and (outer.parent is None or outer.parent.type == "ERROR"):
                return Extent.BLOCK, None  # what it stands in is not known
            return (Extent.BLOCK, outer) if inner.start_byte == node.start_byte else (Extent.STATEMENT, None)
        if outer.type == "ERROR":
            return Extent.BLOCK, None
        inner = outer
    return Extent.STATEMENT, None


def _outer_indent(place: CursorText, block: Node) -> int:
    """The indentation of the line that opened a block."""
    text = block.text or b""
    opener = block if text[:1] == b"{" else block.parent or block
    # Rows of the parsed piece and of the document differ by a constant: the cursor's row is known in both.
    row = place.cursor.line - (_row_of_name(block) - opener.start_point[0])
    return indent_of(place.lines.line(max(row, 0)))


def _row_of_name(block: Node) -> int:
    text = block.text or b""
    return block.start_point[0] + text[: text.find(_NAME.encode())].count(b"\n")


def _by_lines(place: CursorText) -> Unit:
    """The unit by the look of the lines, for code that cannot be parsed and languages without a grammar."""
    if place.tail.strip():
        return Unit(Extent.LINE)
    opened = place.head if place.head.strip() else place.above()
    following = place.below(1)
    is_filled = bool(following) and indent_of(following[0]) > indent_of(opened)
    if opened.rstrip().endswith(("{", ":")) and not is_filled and not opened.lstrip().startswith(("#", "//", "*")):
        return Unit(Extent.BLOCK, indent_of(opened))
    return Unit(Extent.STATEMENT)


def _node_at(place: CursorText) -> Node | None:
    """The node of the name put at the cursor; None for a language without a grammar."""
    parser = parser_of(grammars.language_of(place.path))
    if parser is None:
        return None
    start = start_of_piece(place)
    if start is None:
        return None
    head = place.text[start : place.offset].encode("utf-8", "replace")
    after = place.text[place.offset :][:AFTER]
    # A line end keeps what follows in its own lines where the cursor's line is the last one.
    tree = parser.parse(head + _NAME.encode() + after.encode("utf-8", "replace") + b"\n")
    return tree.root_node.descendant_for_byte_range(len(head), len(head) + len(_NAME))
