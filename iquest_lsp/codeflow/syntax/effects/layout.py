"""Whether two texts hold the same code, laid out otherwise."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE

if TYPE_CHECKING:
    from tree_sitter import Node

#: What layout adds and takes away; whether it did so is asked of the tree.
_LAYOUT = re.compile(r"[\s,;\\|&]+")
#: Alternatives, the first of which may have the sign before it that stands between them.
_ALTERNATIVES = frozenset({"union_type", "intersection_type", "or_pattern"})


def same_code(language: str, before: bytes, after: bytes) -> bool:
    """True when two texts differ in layout only: white space, line breaks, quotes, trailing commas, leading bars."""
    if _squash(before) != _squash(after):
        return False
    if before == after:
        return False
    parser = grammars.parser(language)
    if parser is None or max(len(before), len(after)) > MAX_SOURCE:
        return False
    texts = [textwrap.dedent(text.decode("utf-8", "replace")).encode() for text in (before, after)]
    one, other = (list(_tokens(parser.parse(text).root_node)) for text in texts)
    return one == other


def squashed(text: str) -> str:
    """A text without what layout adds and takes away; texts that are alike so may still be other code."""
    return _LAYOUT.sub("", text).replace("'", '"')


def _squash(text: bytes) -> bytes:
    return text.translate(None, b" \t\r\n\f\v,;\\|&").replace(b"'", b'"')


def _tokens(root: Node) -> Iterable[tuple[int, bytes]]:
    """Leaves with their block depth, which is what indentation means; layout and quotes are normalized."""
    stack: list[tuple[Node, int]] = [(root, 0)]
    pending: tuple[int, bytes] | None = None
    while stack:
        node, depth = stack.pop()
        if node.child_count:
            inner = depth + (node.type == "block")
            stack.extend((child, inner) for child in reversed(node.children))
            continue
        text = b" ".join((node.text or b"").split()).replace(b"'", b'"')
        if not text or text == b";" or node.type == "line_continuation" or _leads(node):
            continue
        if pending is not None and not (pending[1] == b"," and text in (b")", b"]", b"}", b">")):
            yield pending
        pending = (depth, text)
    if pending is not None:
        yield pending


def _leads(node: Node) -> bool:
    """Whether a sign stands before the first of some alternatives, where it means nothing."""
    around = node.parent
    return node.type in ("|", "&") and around is not None and around.type in _ALTERNATIVES and not node.prev_sibling
