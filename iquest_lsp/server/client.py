"""The client at the other end: what it can do, what it has open, and ways to tell it something."""

from __future__ import annotations

import functools
import itertools
import logging
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cattrs import Converter
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from iquest_lsp import __version__
from iquest_lsp.assistant import Assistant
from iquest_lsp.errors import DocumentError, IQuestError
from iquest_lsp.server import convert
from iquest_lsp.server.nameless import Nameless, unsaved_home
from iquest_lsp.server.protocol import Protocol
from iquest_lsp.workspace.positions import Encoding

log = logging.getLogger(__name__)

MAX_NAME = 100
_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[types.NotebookDocumentFilterWithNotebook(notebook="*")], save=False
)

_numbers = itertools.count(1)


@functools.cache
def _converter() -> Converter:
    """One for all connections: it writes and compiles the code that reads each type of message when it first comes."""
    made: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls leaves it so
    return made


class Client(LanguageServer):
    """One client of the assistant, with a `session` of its own and the workspace folders `roots`.

    `nameless` are its documents that are no files, `out_of_step` those that it shows otherwise than they are known
    here, `listens_to` the notifications beyond the protocol that it knows.
    """

    protocol: Protocol

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(
            name="iquest-lsp",
            version=__version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=_NOTEBOOKS,
            protocol_cls=Protocol,
            converter_factory=_converter,
        )
        self.assistant = assistant
        self.session = assistant.session(f"client {next(_numbers)}")
        self.roots: list[Path] = []
        self.nameless = Nameless(lambda: self.roots[0] if self.roots else unsaved_home())
        self.out_of_step: set[str] = set()
        self.listens_to: frozenset[str] = frozenset()
        self.told: set[str] = set()
        self.protocol.on_unreadable = self._unreadable

    @property
    def encoding(self) -> Encoding:
        """How this client counts columns."""
        return convert.encoding_of(self.server_capabilities)

    def file_or_none(self, uri: str) -> Path | None:
        """The path of a document; None for one that is not served, which editors ask about too."""
        try:
            return self.nameless.find(uri)
        except DocumentError:
            return None

    def fell_out_of_step(self, uri: str, why: str) -> None:
        """What the client shows of a document is not what is known here: until it is, nothing is said there."""
        self.out_of_step.add(uri)
        name = unquote(uri.rpartition("/")[2])[:MAX_NAME]
        what, fix = f"{name} is not completed any more", "Close it and open it again"
        self.tell(DocumentError(what, why=why, fix=fix), types.MessageType.Warning)

    def _unreadable(self, method: str, params: object) -> None:
        """A notification whose parameters are not valid: a change that was not taken is told."""
        if method not in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE):
            return
        document = params.get("textDocument") if isinstance(params, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        if isinstance(uri, str) and self.file_or_none(uri) is not None:
            self.fell_out_of_step(uri, "what the editor told of it cannot be read")

    def notify(self, method: str, params: dict[str, object]) -> None:
        """Sends a notification beyond the protocol, if the client knows it."""
        if method in self.listens_to:
            self.protocol.notify(method, params)

    def refresh(self) -> None:
        """Asks the client to ask again for what is shown beside the code."""
        workspace = self.client_capabilities.workspace
        theirs = workspace.code_lens if workspace is not None else None
        if theirs is not None and theirs.refresh_support:
            self.workspace_code_lens_refresh(None)

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
