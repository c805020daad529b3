"""Whether a diff bears out the kind that a word of its message speaks for."""

from __future__ import annotations

import re
from collections import Counter

from iquest_lsp.codeflow.diff.intents.kinds import Guess
from iquest_lsp.codeflow.diff.intents.message_words import LATE, backing, says_plainly
from iquest_lsp.codeflow.diff.intents.shape import Shape
from iquest_lsp.codeflow.syntax.paths import Category

#: What is added is new in itself; what is allowed may have been wrong before.
_ADDS = re.compile(r"(?:add|implement|introduc|new|feature)|[^\x00-\x7f]", re.IGNORECASE)
_CLOSES = re.compile(r"#\d+|\bissue\b", re.IGNORECASE)
#: How much of a diff is of the files that a kind is about.
MOST = 0.5
#: How much of a diff that brings a feature is code.
LEAST = 0.1
#: How much of the lines that come stood elsewhere before.
REARRANGED = 0.3


def bears_out(kind: str, word: str, subject: str, shape: Shape, guess: Guess | None) -> bool:
    """Whether what a diff does fits the kind that a word of its subject speaks for, so far as definitions tell.

    `guess` is what the diff speaks for by itself.
    """
    symbols = shape.symbols
    if symbols is None or (guess is not None and guess[0] == kind):
        return True
    if kind == "deprecate":
        return bool(symbols["deprecates"] or shape.deprecating)
    if kind in ("test", "docs", "ci", "build"):
        # What is documented in the code is told by what it changes.
        own = sum(shape.categories[item] for item in backing(kind))
        return own >= MOST * sum(shape.categories.values()) or (kind == "docs" and not _acts(shape))
    if kind == "style":
        return not _acts(shape)
    if kind == "feature" and shape.categories[Category.SOURCE] < LEAST * sum(shape.categories.values()):
        return False  # what is new is in tests, or in what builds the project
    if says_plainly(word) and subject.lower().find(word.lower()) <= LATE:
        return True
    if kind == "fix":
        return shape.guards > 0 or bool(_CLOSES.search(subject))
    new = shape.new_code or symbols["added"] - symbols["private-added"] - symbols["tests-added"] > 0
    if kind == "feature":
        begins = re.match(rf"\W*(?:[\w./() -]+:\s+)?{re.escape(word)}", subject, re.IGNORECASE) is not None
        more = bool(symbols["does-more"] or symbols["beside"]) and shape.added > shape.removed
        return begins and bool(new or symbols["takes"] or (more and _ADDS.match(word)))
    if kind == "refactor":
        elsewhere = symbols["moved"] or symbols["renamed"] or shape.moved_lines >= REARRANGED
        return bool(elsewhere) or not symbols["does-more"]
    return True


def _acts(shape: Shape) -> bool:
    """Whether definitions, or the values beside them, are more than laid out or documented anew."""
    symbols = shape.symbols or Counter()
    acting = ("added", "removed", "renamed", "moved", "signature", "body", "value")
    return any(symbols[name] for name in acting) and any(
        shape.categories[item] for item in (Category.SOURCE, Category.OTHER)
    )
