"""The files of a diff with what happens in each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category

_MARK_OF_ORDER = "\ufeff"
_STATUS = {
    "A": "added",
    "M": "modified",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "type-changed",
    "U": "conflicted",
}


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a diff; `status` is added, modified, deleted, renamed, copied, type-changed or conflicted.

    `old_path` is where a renamed or copied one was; a binary one has no lines, nor has a `pointer` to what Git LFS
    keeps. `blank` says that no line with anything on it comes or goes.
    """

    path: str
    status: str
    symbols: tuple[SymbolChange, ...] = ()
    added: int = 0
    removed: int = 0
    old_path: str = ""
    binary: bool = False
    blank: bool = False
    pointer: bool = False

    @classmethod
    def of(cls, item: FileDiff, symbols: Sequence[SymbolChange]) -> ChangedFile:
        """The file with the changes of its definitions."""
        status = _STATUS.get(item.status, "modified")
        old = item.old_path if item.status in ("R", "C") else ""
        lines = [line for hunk in item.hunks for line in (*hunk.removed, *hunk.added)]
        blank = status == "modified" and bool(lines) and not any(line.strip() for line in lines)
        counts = max(item.added, 0), max(item.removed, 0)
        return cls(item.path, status, tuple(symbols), *counts, old, item.binary, blank, item.pointer)

    def with_lines_of(self, other: ChangedFile) -> ChangedFile:
        """The file with another diff's lines too."""
        blank = self.blank and other.blank
        return replace(self, added=self.added + other.added, removed=self.removed + other.removed, blank=blank)


def worth_showing(symbols: Sequence[SymbolChange]) -> list[SymbolChange]:
    """Changes a reader wants to see: no parts of whole definitions, no class that only changed in its methods."""
    # What is said of comments inside it does not tell what else changes in a definition.
    names = [item.name for item in symbols if not documents(item)]
    return [
        item
        for item in symbols
        if not item.inner
        and not (
            item.change in ("body", "test")
            and not item.effects
            and any(name.startswith(f"{item.name}.") for name in names)
        )
    ]


#: What is done to words that nothing else rests on.
_WORDS = frozenset({EffectKind.TEXTS_ONLY, EffectKind.COMMENTS_ONLY})


def documents(change: SymbolChange) -> bool:
    """Whether nothing but documentation and comments of code change."""
    return change.change == "doc" or change.kind in ("documentation", "comment")


def is_of_words(change: SymbolChange) -> bool:
    """Whether nothing but the layout, the comments or the words of texts change."""
    told = {effect.kind for effect in change.effects}
    of_words = change.change == "body" and bool(told) and told <= _WORDS
    return documents(change) or change.change == "format-only" or of_words


def loose_lines(item: FileDiff, told: Sequence[SymbolChange]) -> tuple[dict[int, str], dict[int, str]]:
    """The removed and the added lines, by number, that lie in nothing told of."""
    removed = {at: line for hunk in item.hunks for at, line in enumerate(hunk.removed, hunk.old_start) if line.strip()}
    added = {at: line for hunk in item.hunks for at, line in enumerate(hunk.added, hunk.new_start) if line.strip()}
    if removed.get(0, "").lstrip(_MARK_OF_ORDER) == added.get(0, "").lstrip(_MARK_OF_ORDER):
        # A byte order mark says nothing of the line that it stands before.
        removed.pop(0, None)
        added.pop(0, None)
    for change in told:
        for lines, (start, end) in ((removed, change.old_span), (added, change.span)):
            for at in range(start, end):
                lines.pop(at, None)
    return removed, added


_HEADING = re.compile(
    r"(?:def|class|function|func|fn|struct|interface|trait|impl|enum|mod)\s+(?:\([^)]*\)\s*)?([A-Za-z_]\w*)"
)


def from_headings(item: FileDiff) -> list[SymbolChange]:
    """Definitions for patches whose files are not at hand."""
    if item.status == "U" or category(item.path) not in (Category.SOURCE, Category.TEST):
        return []
    return [SymbolChange(item.path, name, "function", "body") for name in headings(item)]


def headings(item: FileDiff) -> list[str]:
    """Names of the definitions in git's hunk headings."""
    names = [found[1] for hunk in item.hunks if (found := _HEADING.search(hunk.heading))]
    return list(dict.fromkeys(names))
