"""Which lines of a source do nothing: prose in string literals, and attributes that go over several lines."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE, Symbol

if TYPE_CHECKING:
    from tree_sitter import Node

_TRIPLE = re.compile(rb'"""|\'\'\'')
_OPENS = re.compile(rb"\s*[rRuUbB]{0,2}(?:\"\"\"|''')")
_TEXTS = frozenset(
    {"string", "string_literal", "raw_string_literal", "interpreted_string_literal", "template_string", "text_block"}
)
#: Code inside a text.
_CODE = frozenset({"template_substitution", "interpolation", "string_interpolation"})
_EMPTY = b'""'


#: What a text stands behind that is a value.
_AWAITS = (b"(", b"[", b"{", b",", b"=", b"\\", b"+", b"%")


def prose_rows(language: str, lines: Sequence[bytes], *, values: bool = False) -> frozenset[int]:
    """The rows (0-based) of what is nothing but prose: strings in triple quotes, comments over several lines.

    With `values` also the strings that are given to something, of which no one knows what they are for.
    """
    if language != "python":
        return _comment_rows(lines) if language in _BLOCKS else frozenset()
    rows: set[int] = set()
    quote, is_prose = b"", False
    for row, line in enumerate(lines):
        at = 0
        if quote and is_prose:
            rows.add(row)
        if b'"""' not in line and b"'''" not in line:
            continue
        while True:
            if quote:
                end = line.find(quote, at)
                if end < 0:
                    break
                quote, at = b"", end + 3
            found = _TRIPLE.search(line, at)
            if found is None or b"#" in line[at : found.start()]:
                break
            is_prose = (
                at == 0 and bool(_OPENS.match(line)) and (values or not _code_above(lines, row).endswith(_AWAITS))
            )
            quote, at = found[0], found.end()
            if is_prose:
                rows.add(row)
    return frozenset(rows)


def _code_above(lines: Sequence[bytes], row: int) -> bytes:
    """What stands before a text: the last line above it that is neither blank nor a comment."""
    above = (lines[at].strip() for at in range(row - 1, -1, -1))
    return next((code for code in above if code and not code.startswith(b"#")), b"")


@lru_cache(maxsize=16)
def idle_rows(language: str, source: bytes) -> tuple[frozenset[int], frozenset[int]]:
    """The rows of a text that are prose, and those that are prose or attributes; the last texts are remembered.

    While somebody types the text before stays the same, and in a history the text after is the next one before.
    """
    lines = source.split(b"\n")
    prose = prose_rows(language, lines)
    return prose, prose | attribute_rows(language, lines)


#: Languages whose comments over several lines stand between `/*` and `*/`.
_BLOCKS = frozenset({"javascript", "typescript", "tsx", "java", "c", "cpp", "go", "rust"})


def _comment_rows(lines: Sequence[bytes]) -> frozenset[int]:
    rows: set[int] = set()
    inside = False
    for row, line in enumerate(lines):
        opens = not inside and line.lstrip().startswith(b"/*")
        inside = inside or opens
        if inside:
            _, mark, rest = (line.lstrip()[2:] if opens else line).rpartition(b"*/")
            inside = not mark
            if inside or not rest.strip():
                rows.add(row)
    return frozenset(rows)


def attribute_rows(language: str, lines: Sequence[bytes]) -> frozenset[int]:
    """The rows (0-based) of Rust's attributes that go over several lines; what stands in them is no code."""
    if language != "rust":
        return frozenset()
    rows: set[int] = set()
    depth = 0
    for row, line in enumerate(lines):
        if depth or line.lstrip().startswith((b"#[", b"#![")):
            depth = max(0, depth + sum(map(line.count, (b"(", b"[", b"{"))) - sum(map(line.count, (b")", b"]", b"}"))))
            if depth or (row - 1 in rows):
                rows.add(row)
    return frozenset(rows)


def code_rows(language: str, source: bytes, start: int, end: int) -> dict[int, str]:
    """The rows from `start` to `end` (0-based, without the end) that share a text with another row.

    Each is given without the words of that text: `call("first` as `call(""`, a row that is all text as nothing.
    """
    if len(source) > MAX_SOURCE:
        return {}
    cuts: dict[int, list[tuple[int, int, bytes]]] = {}
    texts = _texts(language, source)
    first_at = bisect_right(texts, start, key=lambda node: node.end_point.row + 1)
    nodes = texts[first_at : bisect_left(texts, end, key=lambda node: node.start_point.row)]
    lines = source.split(b"\n") if nodes else []
    for node in nodes:
        kept = [part for part in _down(node) if part.type in _CODE]
        first, last = node.start_point, node.end_point
        for row in range(first.row, last.row + 1):
            line = lines[row]
            code = b" ".join(
                _on_row(part, row, line) for part in kept if part.start_point.row <= row <= part.end_point.row
            )
            left = first.column if row == first.row else 0
            right = last.column if row == last.row else len(line)
            cuts.setdefault(row, []).append((left, right, (_EMPTY if row in (first.row, last.row) else b"") + code))
    return {row: _without(lines[row], spans).decode("utf-8", "replace") for row, spans in cuts.items()}


def _without(line: bytes, spans: list[tuple[int, int, bytes]]) -> bytes:
    """A line with other words in the place of some of its parts."""
    for left, right, words in sorted(spans, reverse=True):
        line = line[:left] + words + line[right:]
    return line


def _on_row(node: Node, row: int, line: bytes) -> bytes:
    start = node.start_point.column if node.start_point.row == row else 0
    return line[start : node.end_point.column] if node.end_point.row == row else line[start:]


# Each definition of a file is asked about by itself.
@lru_cache(maxsize=4)
def _texts(language: str, source: bytes) -> tuple[Node, ...]:
    """The outermost texts of several rows, in their order."""
    tree = grammars.tree(language, source)
    found = []
    stack = [tree.root_node] if tree is not None else []
    while stack:
        node = stack.pop()
        if node.start_point.row == node.end_point.row:
            continue
        if node.type in _TEXTS:
            found.append(node)
        else:
            stack.extend(reversed(node.children))
    return tuple(found)


def _down(node: Node) -> Iterator[Node]:
    """The nodes below one, those in code that it holds aside."""
    for child in node.children:
        yield child
        if child.type not in _CODE:
            yield from _down(child)


def rows_within(symbol: Symbol, start: int, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Of lines from a row on, those that lie in a definition, with their rows."""
    first, last = max(start, symbol.start), min(start + len(lines), symbol.end)
    return zip(range(first, last), lines[max(0, first - start) : max(0, last - start)], strict=False)


@dataclass(frozen=True, slots=True)
class OwnRows:
    """The rows of a definition without those `inside` it that are others' and the `idle` ones of the file.

    `code` is what of some of them is code.
    """

    symbol: Symbol
    inside: Container[int]
    idle: Container[int] = frozenset()
    code: Mapping[int, str] = field(default_factory=dict)

    def rows(self, start: int, lines: Sequence[str]) -> list[str]:
        """Of lines from a row on, those that are the definition's own."""
        rows = rows_within(self.symbol, start, lines)
        own = [(at, line) for at, line in rows if at not in self.inside and at not in self.idle]
        return [self.code.get(at, line) for at, line in own if self.code.get(at, " ")]

    def own(self, source: Sequence[bytes]) -> list[str]:
        """All lines of the definition that are no others'."""
        lines = [line.decode("utf-8", "replace") for line in source[self.symbol.start : self.symbol.end]]
        return self.rows(self.symbol.start, lines)
