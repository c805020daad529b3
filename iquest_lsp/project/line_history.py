"""History beside the code: which change a line belongs to, its story, what differs from HEAD."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iquest_lsp.codeflow import History
from iquest_lsp.errors import DocumentError, UsageError
from iquest_lsp.project.view import ProjectView
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.unsaved import why_no_history

if TYPE_CHECKING:
    from iquest_lsp.codeflow import Impact, LineOrigin, NewLines, Story, Suspects

MAX_LOOK_UP = 2000


@dataclass(frozen=True, slots=True)
class ChangedDefinition:
    """A definition that differs from the last commit: its first `line`, a changed one (`edit`), from 0, how many."""

    name: str
    line: int
    edit: int
    lines: int


def why_at(view: ProjectView, file: Path, line: int, last: int | None = None) -> Story:
    """The story of a line, or of those up to `last`, as the client sees them. Raises RepositoryError, UsageError.

    Blocks.
    """
    path = view.project.path_of(file)
    place = f"{file.name}:{line + 1}" + (f"-{last + 1}" if last is not None else "")
    if note := why_no_history(path):
        return History.no_story(place, note)
    return History(file.parent, has_secret).why(place, buffer=view.unsaved_text(path))


def impact_at(view: ProjectView, file: Path, place: str) -> Impact:
    """What else must change with a place in a file as the client sees it: `:LINE`, `:FIRST-LAST`, `::SYMBOL` or "".

    Raises RepositoryError, UsageError. Blocks.
    """
    path = _in_history(view, file, f"Nothing is known to change with {file.name}")
    return History(file.parent, has_secret).impact(f"{file.name}{place}", buffer=view.unsaved_text(path))


def origin_at(view: ProjectView, file: Path, line: int) -> LineOrigin:
    """The commit that `git blame` names for a line as the client sees it.

    Raises RepositoryError, UsageError. Blocks.
    """
    path = _in_history(view, file, f"Nothing is known of the history of {file.name}")
    return History(file.parent, has_secret).origin(f"{file.name}:{line + 1}", buffer=view.unsaved_text(path))


def new_lines(view: ProjectView, file: Path) -> NewLines:
    """The lines that came after the last release. Raises RepositoryError, UsageError. Blocks."""
    path = _in_history(view, file, f"Nothing is known of the history of {file.name}")
    return History(file.parent, has_secret).new_lines(file.name, buffer=view.unsaved_text(path))


def suspects_at(view: ProjectView, file: Path, place: str) -> Suspects:
    """Which recent changes likely brought a bug at a place in a file as the client sees it; places as for impact_at.

    Raises RepositoryError, UsageError. Blocks.
    """
    path = _in_history(view, file, f"Nothing is known of what changed {file.name}")
    return History(file.parent, has_secret).suspects(f"{file.name}{place}", buffer=view.unsaved_text(path))


def _in_history(view: ProjectView, file: Path, unknown: str) -> str:
    """The file's path in its workspace; raises UsageError, `unknown`, for a document that no repository can have."""
    path = view.project.path_of(file)
    if note := why_no_history(path):
        raise UsageError(unknown, why=note)
    return path


def change_at(view: ProjectView, file: Path, line: int) -> tuple[Path, str]:
    """The folder and target of the change a line is part of: the working tree, or the commit that changed it last.

    The line is one of the text that the client sees. Raises RepositoryError; UsageError for a line without history.
    Blocks.
    """
    path = view.project.path_of(file)
    if note := why_no_history(path):
        raise UsageError(f"No commit has changed line {line + 1} of {file.name}", why=note)
    buffer = view.unsaved_text(path)
    if buffer is None:
        edits = History(view.root, has_secret).recent_edits()
        if any(edit.path == path and edit.start <= line < max(edit.end, edit.start + 1) for edit in edits):
            return file.parent, ""
    commit = History(file.parent, has_secret).last_change(f"{file.name}:{line + 1}", buffer=buffer)
    if not commit:
        raise UsageError(f"No commit has changed line {line + 1} of {file.name} yet")
    return file.parent, commit


def changed_definitions(view: ProjectView, path: str) -> list[ChangedDefinition]:
    """One entry a definition, in the order of the document; changed lines outside of any are left out."""
    try:
        lines = view.document(path).text.split("\n")
    except DocumentError:
        return []
    found: dict[tuple[str, int], ChangedDefinition] = {}
    for edit in view.project.edits:
        if edit.path != path or not edit.symbols or edit.start >= len(lines):
            continue
        name = edit.symbols[0]
        line = _head(lines, edit.start, max(edit.end, edit.start + 1), name)
        before = found.get((name, line))
        count = max(edit.end - edit.start, edit.removed)
        found[name, line] = ChangedDefinition(
            name, line, before.edit if before else edit.start, count + (before.lines if before else 0)
        )
    return sorted(found.values(), key=lambda item: item.line)


def _head(lines: Sequence[str], start: int, end: int, name: str) -> int:
    """The line on which a definition begins that the lines from `start` lie in, or that lies in them."""
    word = re.compile(rf"\b{re.escape(re.split(r'[.:]+', name)[-1])}\b\s*[(\[<:{{=\s]")
    begin = re.compile(r"\s*(?:\w++\s++)*(?:class|def|fn|func|function|struct|enum|interface|trait|type|impl)\b")
    inside: list[int] = [*range(start, max(start - MAX_LOOK_UP, -1), -1), *range(start + 1, min(end, len(lines)))]
    for line in inside:
        if word.search(lines[line] + " ") and begin.match(lines[line]):
            return line
    return start
