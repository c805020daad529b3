"""Comments in lines of any language, as far as a line by itself tells."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COMMENT_LINE = re.compile(
    r"^\s*(#(?!!?\[|!\s*/|\s*frozen_string_literal:|include|define|undef|if|endif|el|pragma|error|warning)|//(?!go:|\s*\+build\b)|/\*|\*|--|<!--|$)"
)
_LAST_COMMENT = re.compile(r"\s+(?:#|//)\s?\S.*$")


def is_comment(line: str) -> bool:
    """True for lines that hold a comment, or nothing, in any of the languages."""
    return bool(_COMMENT_LINE.match(line))


def uncommented(line: str) -> str:
    """A line without the comment at its end; a mark inside a text is no comment, as far as quotes tell."""
    found = _LAST_COMMENT.search(line)
    if found is None or any(line[: found.start()].count(quote) % 2 for quote in ('"', "'", "`")):
        return line.strip()
    return line[: found.start()].strip()


def opens_comment(removed: Iterable[str], added: Iterable[str]) -> bool:
    """Whether a hunk begins or ends a comment without its other end, so that what follows is code no more, or again."""
    before, after = (sum(line.count("/*") - line.count("*/") for line in lines) for lines in (removed, added))
    return before != after
