"""Tree-sitter grammars by language, loaded when first asked for.

Each grammar comes in a wheel of its own with the compiled parser inside, so nothing is fetched at run time.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING

from iquest_lsp.common_ends import changed_part

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Range, Tree

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}

_SUFFIXES = {
    ".py": "python",
    ".pyi": "python",
    ".pyw": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
    # A header may be either; the C++ grammar reads C headers too, the C grammar fails at the first class.
    ".h": "cpp",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".hh": "cpp",
    ".hpp": "cpp",
    ".hxx": "cpp",
}

#: Texts whose trees are remembered, and the share of a text that may change for its tree to be followed.
REMEMBERED, FOLLOWED = 8, 0.25
_trees: dict[tuple[str, bytes], Tree] = {}
_remembering = Lock()


def language_of(path: str) -> str:
    """The grammar's name for a file, by its suffix; empty when there is none."""
    return _SUFFIXES.get(PurePosixPath(path).suffix.lower(), "")


def text_of(node: Node) -> str:
    """The text that a node of a tree stands for."""
    return (node.text or b"").decode("utf-8", "replace")


def languages() -> tuple[str, ...]:
    """Names of all grammars."""
    return tuple(_GRAMMARS)


def parser(language: str) -> Parser | None:
    """A new parser for `language`, to be used by one thread; None for a language without a grammar here."""
    grammar = _language(language)
    if grammar is None:
        return None
    from tree_sitter import Parser

    return Parser(grammar)


def tree(language: str, source: bytes) -> Tree | None:
    """The tree of a text, not to be edited; None for a language without a grammar here.

    Those asked for last are remembered: one text is asked for its definitions, its statements and its names.
    """
    found = _trees.get((language, source))
    if found is None and (made := parser(language)) is not None:
        found = made.parse(source)
    if found is not None:
        _remember(language, source, found)
    return found


def follow(language: str, source: bytes, before: bytes, known: Tree) -> bool:
    """Makes and remembers the tree of a text from the `known` one of what it was a few keys ago; whether it can.

    All but what changed is taken over, which costs a fraction of reading a large text anew. A tree with errors is not
    taken, since how a grammar goes on behind one depends on what it took over. Nor is one begun from a tree with
    errors: the next key seldom mends them, and the text would be read twice.
    """
    if (language, source) in _trees:
        return True
    if known.root_node.has_error:
        return False
    head, tail = changed_part(before, source)
    old, new = len(before) - tail, len(source) - tail
    made = parser(language)
    if made is None or max(old, new) - head > FOLLOWED * len(source):
        return False
    edited = known.copy()
    edited.edit(head, old, new, _point(source, head), _point(before, old), _point(source, new))
    found = made.parse(source, edited)
    if found.root_node.has_error:
        return False
    _remember(language, source, found)
    return True


def _point(source: bytes, offset: int) -> tuple[int, int]:
    """The row of an offset, and the byte there."""
    return source.count(b"\n", 0, offset), offset - (source.rfind(b"\n", 0, offset) + 1)


def _remember(language: str, source: bytes, found: Tree) -> None:
    with _remembering:
        _trees.pop((language, source), None)
        _trees[language, source] = found
        for key in [*_trees][:-REMEMBERED]:
            del _trees[key]


def part(language: str, source: bytes, place: Range) -> Tree | None:
    """The tree of what stands at one place of a text, with its places in the whole; None without a grammar."""
    made = parser(language)
    if made is None:
        return None
    made.included_ranges = [place]
    return made.parse(source)


@cache
def _language(name: str) -> Language | None:
    if name not in _GRAMMARS:
        return None
    # Loading takes some 30 ms and most commands never parse, so it waits for the first call.
    from tree_sitter import Language

    module, function = _GRAMMARS[name]
    return Language(getattr(importlib.import_module(module), function)())
