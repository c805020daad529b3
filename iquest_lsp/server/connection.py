"""One connection: a client, and what is told to it in the background as long as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lsprotocol import types

from iquest_lsp.assistant import Assistant
from iquest_lsp.server.availability import Availability
from iquest_lsp.server.client import Client
from iquest_lsp.server.diagnostics import Diagnostics
from iquest_lsp.server.editor_process import EditorProcess
from iquest_lsp.server.progress import IndexReporter, StatusReporter
from iquest_lsp.settings import SettingsProblem


class Connection(Client):
    """`notice` is told to the client once it listens.

    `editor_gone` is called when the process that the client names has ended; without it none is watched.
    """

    def __init__(self, assistant: Assistant, notice: str = "", editor_gone: Callable[[], None] | None = None) -> None:
        super().__init__(assistant)
        self.notices = [notice] if notice else []
        self.is_listening = False  # it said `initialized`
        self.reporter = StatusReporter(self)
        self.indexing = IndexReporter(self, self.reporter, lambda: self.settings_changed(self.session.configure({})))
        self.editor = None
        if editor_gone is not None:
            self.editor = EditorProcess(editor_gone, lambda: self.protocol.heard_at)
        self.availability = Availability(self)
        self.diagnostics = Diagnostics(self)

    def close(self) -> None:
        """The client is gone: its requests end, and what it brought is taken back."""
        if self.editor is not None:
            self.editor.stop()
        self.availability.stop()
        self.reporter.stop()
        self.indexing.stop()
        self.diagnostics.stop()
        self.protocol.withdraw()
        self.session.leave()

    def settings_changed(self, problems: Iterable[SettingsProblem]) -> None:
        """Tells what was not taken of changed settings; what they turn on or off is announced anew."""
        for problem in problems:
            self.tell(str(problem), types.MessageType.Warning)
        self.availability.renew()
        self.refresh()
