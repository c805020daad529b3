"""Macros of C and C++ that stand before a definition, or behind its head, as marks that no grammar knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iquest_lsp import grammars

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_NAME = rb"[A-Z][A-Z0-9]*_[A-Z0-9_]*\b(?:\([^()\n]*\))?"
#: A name in capitals with what stands between its brackets, before another name or alone on its line.
_MARK = re.compile(rb"(?<![\w#\"'.>:])" + _NAME + rb"(?=[ \t]+[A-Za-z_~:\[]|[ \t]*\n)(?![ \t]*\n[ \t]*[({=.,])")
#: Such a name behind the parameters of a function, and a default that the grammar of C++ knows only as a value.
_BEHIND = re.compile(
    rb"(?:(?<=\) )|(?<=const )|(?<=override ))" + _NAME + rb"(?=[ \t]*(?:[{;=]|:(?!:)|->|\n[ \t]*\{))|"
    rb"(?<=[\w&] )=[ \t]*\{\}(?=[ \t]*[,)])"
)
_DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n\\]|\\.|\\\r?\n)*", re.MULTILINE)


def tree_of(language: str, source: bytes) -> Tree | None:
    """The tree of a text; of C or C++ with errors, that of the text without such marks where it has less of them.

    What is left out is blank, so that all else stands where it stood.
    """
    tree = grammars.tree(language, source)
    if tree is None or language not in ("c", "cpp") or not tree.root_node.has_error:
        return tree
    bare = without_marks(source)
    other = grammars.tree(language, bare) if bare != source else None
    return other if other is not None and errors(other.root_node) < errors(tree.root_node) else tree


def without_marks(source: bytes) -> bytes:
    """A text with blanks for the macros that mark what stands behind them, lines of the preprocessor as they are."""
    parts: list[bytes] = []
    at = 0
    for directive in _DIRECTIVE.finditer(source):
        parts += [_bare(source[at : directive.start()]), directive[0]]
        at = directive.end()
    return b"".join((*parts, _bare(source[at:])))


def _bare(text: bytes) -> bytes:
    return _BEHIND.sub(_blank, _MARK.sub(_blank, text))


def _blank(found: re.Match[bytes]) -> bytes:
    return b" " * len(found[0])


def errors(root: Node) -> int:
    """How much of a tree no rule of the grammar reads: places, and what is missing."""
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack.extend(child for child in node.children if child.has_error or child.is_missing)
    return count


#: `extern "C" {...}`, and what it is asked by.
_AROUND = frozenset({"linkage_specification", "declaration_list", "preproc_ifdef", "preproc_if"})


def is_guard(node: Node) -> bool:
    """Whether a node defines the name by which a header is read once: it is of no use to anybody else."""
    around = node.parent
    if node.type != "preproc_def" or around is None or around.type != "preproc_ifdef" or around.named_child_count < 3:
        return False
    asked, name = (part.child_by_field_name("name") for part in (around, node))
    outer = around.parent
    while outer is not None and outer.type in _AROUND:
        outer = outer.parent
    whole = outer is not None and outer.parent is None
    alike = asked is not None and name is not None and asked.text == name.text
    return whole and alike and node.child_by_field_name("value") is None
