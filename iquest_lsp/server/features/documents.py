"""Open, change, save, close: the editor's buffers, and the cells of its notebooks.

Each cell is a document of its own, and the other cells are open beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types

from iquest_lsp.errors import DocumentError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

DID_FOCUS = "textDocument/didFocus"

log = logging.getLogger(__name__)


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        _open(connection, connection.nameless.open(document.uri, _language(document)), document)

    @connection.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        take_change(connection, params.text_document, params.content_changes)

    @connection.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        file = connection.nameless.find(params.text_document.uri)
        connection.session.buffers.save(file, params.text)

    @connection.feature(DID_FOCUS)
    def did_focus(params: Any) -> None:
        told = convert.plain(params)
        document = told.get("textDocument")
        uri = document.get("uri") if isinstance(document, dict) else None
        if not isinstance(uri, str):
            return  # no document has the focus now
        try:
            file = connection.nameless.find(uri)
            lines = connection.session.buffers.lines(file)
            cursor = convert.place_in(told.get("position"), lines, connection.encoding)
            connection.session.buffers.focus(file, cursor)
        except DocumentError as error:
            log.debug("%s", error)

    @connection.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        close(connection, params.text_document.uri)

    @connection.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def did_open_notebook(params: types.DidOpenNotebookDocumentParams) -> None:
        _open_cells(connection, params.notebook_document.uri, params.cell_text_documents)

    @connection.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def did_change_notebook(params: types.DidChangeNotebookDocumentParams) -> None:
        cells = params.change.cells
        if cells is None:
            return
        if cells.structure is not None:
            for cell in cells.structure.did_close or ():
                close(connection, cell.uri)
            _open_cells(connection, params.notebook_document.uri, cells.structure.did_open or ())
        for changed in cells.text_content or ():
            take_change(connection, changed.document, changed.changes)

    @connection.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def did_close_notebook(params: types.DidCloseNotebookDocumentParams) -> None:
        for cell in params.cell_text_documents:
            close(connection, cell.uri)
        for file in connection.nameless.close_notebook(params.notebook_document.uri):
            connection.session.buffers.close(file)


def take_change(
    connection: Connection,
    document: types.VersionedTextDocumentIdentifier,
    given: Sequence[types.TextDocumentContentChangeEvent],
) -> None:
    """Applies a client's changes; where they cannot be, its buffer is out of step until its whole text comes."""
    uri = document.uri
    connection.diagnostics.forget(uri)
    file = connection.nameless.find(uri)
    has_all = any(not isinstance(change, types.TextDocumentContentChangePartial) for change in given)
    if uri in connection.out_of_step and not has_all:
        return
    try:
        lines = connection.session.buffers.lines(file)
        changes = convert.changes_in(given, lines, connection.encoding)
        connection.session.buffers.change(file, changes, document.version)
    except DocumentError as error:
        connection.fell_out_of_step(uri, str(error))
    else:
        connection.out_of_step.discard(uri)


def close(connection: Connection, uri: str) -> None:
    """Closes a client's document."""
    connection.diagnostics.forget(uri)
    connection.out_of_step.discard(uri)
    try:
        connection.session.buffers.close(connection.nameless.find(uri))
    except DocumentError as error:
        log.debug("%s", error)
    connection.nameless.close(uri)


def _open(connection: Connection, file: Path, document: types.TextDocumentItem) -> None:
    connection.out_of_step.discard(document.uri)
    text, version = document.text, document.version
    try:
        connection.session.buffers.open(file, text, version, _language(document))
    except DocumentError as error:
        connection.fell_out_of_step(document.uri, str(error))


def _open_cells(connection: Connection, notebook: str, cells: Sequence[types.TextDocumentItem]) -> None:
    for cell in cells:
        _open(connection, connection.nameless.open_cell(notebook, cell.uri, _language(cell)), cell)


def _language(document: types.TextDocumentItem) -> str:
    return str(getattr(document.language_id, "value", document.language_id))
