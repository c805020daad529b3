"""A workspace as one client sees it: its own buffers over the shared files, and its own settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.datatypes import Document, Position, Snapshot
from iquest_lsp.errors import DocumentError
from iquest_lsp.project.project import Project
from iquest_lsp.settings import Settings
from iquest_lsp.workspace.positions import LineIndex


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project and the client that asks about it; `current_settings` gives the client's settings there."""

    project: Project
    client: str = ""
    current_settings: Callable[[], Settings] = Settings

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def settings(self) -> Settings:
        return self.current_settings()

    def document(self, path: str) -> Document:
        """A file as the client sees it; raises DocumentError."""
        return self.project.documents.get(path, self.client)

    def lines(self, path: str) -> LineIndex:
        """The lines of a file as the client sees it; raises DocumentError."""
        return self.project.documents.lines(path, self.client)

    def snapshot(self, path: str, cursor: Position) -> Snapshot:
        """The state of the workspace at a place; raises DocumentError."""
        return self.project.documents.snapshot(path, cursor, owner=self.client)

    def unsaved_text(self, path: str) -> str | None:
        """The text that the client sees of a file, where it is another one than the file's own."""
        documents = self.project.documents
        if not documents.is_open(path):
            return None
        text = documents.get(path, self.client).text
        try:
            return None if text == documents.saved(path).text else text
        except DocumentError:
            return text

    def wants_completions(self, path: str) -> bool:
        """Whether the client has not turned completions off, everywhere or in the file's language."""
        settings = self.settings
        language = self.project.documents.language(path, self.client)
        return settings.enable and language not in settings.disabled_languages
