"""What each completion cost, told to clients that know the notification (see `listening`)."""

from __future__ import annotations

from iquest_lsp.assistant import completion_to_json
from iquest_lsp.datatypes import Completion
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.notifications import ANSWERED


def tell(connection: Connection, uri: str, made: Completion) -> None:
    """Tells a client that listens about one answer: its cost, not its text."""
    if ANSWERED not in connection.listens_to:
        return
    cost = {key: value for key, value in completion_to_json(made).items() if key not in ("text", "range", "model")}
    about = {"uri": uri, "version": made.document_version, "empty": not made.text, "quiet": str(made.quiet)}
    connection.notify(ANSWERED, about | cost)
