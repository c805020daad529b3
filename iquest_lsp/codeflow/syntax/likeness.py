"""How alike two definitions are, by their lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol

#: How alike two definitions are of which one was the other.
RENAMED = 0.6
#: Kinds that may be called.
CALLABLES = frozenset({"function", "method", "test"})


def may_become(old: str, new: str) -> bool:
    """Whether what is of one kind may be what was of another: a test may become what tests call, and the reverse."""
    return old == new or ("test" in (old, new) and old in CALLABLES and new in CALLABLES)


def similarity(one: Sequence[str], other: Sequence[str], one_name: str, other_name: str) -> float:
    """Share of lines two definitions have in common (Dice), once one name is put for the other."""
    if not one or not other:
        return 0.0
    if one_name and one_name != other_name:
        pattern = re.compile(rf"\b{re.escape(one_name)}\b")
        one = [pattern.sub(other_name, line) for line in one]
        code, theirs = ([line for line in lines if not is_comment(line)] for lines in (one, other))
        # What is said of a definition may change with its name.
        if code and theirs and len(code) + len(theirs) < len(one) + len(other):
            return max(similarity(code, theirs, "", ""), similarity(one, other, "", ""))
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / (len(one) + len(other))


def code_lines(source: Sequence[bytes], symbol: Symbol) -> tuple[str, ...]:
    """The lines of a definition as they are compared: without indentation, those of one sign left out."""
    lines = (line.decode("utf-8", "replace").strip() for line in source[symbol.start : symbol.end][:400])
    return tuple(line for line in lines if len(line) > 1)
