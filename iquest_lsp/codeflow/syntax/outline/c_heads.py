"""Heads of C: the name in a declarator, and functions by their heads where the grammar loses its way.

A macro that stands for several definitions, or that opens a block, makes one error of all that follows. Such code is
still laid out as most C is: a head that begins at the margin, and a body that ends with a brace there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.definitions import NAME_TYPES
from iquest_lsp.codeflow.syntax.outline.region import Region

if TYPE_CHECKING:
    from tree_sitter import Node

#: A head goes over so many lines at most.
MAX_HEAD = 12
#: Longer lines are no heads.
MAX_LINE = 300
_HEAD = re.compile(
    r"(?!typedef\b|return\b|else\b|if\b|for\b|while\b|switch\b|do\b)[A-Za-z_][\w\s*,:<>&~\[\]]*?(\w+)\s*\("
)
_NAME_ALONE = re.compile(r"[A-Za-z_]\w*\s*\(")
_TYPE_ALONE = re.compile(r"(?:[A-Za-z_]\w*[\s*]+)*[A-Za-z_]\w*[\s*]*$")
_COMMENT = re.compile(r"\s*(?://|/\*|\*)")


@dataclass(frozen=True, slots=True)
class Head:
    """A function: its name, its first line with the comment above it, that of its head, of its body, and its end."""

    name: str
    start: int
    head: int
    body: int
    end: int


def heads(lines: Sequence[str], start: int, end: int) -> Iterator[Head]:
    """The functions whose heads begin in lines `start` to `end`, by number from 0; `end` is exclusive."""
    at = start
    while at < end:
        found = _head(lines, at, end)
        if found is None:
            at += 1
            continue
        yield found
        at = found.end


def _head(lines: Sequence[str], at: int, end: int) -> Head | None:
    first = lines[at]
    if len(first) > MAX_LINE or not (first[:1].isalpha() or first.startswith("_")):
        return None
    # The result's type may stand on a line of its own.
    row = at + 1 if _TYPE_ALONE.match(first) and at + 1 < end and _NAME_ALONE.match(lines[at + 1]) else at
    named = _HEAD.match(lines[row]) if row == at else re.match(r"(\w+)\s*\(", lines[row])
    # A name with nothing before it is a macro that is used.
    if named is None or (row == at and _NAME_ALONE.match(first)):
        return None
    for body in range(row, min(row + MAX_HEAD, end)):
        text = lines[body].rstrip()
        if ";" in text or (body > row and text.startswith("#")):
            return None
        if text.endswith("{"):
            close = next((near for near in range(body + 1, end) if lines[near].startswith("}")), -1)
            return Head(named[1], _with_comment(lines, at), at, body, close + 1) if close >= 0 else None
    return None


def _with_comment(lines: Sequence[str], at: int) -> int:
    start = at
    while start > 0 and _COMMENT.match(lines[start - 1]):
        start -= 1
    return start


_RULE = re.compile(r"([A-Za-z_][\w.\-]*)\s*(?::|$)")
_TYPE = re.compile(r"(?:static\s+|typedef\s+)*(struct|union|enum)\s+(\w+)\s*\{")


def grammar_parts(lines: list[str]) -> tuple[Region, ...]:
    """The rules of a grammar for yacc, and the functions and types of C around them."""
    found = [Region(item.name, "function", item.start, item.end) for item in heads(lines, 0, len(lines))]
    marks = [at for at, line in enumerate(lines) if line.startswith("%%")]
    first, last = (marks[0], marks[1] if len(marks) > 1 else len(lines)) if marks else (len(lines), len(lines))
    starts = [
        (at, rule[1])
        for at in range(first + 1, last)
        if (rule := _RULE.match(lines[at])) and (":" in rule[0] or (lines[at + 1 : at + 2] and ":" in lines[at + 1]))
    ]
    for (start, name), end in zip(starts, [*(at for at, _ in starts[1:]), last], strict=False):
        found.append(Region(name, "rule", start, end))
    for at, line in enumerate(lines):
        if made := _TYPE.match(line):
            close = next((near for near in range(at + 1, len(lines)) if lines[near].startswith("}")), at)
            found.append(Region(made[2], "enum" if made[1] == "enum" else "struct", at, close + 1))
        elif line.startswith("%") and not line.startswith(("%%", "%{", "%}")):
            found.append(Region(" ".join(line.split())[:60], "declaration", at, at + 1))
    return tuple(found)


def declared_name(node: Node | None) -> Node | None:
    """The name inside nested declarators such as `*(*f)(int)`."""
    for _ in range(20):
        if node is None or node.type in NAME_TYPES:
            return node
        inner = node.child_by_field_name("declarator") or node.child_by_field_name("name")
        if inner is None and node.type in ("parenthesized_declarator", "reference_declarator"):
            inner = node.named_children[0] if node.named_child_count else None
        node = inner
    return None
