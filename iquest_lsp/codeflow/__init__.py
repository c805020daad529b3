"""Git history as decisions: records, filters, symbols, and the questions they answer without a model.

What other rooms call (everything else is internal):

    head(root) -> str                                 commit of HEAD, empty before the first commit
    branch(root) -> str                               the branch's short name, empty for a detached HEAD
    flow_records(root, paths, limit) -> [FlowRecord]  what history says about files, for the window
    recent_edits(root) -> [RecentEdit]                the working tree against HEAD, as the code reads now
    cochanged(root, paths) -> {path: [(path, confidence)]}   files that change with these, for ranking
    explain_diff(root, target) -> DiffExplanation     what a diff does and what it forgot
    DiffTarget.parse(text, patch) -> DiffTarget       "" | REV | A..B | A...B | --staged, or a patch's bytes
    why(root, "FILE:LINE" | "FILE::SYMBOL") -> Story  how it came to be
    impact(root, "FILE::SYMBOL") -> Impact            what else must change
    suspects(root, "FILE[:LINE]") -> Suspects         which change likely brought a bug
    suspects_in_log(root, text) -> Suspects           the same for the output of a test, compiler or crash
    update_index(root, progress) -> Update            reads what the store does not know; for the background
    forget_index(root)                                removes the store
    without_false_citations(root, text) -> (text, ids)   a model's prose without sentences citing commits that are none
    diff_text(root, target, limit, hide) -> str       a diff's hunks, for a model that is asked about it
    unknown_commits(root, ids) -> [id]                those that name no commit
    render_markdown(explanation) -> str               the other answers have `to_markdown()`; all have `to_json()`

`root` is a folder in a repository; the targets' FILE is relative to it, as are paths in FlowRecord and RecentEdit.
Paths in answers are relative to the repository's top. `folder` is where the store lies (default: the user's cache).
Texts of which the predicate `redact` says True are withheld; with `include_filtered` the commits that a filter
objects to come along, each with the objection. Raised: NotARepositoryError, RepositoryError,
RevisionError, UsageError. All functions block: they run git and belong off the event loop. A store is made by
`update_index`; until then questions are answered from git itself, or from a store made on the spot for a small
history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iquest_lsp.datatypes import FlowRecord, RecentEdit

if TYPE_CHECKING:
    from iquest_lsp.codeflow.diff.sources import DiffTarget
    from iquest_lsp.codeflow.past.indexer import Update
    from iquest_lsp.codeflow.wording.explanation import DiffExplanation
    from iquest_lsp.codeflow.wording.impact import Impact
    from iquest_lsp.codeflow.wording.story import Story
    from iquest_lsp.codeflow.wording.suspects import Suspects

__all__ = [
    "DiffExplanation",
    "DiffTarget",
    "Impact",
    "Story",
    "Suspects",
    "Update",
    "branch",
    "cochanged",
    "diff_text",
    "explain_diff",
    "flow_records",
    "forget_index",
    "head",
    "impact",
    "recent_edits",
    "render_markdown",
    "suspects",
    "suspects_in_log",
    "unknown_commits",
    "update_index",
    "why",
    "without_false_citations",
]

Redact = Callable[[str], bool]
Progress = Callable[[str, int, int], None]


def head(root: Path) -> str:
    """The commit that HEAD points at; empty in a repository without commits."""
    from iquest_lsp.codeflow.answers import work_in_progress

    return work_in_progress.head(root)


def flow_records(
    root: Path,
    paths: Sequence[str],
    limit: int = 20,
    *,
    folder: Path | None = None,
    redact: Redact | None = None,
    include_filtered: bool = False,
) -> list[FlowRecord]:
    """Records of the newest telling commits on `paths` (relative to `root`), newest first."""
    from iquest_lsp.codeflow import questions

    return questions.flow_records(root, paths, limit, folder, redact, include_filtered=include_filtered)


def branch(root: Path) -> str:
    """The short name of the branch that is checked out; empty for a detached HEAD."""
    from iquest_lsp.codeflow.git.repository import Repository

    return Repository.open(root).branch()


def recent_edits(root: Path, *, redact: Redact | None = None) -> list[RecentEdit]:
    """The working tree's changed lines against HEAD, new files included."""
    from iquest_lsp.codeflow.answers import work_in_progress

    return work_in_progress.recent_edits(root, redact=redact)


