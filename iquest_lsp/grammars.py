"""Tree-sitter grammars by language, loaded when first asked for.

Each grammar comes in a wheel of its own with the compiled parser inside, so nothing is fetched at run time.
"""

from __future__ import annotations

import importlib
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

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


@lru_cache(maxsize=8)
def tree(language: str, source: bytes) -> Tree | None:
    """The tree of a text, not to be edited; None for a language without a grammar here.

    The last ones are remembered: one text is asked for its definitions, its statements and its names.
    """
    made = parser(language)
    return made.parse(source) if made is not None else None


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
