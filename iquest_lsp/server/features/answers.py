"""What each completion cost, told to clients that ask for it with the capability `experimental.iquest.answers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iquest_lsp.assistant import completion_to_json
from iquest_lsp.datatypes import Completion
from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

ANSWERED = "iquest/answered"


def tell(connection: Connection, uri: str, made: Completion) -> None:
    """Tells a client that listens about one answer: its cost, not its text."""
    wanted = convert.plain(connection.client_capabilities.experimental).get("iquest")
    if not isinstance(wanted, dict) or wanted.get("answers") is not True:
        return
    cost = {key: value for key, value in completion_to_json(made).items() if key not in ("text", "range", "model")}
    about = {"uri": uri, "version": made.document_version, "empty": not made.text, "quiet": str(made.quiet)}
    connection.protocol.notify(ANSWERED, about | cost)
