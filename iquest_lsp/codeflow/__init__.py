"""Git history as decisions: records, filters, symbols, and the questions they answer without a model.

What other rooms call (everything else is internal):

    head(root) -> str                                    commit of HEAD, empty before the first commit
    flow_records(root, paths, limit) -> [FlowRecord]     what history says about files, for the window
    recent_edits(root) -> [RecentEdit]                   the working tree against HEAD, as the code reads now
    explain_diff(root, target) -> DiffExplanation        what a diff does and what it forgot
    DiffTarget.parse(text, patch) -> DiffTarget          "" | REV | A..B | A...B | --staged, or a patch's bytes
    render_markdown(explanation) -> str                  and explanation.to_json() (DESIGN.md, section 9)

`root` is a folder in a repository. Paths in FlowRecord and RecentEdit are relative to it; paths in explanations are
relative to the repository's top. Functions that return texts of others take `redact`, a predicate that says True of
text to withhold. Raised: NotARepositoryError, RepositoryError, RevisionError, UsageError. All functions block; they
start git processes and belong off the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iquest_lsp.datatypes import FlowRecord, RecentEdit

if TYPE_CHECKING:
    from iquest_lsp.codeflow.explanation import DiffExplanation
    from iquest_lsp.codeflow.sources import DiffTarget

__all__ = ["DiffExplanation", "DiffTarget", "explain_diff", "flow_records", "head", "recent_edits", "render_markdown"]

Redact = Callable[[str], bool]


def head(root: Path) -> str:
    """The commit that HEAD points at; empty in a repository without commits."""
    from iquest_lsp.codeflow import edits

    return edits.head(root)


def flow_records(
    root: Path, paths: Sequence[str], limit: int = 20, *, redact: Redact | None = None
) -> list[FlowRecord]:
    """Records of the newest telling commits on `paths` (relative to `root`), newest first."""
    from iquest_lsp.codeflow import edits

    return edits.live_records(root, paths, limit, redact=redact)


def recent_edits(root: Path, *, redact: Redact | None = None) -> list[RecentEdit]:
    """The working tree's changed lines against HEAD, new files included."""
    from iquest_lsp.codeflow import edits

    return edits.recent_edits(root, redact=redact)


def explain_diff(root: Path, target: DiffTarget, *, redact: Redact | None = None) -> DiffExplanation:
    """What a diff does, its related history, what is missing from it, and its risks."""
    from iquest_lsp.codeflow import explain

    return explain.explain_diff(root, target, redact=redact)


def render_markdown(explanation: DiffExplanation) -> str:
    """An explanation as a markdown document."""
    from iquest_lsp.codeflow import explanation as module

    return module.render_markdown(explanation)


def __getattr__(name: str) -> Any:
    # Importing this package stays cheap: git and tree-sitter are loaded when something is asked of them.
    if name == "DiffTarget":
        from iquest_lsp.codeflow.sources import DiffTarget

        return DiffTarget
    if name == "DiffExplanation":
        from iquest_lsp.codeflow.explanation import DiffExplanation

        return DiffExplanation
    raise AttributeError(name)
