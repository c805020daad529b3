"""The parsers of a thread, and how much of a document is parsed at every key."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.completion.cursor_text import CursorText

if TYPE_CHECKING:
    from tree_sitter import Parser

#: Characters parsed before and after the cursor: enough for what surrounds it, little enough for every keystroke.
BEFORE, AFTER = 16_000, 4_000
#: Where no definition begins within BEFORE, all of the text is parsed, up to so much.
MOST_BEFORE = 64_000
_AT_MARGIN = re.compile(r"^[^\s)\]}]", re.MULTILINE)

_of_thread = threading.local()


def parser_of(language: str) -> Parser | None:
    """This thread's parser of a language; None for a language without a grammar."""
    known: dict[str, Parser | None] = _of_thread.__dict__.setdefault("parsers", {})
    if language not in known:
        known[language] = grammars.parser(language)
    return known[language]


def start_of_piece(place: CursorText, before: int = BEFORE) -> int | None:
    """Where to begin to parse, `before` characters ahead of the cursor or later: at a line that begins at the margin,
    so that no block is cut; None where that is too far away."""
    if place.offset <= before:
        return 0
    line = place.offset - len(place.head)
    found = _AT_MARGIN.search(place.text, place.text.find("\n", place.offset - before) + 1, line)
    if found is not None:
        return found.start()
    return 0 if place.offset <= MOST_BEFORE else None
