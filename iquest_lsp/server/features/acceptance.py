"""What became of an answer, told by the editor and counted on this machine."""

from __future__ import annotations

from typing import Any

from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

DID_SHOW = "textDocument/didShowCompletion"
DID_ACCEPT_PART = "textDocument/didPartiallyAcceptCompletion"
DID_DISMISS = "textDocument/didDismissCompletion"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(DID_SHOW)
    def shown(params: Any) -> None:
        number = convert.number_of(convert.plain(params).get("item"))
        if number is not None:
            connection.assistant.statistics.shown(number)
            connection.session.offers.completion_shown(shown=True)

    @connection.feature(DID_ACCEPT_PART)
    def accepted_part(params: Any) -> None:
        told = convert.plain(params)
        number, length = convert.number_of(told.get("item")), told.get("acceptedLength")
        if number is not None and isinstance(length, int) and not isinstance(length, bool):
            connection.assistant.statistics.accepted(number, length)

    @connection.feature(DID_DISMISS)
    def dismissed(params: Any) -> None:
        number = convert.number_of(convert.plain(params).get("item"))
        if number is not None:
            connection.session.dismiss(number)
            connection.session.offers.completion_shown(shown=False)

    @connection.command(convert.ACCEPTED)
    def accepted(number: Any = None) -> None:
        if isinstance(number, int) and not isinstance(number, bool):
            connection.assistant.statistics.accepted(number)
