"""Which path stands for a document that is no file, for one client: an unsaved buffer, or a notebook's cell."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from platformdirs import user_state_path

from iquest_lsp.errors import DocumentError
from iquest_lsp.server import convert
from iquest_lsp.workspace.paths import path_in_uri
from iquest_lsp.workspace.unsaved import cell_name, untitled_name

#: Kinds of URI that are served without a file: unsaved buffers, and the cells that some clients open one by one.
_UNTITLED, _CELLS = "untitled", "vscode-notebook-cell"


class Nameless:
    """The documents of one client that are no files; `home` is the folder that unsaved ones are taken to lie in."""

    def __init__(self, home: Callable[[], Path]) -> None:
        self._home = home
        self._files: dict[str, Path] = {}
        self._cells: dict[str, list[str]] = {}  # by notebook
        self._numbers = itertools.count(1)

    def open(self, uri: str, language: str) -> Path:
        """The path for a document that the client opens; that of a file is its own."""
        parts = _parts(uri)
        if parts.scheme == _UNTITLED and not parts.path.startswith("/"):
            self._files[uri] = self._home() / untitled_name(unquote(parts.path), language)
        elif parts.scheme == _CELLS:
            self._files[uri] = self._cell_of(uri.partition("#")[0], language)
        return self.find(uri)

    def open_cell(self, notebook: str, uri: str, language: str) -> Path:
        """The path for a cell of a notebook, whatever its URI is like."""
        self._cells.setdefault(notebook, []).append(uri)
        self._files[uri] = self._cell_of(notebook, language)
        return self._files[uri]

    def find(self, uri: str) -> Path:
        """The path of a document; raises DocumentError for one of a kind that is not served, or not open."""
        known = self._files.get(uri)
        if known is not None:
            return known
        parts = _parts(uri)
        if parts.scheme == _UNTITLED and parts.path.startswith("/"):  # a file that is still to be made
            return convert.file_of(parts._replace(scheme="file", query="", fragment="").geturl())
        return convert.file_of(uri)

    def close(self, uri: str) -> None:
        """The client closed a document."""
        self._files.pop(uri, None)

    def close_notebook(self, notebook: str) -> list[Path]:
        """The client closed a notebook; returns the paths of its cells."""
        return [file for uri in self._cells.pop(notebook, []) if (file := self._files.pop(uri, None)) is not None]

    def _cell_of(self, notebook: str, language: str) -> Path:
        parts = _parts(notebook)
        path = path_in_uri(notebook, parts.scheme)
        if path is not None:
            folder, name = Path(path).parent, Path(path).name
        else:  # a notebook that was never saved
            folder, name = self._home(), untitled_name(unquote(parts.path), "")
        return folder / cell_name(name, next(self._numbers), language)


def unsaved_home() -> Path:
    """The folder that unsaved documents are taken to lie in where no workspace is open; nothing is written there."""
    folder = user_state_path("iquest-lsp") / "unsaved"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentError(f"Cannot make {folder}", why=error.strerror or str(error)) from error
    return folder


def _parts(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise DocumentError(f"{uri[:200]!r} is not a URI", why=str(error)) from error
