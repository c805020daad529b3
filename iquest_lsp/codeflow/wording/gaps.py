"""Sentences about what an answer lacks, and what brings it."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.codeflow.gaps import LISTS, AnswerPart, Gap, GapKind
from iquest_lsp.codeflow.wording.phrases import listed, say

_LISTED = {
    GapKind.INNER: "{} is a repository of its own and was not read",
    GapKind.SUBMODULE: "what is not committed inside the submodule {} was not read: ask in its folder",
    GapKind.LARGE: "{} is too large and was not read",
    GapKind.UNREADABLE: "{} could not be read",
    GapKind.CONFLICT: "{} is in conflict: what changes in it was not read",
    GapKind.TEXTS: "there are too many files: the definitions in {} were not read",
    GapKind.ABSENT: "this clone lacks the contents of {}: `git fetch --refetch --no-filter` brings them",
    GapKind.TAGS: "the tag {} names an object that is missing and was not read: check with `git fsck`",
    GapKind.SHORT: "the uses of {} were not searched: a name of one letter is found everywhere",
    GapKind.FAULTY_FILE: "what changes in {} is not told in full: this program failed there (its log says how)",
}
#: The same of several.
_SEVERAL = {
    GapKind.INNER: "{} are repositories of their own and were not read",
    GapKind.SUBMODULE: "what is not committed inside the submodules {} was not read: ask in their folders",
    GapKind.LARGE: "{} are too large and were not read",
    GapKind.TAGS: "the tags {} name objects that are missing and were not read: check with `git fsck`",
    GapKind.CONFLICT: "{} are in conflict: what changes in them was not read",
}
_GAPS = {
    GapKind.OLDER: "this clone lacks the contents of older commits: `git fetch --refetch --no-filter` brings them",
    GapKind.UNTRACKED: "only {} of {} untracked files were read",
    GapKind.RANGE: "only the newest {} of the {} commits of the range were read",
    GapKind.DEFINITIONS: "only the history of {} of {} changed definitions was looked at",
    GapKind.FILES: "only the history of {} of {} changed files was looked at",
    GapKind.NAMES: "only the uses of {} of {} changed names were searched",
    GapKind.OUTSIDE: "this folder is in no git repository: history and uses were not looked at",
    GapKind.SHALLOW: "this clone is shallow, older commits are missing: `git fetch --unshallow` brings them",
    GapKind.CUT_OFF: "this shallow clone ends with {}, and what that changed is not in it:"
    " `git fetch --unshallow` brings it",
    GapKind.BARE: "this repository is bare: there are no files to search for uses",
    GapKind.SPARSE: "files that the sparse checkout leaves out were not searched for uses",
    GapKind.TIME: "time ran out before the history was followed to its end",
    GapKind.NOT_INDEXED: "the history is not indexed yet: only the newest {} commits on the files were looked at",
    GapKind.COMMITS: "only the newest {} commits on the file were looked at",
    GapKind.USES: "the search for uses stopped after {} matches",
    GapKind.UNPARSED: "{} files with uses were searched line by line only, not parsed",
    GapKind.STEPS: "only {} of {} steps are shown, the first 5 and the last",
    GapKind.PLACES: "only {} of {} places are shown, the surest of each kind first",
    GapKind.RISKS: "only {} of {} risks are shown",
    GapKind.BINARIES: "only {} of {} binary files were measured",
    GapKind.FRAMES: "only {} of {} places in the log were looked at, the nearest to the failure",
    GapKind.LOG: "only the last {} MB of the log were read",
}


_PARTS = {
    AnswerPart.USES: "uses elsewhere were not looked for: this program failed there (its log says how)",
    AnswerPart.RISKS: "risks were not looked for: this program failed there (its log says how)",
    AnswerPart.MISSING: "what may be missing was not looked for: this program failed there (its log says how)",
    AnswerPart.HISTORY: "related history was not looked for: this program failed there (its log says how)",
}


def gap_words(gaps: Sequence[Gap]) -> list[str]:
    """What is missing, a sentence each."""
    return [sentence for gap in gaps for sentence in _told(gap)]


def _told(gap: Gap) -> list[str]:
    if gap.kind is GapKind.FAULT:
        return [say(_PARTS[AnswerPart(value)]) for value in gap.values]
    if gap.kind not in LISTS:
        return [say(_GAPS[gap.kind], *gap.values)]
    sentences = (_LISTED | _SEVERAL) if len(gap.values) > 1 else _LISTED
    return [say(sentences[gap.kind], listed(gap.values))]


def partial(gaps: Sequence[Gap]) -> list[str] | None:
    """The JSON form: None where nothing is missing."""
    return gap_words(gaps) or None


def partial_lines(gaps: Sequence[Gap]) -> list[str]:
    """The line of a markdown document that tells it, and an empty one; none where nothing is missing."""
    return [say("*Partial:* {}.", "; ".join(gap_words(gaps))), ""] if gaps else []
