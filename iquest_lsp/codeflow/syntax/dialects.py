"""The language version that a project declares, code that needs a newer one, and code that is broken.

Parsers here are tolerant: they accept a `match` statement in a project for Python 3.8. What a construct needs comes
from the languages' own release notes. That a grammar does not read a text is no proof that it is broken: grammars lag
behind their languages. A bracket without a partner is one, and so is what Python's own parser says of Python.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.syntax.symbols import parses

if TYPE_CHECKING:
    from tree_sitter import Node

Version = tuple[int, ...]
ReadFile = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Declaration:
    """The oldest version of `language` that `source` promises to support."""

    language: str
    version: Version
    source: str

    @property
    def values(self) -> tuple[str, str, str]:
        """File, language and version, as facts hold them."""
        return self.source, self.language, dotted(self.version)


class Construct(StrEnum):
    """What a language gained in some version."""

    MATCH = "match"
    ASSIGNMENT_EXPRESSION = "assignment-expression"
    POSITIONAL_ONLY = "positional-only"
    EXCEPT_GROUP = "except-group"
    TYPE_STATEMENT = "type-statement"
    TYPE_PARAMETERS = "type-parameters"
    RECORD = "record"
    TEXT_BLOCK = "text-block"
    SWITCH_RULE = "switch-rule"
    RECORD_PATTERN = "record-pattern"
    AWAIT = "await"


@dataclass(frozen=True, slots=True)
class Violation:
    """A construct on a 0-based line that needs a newer version."""

    line: int
    construct: Construct
    needs: Version


_MOST_DIGITS = 9
_MANIFESTS: dict[str, tuple[tuple[str, str], ...]] = {
    "python": (
        ("pyproject.toml", r"requires-python\s*=\s*[\"'][^\"']*?(?:>=|~=|\^|==)\s*(\d+(?:\.\d+)*)"),
        ("pyproject.toml", r"^python\s*=\s*[\"'][^\"'\d]*(\d+(?:\.\d+)*)"),
        ("setup.cfg", r"python_requires\s*=\s*[^\d\n]*?(?:>=|~=|==)\s*(\d+(?:\.\d+)*)"),
        ("setup.py", r"python_requires\s*=\s*[\"'][^\"']*?(?:>=|~=|==)\s*(\d+(?:\.\d+)*)"),
    ),
    "go": (("go.mod", r"^go\s+(\d+\.\d+)"),),
    "java": (
        ("pom.xml", r"<(?:maven\.compiler\.(?:release|source)|release|java\.version)>(?:1\.)?(\d+)<"),
        ("build.gradle", r"(?:sourceCompatibility|languageVersion)\D*(?:1\.)?(\d+)"),
    ),
    "rust": (("Cargo.toml", r"^edition\s*=\s*[\"'](\d{4})"),),
}

# What a line must hold for one of the constructs to be in it, so that most files need not be read again.
_HINTS = {
    "python": re.compile(r"^\s*(match|type)\s.|:=|/|except\s*\*|^\s*(async\s+)?(def|class)\s+\w+\["),
    "go": re.compile(r"\["),
    "java": re.compile(r'\brecord\b|"""|->'),
    "rust": re.compile(r"\.await\b"),
}

# node type -> (construct, version it came with)
_NODES: dict[str, dict[str, tuple[Construct, Version]]] = {
    "python": {
        "match_statement": (Construct.MATCH, (3, 10)),
        "named_expression": (Construct.ASSIGNMENT_EXPRESSION, (3, 8)),
        "positional_separator": (Construct.POSITIONAL_ONLY, (3, 8)),
        "except_group_clause": (Construct.EXCEPT_GROUP, (3, 11)),
        "type_alias_statement": (Construct.TYPE_STATEMENT, (3, 12)),
        "type_parameter": (Construct.TYPE_PARAMETERS, (3, 12)),
    },
    "go": {"type_parameter_list": (Construct.TYPE_PARAMETERS, (1, 18))},
    "java": {
        "record_declaration": (Construct.RECORD, (16,)),
        "text_block": (Construct.TEXT_BLOCK, (15,)),
        "switch_rule": (Construct.SWITCH_RULE, (14,)),
        "record_pattern": (Construct.RECORD_PATTERN, (21,)),
    },
    "rust": {"await_expression": (Construct.AWAIT, (2018,))},
}


def declared(language: str, read: ReadFile) -> Declaration | None:
    """What the project's files say about `language`; `read` gives a file of the project's top by name."""
    for name, pattern in _MANIFESTS.get(language, ()):
        text = read(name)
        found = _first(pattern, text) if text else None
        if found is not None:
            return Declaration(language, found, name)
    return None


@lru_cache(maxsize=256)
def _first(pattern: str, text: bytes) -> Version | None:
    found = re.search(pattern, text[:200_000].decode("utf-8", "replace"), re.MULTILINE)
    parts = found[1].split(".") if found else []
    return tuple(int(part) for part in parts) if parts and max(map(len, parts)) <= _MOST_DIGITS else None


def violations(path: str, source: bytes, declaration: Declaration, hunks: Sequence[Hunk]) -> list[Violation]:
    """Constructs on the added lines of the hunks that need more than is declared."""
    hint = _HINTS[declaration.language]
    lines = [(hunk.new_start, hunk.new_count) for hunk in hunks if any(hint.search(line) for line in hunk.added)]
    if not lines:
        return []
    newer = {
        kind: found for kind, found in _NODES.get(declaration.language, {}).items() if found[1] > declaration.version
    }
    tree = grammars.tree(grammars.language_of(path), source) if newer else None
    if tree is None:
        return []
    runs = [(start, start + count) for start, count in lines if count]
    found = []
    for node in _walk(tree.root_node, runs):
        # The Python grammar uses this node for `list[int]` too.
        if node.type == "type_parameter" and node.parent is not None and node.parent.type == "generic_type":
            continue
        if node.type in newer:
            row = node.start_point.row
            if any(start <= row < end for start, end in runs):
                found.append(Violation(row, *newer[node.type]))
    return found


def _walk(root: Node, runs: Sequence[tuple[int, int]]) -> Iterable[Node]:
    """The named nodes that touch the lines."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for child in node.named_children:
            first, last = child.start_point.row, child.end_point.row
            if any(start <= last and first < end for start, end in runs):
                stack.append(child)


def dotted(version: Version) -> str:
    """The version as people write it."""
    return ".".join(map(str, version))


_PAIRS = {"(": ")", "[": "]", "{": "}"}


def breaks(path: str, before: bytes, after: bytes) -> bool:
    """Whether a text was sound and is so no longer, as its brackets show, or Python's own parser."""
    if parses(path, after) or not parses(path, before):
        return False
    if grammars.language_of(path) == "python":
        return _is_python(before) and not _is_python(after)
    return _is_paired(path, before) and not _is_paired(path, after)


def _is_python(source: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _is_paired(path: str, source: bytes) -> bool:
    """Whether every bracket of the code has its partner; a grammar puts in those that it misses."""
    tree = grammars.tree(grammars.language_of(path), source)
    if tree is None:
        return True
    counts = dict.fromkeys((*_PAIRS, *_PAIRS.values()), 0)
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.type in counts and not node.child_count and not node.is_missing:
            counts[node.type] += 1
    return all(counts[one] == counts[other] for one, other in _PAIRS.items())
