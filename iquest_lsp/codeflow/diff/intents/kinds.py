"""The kinds of commits, and what speaks for one.

Kinds: feature, fix, refactor, perf, docs, test, ci, build, style, deprecate, release, revert, merge, chore, change
(nothing told).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.facts import Fact

#: A kind that is no surer than this is called a guess.
GUESS = 0.5
KINDS = (
    "feature",
    "fix",
    "refactor",
    "perf",
    "docs",
    "test",
    "ci",
    "build",
    "style",
    "deprecate",
    "release",
    "revert",
    "merge",
    "chore",
    "change",
)


class Sign(StrEnum):
    """What a commit's kind is read from."""

    JOINS = "joins"
    UNDOES = "undoes"
    #: The word or emoji that the message begins with.
    PREFIX = "prefix"
    EMOJI = "emoji"
    #: A word of the message.
    WORD = "word"
    #: How many of how many commits are of the kind.
    MOST = "most"
    VERSIONS = "versions"
    VERSIONS_AND_NOTES = "versions-and-notes"
    FILES_RENAMED = "files-renamed"
    #: The category that all changed files are of.
    ONE_CATEGORY = "one-category"
    CI_AND_DOCS = "ci-and-docs"
    LAYOUT = "layout"
    FILES_MOVED = "files-moved"
    FILES_ADDED = "files-added"
    CODE_REMOVED = "code-removed"
    MOSTLY_NEW = "mostly-new"
    DEPRECATES = "deprecates"
    COMMENTS = "comments"
    NAME_REPLACED = "name-replaced"
    DEFINITIONS_MOVED = "definitions-moved"
    LINES_REGROUPED = "lines-regrouped"
    PUBLIC_ADDED = "public-added"
    MORE_ADDED = "more-added"
    DEFINITIONS_REMOVED = "definitions-removed"
    SPEED = "speed"
    LINES_REARRANGED = "lines-rearranged"
    TAKES_MORE = "takes-more"
    INSIDE = "inside"
    REWRITTEN = "rewritten"
    EXISTING = "existing"
    UNKNOWN = "unknown"


class IntentReason(Fact[Sign]):
    """What speaks for a commit's kind."""

    __slots__ = ()


#: A kind, how sure it is, and what speaks for it.
Guess = tuple[str, float, IntentReason]


@dataclass(frozen=True, slots=True)
class Intent:
    """A commit's purpose: its kind, how sure that is (0 to 1), and the reasons it was read from.

    `told` is False when the message says nothing about the purpose. `issues` are numbers and keys it mentions.
    """

    kind: str
    confidence: float
    reasons: tuple[IntentReason, ...]
    told: bool = True
    issues: tuple[str, ...] = ()
    reverts: str = ""
