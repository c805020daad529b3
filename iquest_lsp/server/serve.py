"""Serving clients: one over stdin and stdout in this process, or any over a pair of streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from iquest_lsp.assistant import Assistant
from iquest_lsp.server.app import Connection
from iquest_lsp.server.protocol import Protocol, converse
from iquest_lsp.server.stream import FileWriter, PipeWriter, stdio
from iquest_lsp.settings import Configuration, user_file
from iquest_lsp.telemetry import kept_statistics


async def attend(
    assistant: Assistant,
    reader: asyncio.StreamReader,
    writer: PipeWriter | FileWriter,
    notice: str = "",
    leaving: Callable[[], None] = lambda: None,
) -> int:
    """Serves one client until it leaves; returns the exit code the protocol asks for.

    `leaving` is called while the client's settings still hold.
    """
    connection = Connection(assistant, notice)
    try:
        await converse(connection, reader, writer)
    finally:
        leaving()
        connection.close()
    protocol = connection.protocol
    assert isinstance(protocol, Protocol)
    return 0 if protocol.shut_down else 1


async def serve_stdio(overrides: Mapping[str, object], notice: str = "") -> int:
    """Serves an editor in this process; returns the exit code. `notice` is shown to the user once."""
    reader, writer = await stdio()
    assistant = Assistant(Configuration(overrides, user_file()), statistics=kept_statistics())
    try:
        return await attend(assistant, reader, writer, notice)
    finally:
        await assistant.close()
        writer.close()
