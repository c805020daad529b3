"""Serving one editor over stdin and stdout, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from iquest_lsp.assistant import Assistant
from iquest_lsp.runtime.process import ProcessEngine
from iquest_lsp.server.app import Connection
from iquest_lsp.server.protocol import converse
from iquest_lsp.server.stream import stdio
from iquest_lsp.settings import apply, load, user_file


async def serve_stdio(overrides: Mapping[str, object]) -> int:
    """Serves until the client leaves; returns the exit code the protocol asks for."""
    settings, problems = load([Path.cwd()], user_file())
    settings, more = apply(settings, overrides, "command line", trusted=True)
    assistant = Assistant(ProcessEngine(Assistant.engine_options(settings)), settings, problems + more)
    connection = Connection(assistant)
    reader, writer = await stdio()
    try:
        await converse(connection, reader, writer)
    finally:
        connection.reporter.stop()
        await assistant.close()
    return 0 if connection.protocol.shut_down else 1
