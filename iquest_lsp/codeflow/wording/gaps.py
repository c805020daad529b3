"""Sentences about what an answer lacks, and what brings it."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.codeflow.gaps import LISTS, Gap, GapKind
from iquest_lsp.codeflow.wording.phrases import listed, say

_LISTED = {
    GapKind.INNER: "{} is a repository of its own and is not read",
    GapKind.LARGE: "{} is too large and is not read",
    GapKind.UNREADABLE: "{} cannot be read",
    GapKind.TEXTS: "the definitions in {} are not read, there are too many files",
    GapKind.ABSENT: "this clone lacks the contents of {}: `git fetch --refetch --no-filter` brings them",
}
_GAPS = {
    GapKind.UNTRACKED: "only {} of {} untracked files are read, the rest are not read",
    GapKind.RANGE: "of the {1} commits of the range the newest {0} are read",
    GapKind.DEFINITIONS: "the history of {} of {} changed definitions is looked at",
    GapKind.FILES: "the history of {} of {} changed files is looked at",
    GapKind.NAMES: "uses of {} of {} changed names are searched",
    GapKind.OUTSIDE: "this folder is in no git repository: history and uses are not looked at",
    GapKind.SHALLOW: "this clone is shallow, older commits are missing: `git fetch --unshallow` brings them",
    GapKind.BARE: "this repository is bare: there are no files to search for uses",
    GapKind.TIME: "time ran out before the history of all lines was followed to its end",
    GapKind.NOT_INDEXED: "the history is not indexed yet: only the newest {} commits on the files are looked at",
    GapKind.COMMITS: "only the newest {} commits on the file are looked at",
    GapKind.USES: "the search for uses stopped after {}",
    GapKind.UNPARSED: "{} files with uses are searched by their lines only",
    GapKind.STEPS: "{} of {} steps are shown, the first and the last",
    GapKind.PLACES: "{} of {} places are shown, the surest of each kind",
    GapKind.RISKS: "{} of {} risks are shown",
    GapKind.BINARIES: "the size of {} of {} binary files is looked at",
    GapKind.FRAMES: "{} of {} places in the log are looked at, the nearest to the failure",
    GapKind.LOG: "only the last {} MB of the log are read",
}


def gap_words(gaps: Sequence[Gap]) -> list[str]:
    """What is missing, a sentence each."""
    return [
        say(_LISTED[gap.kind], listed(gap.values)) if gap.kind in LISTS else say(_GAPS[gap.kind], *gap.values)
        for gap in gaps
    ]


def partial(gaps: Sequence[Gap]) -> list[str] | None:
    """The JSON form: None where nothing is missing."""
    return gap_words(gaps) or None


def partial_lines(gaps: Sequence[Gap]) -> list[str]:
    """The line of a markdown document that tells it, and an empty one; none where nothing is missing."""
    return [say("*Partial:* {}.", "; ".join(gap_words(gaps))), ""] if gaps else []
