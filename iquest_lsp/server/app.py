"""The language server of one connection: registers the features and holds what belongs to this client alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from iquest_lsp import __version__
from iquest_lsp.assistant import Assistant
from iquest_lsp.errors import IQuestError
from iquest_lsp.server import convert
from iquest_lsp.server.features import completion, configuration, documents, explain, folders
from iquest_lsp.server.progress import StatusReporter
from iquest_lsp.server.protocol import Protocol
from iquest_lsp.workspace.positions import Encoding

log = logging.getLogger(__name__)


class Connection(LanguageServer):
    """One client of the assistant."""

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(
            name="iquest-lsp",
            version=__version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
        )
        self.assistant = assistant
        self.reporter = StatusReporter(self)
        self.told: set[str] = set()
        self.roots: list[Path] = []
        for feature in (documents, completion, folders, configuration, explain):
            feature.register(self)

    @property
    def encoding(self) -> Encoding:
        """How this client counts columns."""
        return convert.encoding_of(self.server_capabilities)

    def tell(self, error: IQuestError | str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Shows a message once; the same text is not shown twice to one client."""
        text = str(error)
        if text in self.told:
            return
        self.told.add(text)
        self.window_show_message(types.ShowMessageParams(kind, text))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls' hook for what no handler caught: goes to the log, not to the user."""
        log.error("protocol error: %s", error)

