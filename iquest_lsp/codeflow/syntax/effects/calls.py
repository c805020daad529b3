"""What is called in some lines: by their words, and where a grammar reads them by the tree."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.definitions import CALLS
from iquest_lsp.codeflow.syntax.effects.common_words import NOT_CALLS

if TYPE_CHECKING:
    from tree_sitter import Node

RowRanges = Sequence[tuple[int, int]]

_CALL = re.compile(r"(?<![\w.%#@$])((?:[A-Za-z_$]\w*(?:\.|::))*[A-Za-z_$]\w*\??)\s*\(|\.([A-Za-z_]\w*\??)\s*\(")
_STRING = re.compile(r"(?<!\w)[rbufRBUF]{0,2}(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')")
_DEFINES = re.compile(r"\s*(async\s+)?(def|class|func|fn|function|public|private|protected|internal|static)\b")
#: What leads from a head to what it stands for.
_BEGINS = re.compile(r"=>|(?<![=!<>])=(?!=)|\{")
#: What Swift says of the type of a function before its parameters.
_TYPE_MARK = re.compile(r"@\w+\s+(?=\()|@convention\(\w*\)")
#: What a pattern binds looks like what a call is given, up to what the pattern is for.
_PATTERN = re.compile(r"^\s*(?:\}\s*)?(?:if\s+|guard\s+|else\s+|while\s+|for\s+)*case\b(?:[^:=(]|\([^()]*\))*[:=]?")
#: A word, or the end of a type's arguments, before a name.
_BEFORE = re.compile(r"(?:([\w$]+)|<[^<>=]*>[\]?*&]*)\s+[*&]*$")
#: Words behind which a name is one of an expression; behind any other word it is declared.
_EXPRESSION = frozenset(
    {
        *("return", "await", "yield", "in", "not", "and", "or", "is", "if", "elif", "elsif", "elseif", "while"),
        *(
            "until",
            "unless",
            "when",
            "else",
            "then",
            "do",
            "throw",
            "raise",
            "puts",
            "print",
            "echo",
            "assert",
            "from",
            "of",
        ),
        *("delete", "go", "defer", "try", "as", "default", "case", "where", "expect", "ensure", "rescue", "begin"),
        *("co_await", "co_return", "co_yield", "void", "typeof", "new", "select", "include", "require", "exec", "end"),
        *("move", "match", "with", "for", "foreach", "except", "import", "export", "instanceof", "ref", "out"),
    }
)


def is_declared(before: str) -> bool:
    """Whether a name with a bracket behind it is being declared, by what stands before it on its line."""
    found = _BEFORE.search(before)
    return found is not None and found[1] not in _EXPRESSION and not (found[1] or "").isdigit()


def _behind_head(line: str) -> str:
    """What a function's line does behind its parameters: the value that it stands for, or the block that it holds."""
    depth, start = 0, line.find("(")
    begun = _BEGINS.search(line)
    if start < 0 or (begun and begun.start() < start):
        return ""
    for at in range(start, len(line)):
        depth += (line[at] == "(") - (line[at] == ")")
        if not depth:
            begun = _BEGINS.search(line, at)
            return line[begun.end() :] if begun else ""
    return ""


def called_in(lines: Iterable[str]) -> set[str]:
    """The last names of what some lines call, by their words."""
    names = set()
    for line in lines:
        bare = _STRING.sub('""', line)
        if _DEFINES.match(line):
            bare = _behind_head(bare)
        bare = _TYPE_MARK.sub(" ", bare)
        if not bare.lstrip().startswith("@"):  # before a call in PHP it keeps errors quiet
            bare = bare.replace("@", " ")
        bare = _PATTERN.sub("", bare)
        for match in _CALL.finditer(bare):
            name = (match[1] or match[2]).rsplit(".", 1)[-1]
            if name not in NOT_CALLS and not (match[1] and is_declared(bare[: match.start()])):
                names.add(name)
    return names


def calls_of(language: str, source: bytes, rows: RowRanges) -> frozenset[str] | None:
    """The names of what is called on some rows, by the tree; None for a language without a grammar here."""
    called = _calls(language, source)
    if called is None:
        return None
    some = [
        call
        for start, end in rows
        for call in (*called.wide, *called.by_row[bisect_left(called.rows, start) : bisect_left(called.rows, end)])
        if call[0] < end and start <= call[1]
    ]
    return frozenset(name for _, _, name in some)


#: A call with its first and its last row.
_Called = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class _Calls:
    """All calls of a file: those within one row by their `rows`, and those over several."""

    rows: list[int]
    by_row: list[_Called]
    wide: list[_Called]


# Each definition of a file is asked about by itself.
@lru_cache(maxsize=4)
def _calls(language: str, source: bytes) -> _Calls | None:
    tree = grammars.tree(language, source)
    if tree is None:
        return None
    found: list[_Called] = []
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        found += ((node.start_point.row, node.end_point.row, name) for name in _named(node))
        stack.extend(node.children)
    by_row = sorted(call for call in found if call[0] == call[1])
    return _Calls([call[0] for call in by_row], by_row, [call for call in found if call[0] < call[1]])


#: Where the grammars keep what is called.
_FIELDS = ("function", "constructor", "macro", "name", "type")
_LAST = re.compile(r"(#?[\w$]+[!?]?)\s*(?:(?:::)?<.*>)?\s*$", re.DOTALL)


def _named(node: Node) -> Iterable[str]:
    """The names that are called at a node itself."""
    if node.type in CALLS:
        called = next((part for name in _FIELDS if (part := node.child_by_field_name(name)) is not None), None)
        if called is not None and (last := _LAST.search(grammars.text_of(called))):
            yield last[1]
    elif node.type == "token_tree":  # the arguments of a macro of Rust
        for one, other in zip(node.children, node.children[1:], strict=False):
            if one.type == "identifier" and other.type == "token_tree" and grammars.text_of(other).startswith("("):
                yield grammars.text_of(one)
    elif node.type == "preproc_arg":
        yield from re.findall(r"(\w+)\s*\(", grammars.text_of(node))
