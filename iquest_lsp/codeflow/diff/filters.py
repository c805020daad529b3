"""Three filters that say which commits are good witnesses, each with its reason.

Credibility: does the message tell an intent? Consistency: is the code after the change code in the language version
that the project declares? Completeness: did the line of development come to an end that lasted?
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from iquest_lsp.codeflow.diff.intents.kinds import Intent
from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.paths import Category, category

CREDIBILITY, CONSISTENCY, COMPLETENESS = "credibility", "consistency", "completeness"
MAX_SWEEP = 150

_BOT = re.compile(
    r"\[bot\]|\b(dependabot|renovate|greenkeeper|pre-commit-ci|github-actions|weblate|crowdin|snyk|semantic-release|"
    r"travis|codecov|imgbot|allcontributors|mergify|bors|homu|pyup|scala-steward|transifex|gitter-badger)\b|"
    r"\b(?:ro)?bot\b|[-_.](?:ro)?bot\b",  # people are called Talbot
    re.IGNORECASE,
)


class Ground(StrEnum):
    """What a filter objects to."""

    #: The author, which is a program.
    BOT = "bot"
    MERGE = "merge"
    LAYOUT = "layout"
    GENERATED = "generated"
    #: How many files.
    SWEEP = "sweep"
    #: The message tells no purpose.
    SILENT = "silent"
    #: A path and the language that it no longer parses as.
    BROKEN = "broken"
    #: Path, 1-based line, construct, language, the version needed; then file, language and version of the promise.
    TOO_NEW = "too-new"
    #: A later commit reverts it.
    UNDONE = "undone"


_FILTERS = {
    Ground.BROKEN: CONSISTENCY,
    Ground.TOO_NEW: CONSISTENCY,
    Ground.UNDONE: COMPLETENESS,
}
#: What such a commit does changes nothing in how the code behaves.
HARMLESS = frozenset({Ground.LAYOUT, Ground.GENERATED})


class Objection(Fact[Ground]):
    """Why a commit is left out."""

    __slots__ = ()

    @property
    def filter(self) -> str:
        """The filter that objects."""
        return _FILTERS.get(self.kind, CREDIBILITY)


def is_bot(author: str, email: str) -> bool:
    """True for authors that are programs."""
    return bool(_BOT.search(author) or _BOT.search(email))


def credibility(author: str, email: str, intent: Intent, files: Sequence[FileDiff]) -> Objection | None:
    """The objection to a commit's message and author, if any."""
    if is_bot(author, email):
        return Objection(Ground.BOT, (author,))
    if intent.kind == "merge":
        return Objection(Ground.MERGE)
    if intent.kind == "style":
        return Objection(Ground.LAYOUT)
    kinds = {category(item.path) for item in files}
    if kinds and kinds <= {Category.LOCK, Category.GENERATED}:
        return Objection(Ground.GENERATED)
    if len(files) > MAX_SWEEP:
        return Objection(Ground.SWEEP, (str(len(files)),))
    if not intent.told:
        return Objection(Ground.SILENT)
    return None


_TRAILER = re.compile(
    r"^(co-authored-by|signed-off-by|reviewed-by|acked-by|change-id|cc|tested-by|reported-by|git-svn-id|"
    r"differential revision|pr-url|reviewed-on|fixes|closes|refs|[a-z]+(?:-[a-z]+)+)\s*:",
    re.IGNORECASE,
)


MAX_SQUASHED = 40
#: How hosts write the title of each commit that they squash, and the line before the trailers.
_SQUASHED = re.compile(r"\s*(?:\* [^\n]*(?:\n(?!\s*[*-] )[^\n]*)?|-{9,})\s*$")


#: Code between fences; one without its end goes to the end. And a sentence that only says where the reason stands.
_FENCED = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n.*?(?:^[ \t]*\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_REFERRING = re.compile(
    r"(?:(?:(?:also|and|partly|partially)\s+)?(?:see(?:\s+also)?|cf\.?|re|refs?|references?|relate[sd]? to|part of|for|"
    r"fix(?:e[sd])?|clos(?:e[sd]?)|resolv(?:e[sd]?)|addresses|implements|from|via|issue|pr)\b:?\s*"
    r"(?:(?:issues?|pull requests?|prs?|tickets?|discussion|comment)\s+)?"
    r"(?:(?:[\w.-]+/[\w.-]+)?#\d+|gh-\d+|[A-Z][A-Z0-9]+-\d+|https?://\S+)(?:\s*(?:,|and|&)\s*(?:#\d+|https?://\S+))*[.)]?\s*)+",
    re.IGNORECASE,
)


def rationale(body: str, limit: int = 400) -> str:
    """The first paragraphs of a message's body that are prose, without trailers, on one line each.

    Where a body lists the commits that were squashed into one, their titles are none: they tell steps, not reasons.
    """
    kept: list[str] = []
    paragraphs = re.split(r"\n\s*\n", _FENCED.sub("", body))
    squashed = sum(map(bool, map(_SQUASHED.match, paragraphs))) > 1
    # What one of very many was for, the whole was not for.
    for paragraph in paragraphs if len(paragraphs) <= MAX_SQUASHED or not squashed else []:
        if squashed and _SQUASHED.match(paragraph):
            continue
        lines = [line.strip() for line in paragraph.splitlines()]
        lines = [line for line in lines if line and not _TRAILER.match(line) and not line.startswith("diff --git")]
        text = " ".join(lines)
        if _REFERRING.fullmatch(text):
            continue
        if text and not text.startswith("This reverts commit"):
            kept.append(text)
        if sum(map(len, kept)) >= limit:
            break
    joined = " ".join(kept)
    return cut_off(joined, limit)


def cut_off(text: str, limit: int) -> str:
    """A text of at most so many signs, cut at a space where there is one near the end: Chinese has none."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    space = kept.rfind(" ")
    return (kept[:space] if 2 * space > limit else kept) + "…"
