"""Which lines of a source are prose in string literals: documentation of whatever stands before them."""

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
