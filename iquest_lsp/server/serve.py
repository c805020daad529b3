"""Serving one editor over stdin and stdout, in this process."""

from __future__ import annotations

from collections.abc import Mapping

from iquest_lsp.assistant import Assistant
from iquest_lsp.server.app import Connection
from iquest_lsp.server.protocol import Protocol, converse
from iquest_lsp.server.stream import stdio
from iquest_lsp.settings import Configuration, user_file


async def serve_stdio(overrides: Mapping[str, object]) -> int:
    """Serves until the client leaves; returns the exit code the protocol asks for."""
    assistant = Assistant(Configuration(overrides, user_file()))
    connection = Connection(assistant)
    reader, writer = await stdio()
    try:
        await converse(connection, reader, writer)
    finally:
        connection.reporter.stop()
        await assistant.close()
    protocol = connection.protocol
    assert isinstance(protocol, Protocol)
    return 0 if protocol.shut_down else 1
