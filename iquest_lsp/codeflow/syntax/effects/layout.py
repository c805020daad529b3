"""Whether two texts hold the same code, laid out otherwise."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE

if TYPE_CHECKING:
    from tree_sitter import Node

#: What layout adds and takes away; whether it did so is asked of the tree.
_LAYOUT = re.compile(r"\breturn\b|[\s,;\\|&(){}]+")
#: Alternatives, the first of which may have the sign before it that stands between them.
_ALTERNATIVES = frozenset({"union_type", "intersection_type", "or_pattern"})
#: What holds one statement or a block of some, by the names of the fields that do, and what holds one value or a block.
_CONTROLS = frozenset(
    {
        *("if_statement", "else_clause", "for_statement", "for_in_statement", "enhanced_for_statement"),
        *("for_range_loop", "while_statement", "do_statement"),
    }
)
_CONTROLLED = frozenset({"consequence", "alternative", "body"})
_BLOCKS = frozenset({"statement_block", "compound_statement", "block", "if_statement", "else_clause"})


def same_code(language: str, before: bytes, after: bytes) -> bool:
    """True when two texts differ in layout only: white space, line breaks, quotes, trailing commas, leading bars, and
    braces around the one statement that a condition or a loop holds, or the value that a small function gives."""
    if before == after:
        return False
    if squashed(before.decode("utf-8", "replace")) != squashed(after.decode("utf-8", "replace")):
        return False
    parser = grammars.parser(language)
    if parser is None or max(len(before), len(after)) > MAX_SOURCE:
        return False
    texts = [textwrap.dedent(text.decode("utf-8", "replace")).encode() for text in (before, after)]
    # The last expression of a block is its value in Rust where no semicolon stands behind it.
    idle = (b"",) if language == "rust" else (b"", b";")
    one, other = (list(_tokens(parser.parse(text).root_node, idle)) for text in texts)
    return one == other


def indentation(line: str) -> int:
    """Characters of white space at the beginning of a line."""
    return len(line) - len(line.lstrip())


def squashed(text: str) -> str:
    """A text without what layout adds and takes away; texts that are alike so may still be other code."""
    return _LAYOUT.sub("", text).replace("'", '"')


def _tokens(root: Node, idle: Collection[bytes]) -> Iterable[tuple[int, bytes]]:
    """Leaves with their block depth, which is what indentation means; layout and quotes are normalized.

    A leaf of `idle` means nothing.
    """
    stack: list[tuple[Node | bytes, int]] = [(root, 0)]
    pending: tuple[int, bytes] | None = None
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, bytes) and node.child_count:
            inner = depth + (node.type == "block" and node.children[0].type != "{")
            stack.extend((child, inner) for child in reversed([*_parts(node)]))
            continue
        text = node if isinstance(node, bytes) else _leaf(node)
        if text in idle or (not isinstance(node, bytes) and (node.type == "line_continuation" or _leads(node))):
            continue
        if pending is not None and not (pending[1] == b"," and text in (b")", b"]", b"}", b">")):
            yield pending
        pending = (depth, text)
    if pending is not None:
        yield pending


def _leaf(node: Node) -> bytes:
    """The text of a leaf; white space means something in a text, quotes around it do not."""
    text = node.text or b""
    around = node.parent
    inside = around is not None and "string" in around.type and "docstring" not in around.type
    text = text if inside and node.is_named else b" ".join(text.split())
    return text.replace(b"'", b'"')


def _parts(node: Node) -> Iterator[Node | bytes]:
    """The children of a node; with braces around a statement, or a value, that could have some."""
    for at, child in enumerate(node.children):
        bare = child.is_named and child.type not in _BLOCKS and child.type != "comment"
        if (
            bare
            and node.type in _CONTROLS
            and (node.field_name_for_child(at) in _CONTROLLED or node.type == "else_clause")
        ):
            yield from (b"{", child, b"}")
        elif bare and node.type == "arrow_function" and node.field_name_for_child(at) == "body":
            yield from (b"{", b"return", child, b"}")
        elif bare and node.type == "arrow_function" and node.field_name_for_child(at) == "parameter":
            yield from (b"(", child, b")")
        else:
            yield child


def _leads(node: Node) -> bool:
    """Whether a sign stands before the first of some alternatives, where it means nothing."""
    around = node.parent
    return node.type in ("|", "&") and around is not None and around.type in _ALTERNATIVES and not node.prev_sibling