def cochanged(root: Path, paths: Sequence[str], *, folder: Path | None = None) -> dict[str, list[tuple[str, float]]]:
    """For each path (relative to `root`), files that change with it and how surely, surest first."""
    from iquest_lsp.codeflow import questions

    return questions.cochanged(root, paths, folder)


def explain_diff(
    root: Path,
    target: DiffTarget,
    *,
    folder: Path | None = None,
    redact: Redact | None = None,
    so_far: Callable[[DiffExplanation], None] | None = None,
    include_filtered: bool = False,
) -> DiffExplanation:
    """What a diff does, its related history, what is missing from it, and its risks.

    `so_far` is told what is known already, while the rest is worked out.
    """
    from iquest_lsp.codeflow import questions

    return questions.explain_diff(root, target, folder, redact, so_far, include_filtered=include_filtered)


def why(
    root: Path,
    target: str,
    *,
    folder: Path | None = None,
    redact: Redact | None = None,
    include_filtered: bool = False,
) -> Story:
    """How a line, a definition or a file came to be, and since which release it is there."""
    from iquest_lsp.codeflow import questions

    return questions.why(root, target, folder, redact, include_filtered=include_filtered)


def impact(
    root: Path,
    target: str,
    *,
    folder: Path | None = None,
    redact: Redact | None = None,
    include_filtered: bool = False,
) -> Impact:
    """What else must change if a definition changes."""
    from iquest_lsp.codeflow import questions

    return questions.impact(root, target, folder, redact, include_filtered=include_filtered)


def suspects(
    root: Path,
    target: str,
    *,
    folder: Path | None = None,
    redact: Redact | None = None,
    include_filtered: bool = False,
) -> Suspects:
    """Which recent changes most likely brought a bug in a file, at a line or in a definition."""
    from iquest_lsp.codeflow import questions

    return questions.suspects(root, target, folder, redact, include_filtered=include_filtered)


def suspects_in_log(
    root: Path,
    text: str,
    *,
    folder: Path | None = None,
    redact: Redact | None = None,
    include_filtered: bool = False,
) -> Suspects:
    """Which recent changes most likely brought the failure that a log shows."""
    from iquest_lsp.codeflow import questions

    return questions.suspects_in_log(root, text, folder, redact, include_filtered=include_filtered)


def update_index(root: Path, progress: Progress | None = None, *, folder: Path | None = None) -> Update:
    """Brings the store up to date with HEAD, tags and what was rewritten; `progress(what, done, total)`."""
    from iquest_lsp.codeflow import questions

    return questions.update_index(root, progress, folder)


def forget_index(root: Path, *, folder: Path | None = None) -> None:
    """Removes the store of a repository; it can always be made again."""
    from iquest_lsp.codeflow import questions

    questions.forget_index(root, folder)


def without_false_citations(root: Path, text: str) -> tuple[str, list[str]]:
    """Prose without the sentences that cite commits which do not exist, and the ids that were wrong."""
    from iquest_lsp.codeflow.git import citations

    return citations.without_false_citations(root, text)


def diff_text(root: Path, target: DiffTarget, limit: int, *, hide: Callable[[str], str]) -> str:
    """The hunks of a diff within `limit` characters; `hide` says why a path is not shown ("": it is)."""
    from iquest_lsp.codeflow.diff import hunk_text

    return hunk_text.diff_text(root, target, limit, hide=hide)


def unknown_commits(root: Path, ids: Sequence[str]) -> list[str]:
    """Those of some ids that name no commit of the repository."""
    from iquest_lsp.codeflow.diff import hunk_text

    return hunk_text.unknown_commits(root, ids)


def render_markdown(explanation: DiffExplanation) -> str:
    """An explanation as a markdown document."""
    from iquest_lsp.codeflow.wording import explanation as module

    return module.render_markdown(explanation)


_LAZY = {
    "DiffTarget": "diff.sources",
    "DiffExplanation": "wording.explanation",
    "Impact": "wording.impact",
    "Story": "wording.story",
    "Update": "past.indexer",
    "Suspects": "wording.suspects",
}


def __getattr__(name: str) -> Any:
    # Importing this package stays cheap: git and tree-sitter are loaded when something is asked of them.
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(f"iquest_lsp.codeflow.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
