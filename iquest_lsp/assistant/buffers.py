"""What one client has open in its editor: told by its notifications, asked for by its requests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iquest_lsp.assistant.workspaces import Workspaces
from iquest_lsp.datatypes import Position
from iquest_lsp.errors import DocumentError, UsageError
from iquest_lsp.nextedit.while_typing import NextEditing
from iquest_lsp.project.view import ProjectView
from iquest_lsp.project.warming import Warmer
from iquest_lsp.workspace.documents import TextChange
from iquest_lsp.workspace.positions import LineIndex

MOST_NOTED = 120  # characters of a line that other tools complain of


class Buffers:
    """The documents of a client. What is opened, saved or looked at is warmed, since questions come there next."""

    def __init__(self, workspaces: Workspaces, warmer: Warmer, editing: NextEditing, client: str) -> None:
        self._workspaces = workspaces
        self._editing = editing
        self._warmer = warmer
        self._client = client

    def open(self, file: Path, text: str, version: int, language: str) -> None:
        """The editor opened a document."""
        view, path = self._workspaces.locate(file, self._client)
        view.project.documents.open(path, text, version, language, self._client)
        self._editing.now_is(view, path, text)
        view.project.look_at([path])
        self._warmer.ahead(view, path, Position(0, 0), refresh=True)

    def change(self, file: Path, changes: Sequence[TextChange], version: int) -> None:
        """The editor changed a document; changes count in the order in which they come."""
        view, path = self._workspaces.locate(file, self._client)
        before = view.document(path).text
        after = view.project.documents.change(path, changes, version, self._client, in_order=True).text
        if view.settings.next_edits:
            self._editing.of(view).changed(path, before, after)

    def save(self, file: Path, text: str | None) -> None:
        """The editor saved a document."""
        view, path = self._workspaces.locate(file, self._client)
        view.project.documents.save(path, text, self._client)
        view.project.files_changed([file])
        self._editing.files_changed(view.root)
        self._warmer.renew(view.root)

    def focus(self, file: Path, cursor: Position | None = None) -> None:
        """The editor shows a document that it has open, or another place in it."""
        view, path = self._workspaces.locate(file, self._client)
        view.document(path)
        view.project.documents.view(path)
        view.project.look_at([path])
        self._warmer.look(view, path, cursor)

    def close(self, file: Path) -> None:
        """The editor closed a document; a project that it only had open for that is kept for a while."""
        project = self._workspaces.find(file)
        if project is not None:
            view, path = self._workspaces.locate(file, self._client)
            project.documents.close(path, self._client)
            self._editing.now_is(view, path, _saved(view, path))
            self._workspaces.release(project, self._client)

    def gone(self, files: Sequence[Path], *, made: Sequence[Path] = ()) -> None:
        """The editor deleted or renamed files; of a folder, all that lie in it. Its buffers of them are closed, but
        for those of files `made` by the same operation, which are other ones under an old name."""
        for file in files:
            project = self._workspaces.find(file)
            if project is not None:
                gone = project.path_of(file)

                def is_gone(path: str, gone: str = gone) -> bool:
                    return gone in (path, ".") or path.startswith(gone + "/")

                for document in project.documents.open_documents(self._client):
                    is_made = any((project.root / document.path).is_relative_to(new) for new in made)
                    if is_gone(document.path) and not is_made:
                        project.documents.close(document.path, self._client)
                inside = [path for path in project.paths if is_gone(path)]
                project.files_changed([file, *(project.root / path for path in inside)])

    def note(self, file: Path, notes: Sequence[tuple[int, str]]) -> None:
        """What other tools say of lines (from 0) of a document, nearest to the cursor first; the window shows it from
        the next pause on, since anything new before the current file costs that file's evaluation."""
        view, path = self._workspaces.locate(file, self._client)
        lines = view.lines(path)
        there = [(message, lines.line(line).strip()) for line, message in notes if 0 <= line < len(lines)]
        told = [f"{message}: {code[:MOST_NOTED]}" for message, code in there]
        if view.project.note(path, told):
            self._warmer.renew(view.root)

    def lines(self, file: Path) -> LineIndex:
        """The lines of a document; raises DocumentError."""
        view, path = self._workspaces.locate(file, self._client)
        return view.lines(path)

    def cursor(self, file: Path, line: int, column: int | None) -> Position:
        """A place given on the command line, 0-based; raises UsageError when the file has no such place."""
        lines = self.lines(file)
        if line >= len(lines):
            raise UsageError(f"{file.name} has no line {line + 1}", why=f"its last line is {len(lines)}")
        width = len(lines.line(line))
        if column is None:
            return Position(line, width)
        if column > width:
            what = f"Line {line + 1} of {file.name} has no column {column + 1}"
            raise UsageError(what, why=f"it ends at {width + 1}")
        return Position(line, column)


def _saved(view: ProjectView, path: str) -> str:
    """What a document that is no longer open holds; nothing where it cannot be read."""
    try:
        return view.document(path).text
    except DocumentError:
        return ""
