"""Diffs of two texts, made without git."""

from __future__ import annotations

from difflib import SequenceMatcher

from iquest_lsp.codeflow.git.commits import FileDiff, Hunk


def hunks_of(before: str, after: str) -> tuple[Hunk, ...]:
    """The hunks between two texts, without lines around them, as the answers have git make them."""
    old, new = (text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") for text in (before, after))
    old, new = ([] if lines == [""] else lines for lines in (old, new))
    return tuple(
        Hunk(start, end - start, first, last - first, tuple(old[start:end]), tuple(new[first:last]))
        for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if kind != "equal"
    )


def diff_of(path: str, before: str | None, after: str | None, old_path: str = "") -> FileDiff:
    """The change of one file; None is a file that is not there."""
    hunks = hunks_of(before or "", after or "")
    status = "A" if before is None else "D" if after is None else "R" if old_path else "M"
    added, removed = sum(hunk.new_count for hunk in hunks), sum(hunk.old_count for hunk in hunks)
    return FileDiff(path, status, old_path, added=added, removed=removed, hunks=hunks)
