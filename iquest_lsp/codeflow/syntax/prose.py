"""Which lines of a source do nothing: prose in string literals, and attributes that go over several lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TRIPLE = re.compile(rb'"""|\'\'\'')
_OPENS = re.compile(rb"\s*[rRuUbB]{0,2}(?:\"\"\"|''')")


def prose_rows(language: str, lines: Sequence[bytes]) -> frozenset[int]:
    """The rows (0-based) of statements that are nothing but a string in triple quotes; none outside Python."""
    if language != "python":
        return frozenset()
    rows: set[int] = set()
    quote, is_prose = b"", False
    for row, line in enumerate(lines):
        at = 0
        if quote and is_prose:
            rows.add(row)
        while True:
            if quote:
                end = line.find(quote, at)
                if end < 0:
                    break
                quote, at = b"", end + 3
            found = _TRIPLE.search(line, at)
            if found is None or b"#" in line[at : found.start()]:
                break
            quote, is_prose, at = found[0], at == 0 and bool(_OPENS.match(line)), found.end()
            if is_prose:
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
