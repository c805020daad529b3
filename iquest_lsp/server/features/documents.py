"""Open, change, save, close: the editor's buffers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from iquest_lsp.errors import DocumentError
from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

DID_FOCUS = "textDocument/didFocus"

log = logging.getLogger(__name__)


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        file = convert.file_of(document.uri)
        connection.session.buffers.open(file, document.text, document.version, document.language_id)

    @connection.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        connection.diagnostics.forget(params.text_document.uri)
        file = convert.file_of(params.text_document.uri)
        lines = connection.session.buffers.lines(file)
        changes = convert.changes_in(params.content_changes, lines, connection.encoding)
        connection.session.buffers.change(file, changes, params.text_document.version)

    @connection.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        file = convert.file_of(params.text_document.uri)
        connection.session.buffers.save(file, params.text)

    @connection.feature(DID_FOCUS)
    def did_focus(params: Any) -> None:
        told = convert.plain(params)
        document = told.get("textDocument")
        uri = document.get("uri") if isinstance(document, dict) else None
        if not isinstance(uri, str):
            return  # no document has the focus now
        try:
            file = convert.file_of(uri)
            lines = connection.session.buffers.lines(file)
            cursor = convert.place_in(told.get("position"), lines, connection.encoding)
            connection.session.buffers.focus(file, cursor)
        except DocumentError as error:
            log.debug("%s", error)

    @connection.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        connection.diagnostics.forget(params.text_document.uri)
        try:
            connection.session.buffers.close(convert.file_of(params.text_document.uri))
        except DocumentError as error:
            log.debug("%s", error)
