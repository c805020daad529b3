"""Serving clients: one over stdin and stdout in this process, or any over a pair of streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping

from iquest_lsp.assistant import Assistant
from iquest_lsp.server.app import connect
from iquest_lsp.server.protocol import converse
from iquest_lsp.server.stream import FileWriter, PipeWriter, stdio
from iquest_lsp.settings import Configuration, user_file
from iquest_lsp.telemetry import kept_statistics


async def attend(
    assistant: Assistant,
    reader: asyncio.StreamReader,
    writer: PipeWriter | FileWriter,
    notice: str = "",
    leaving: Callable[[], None] = lambda: None,
    *,
    is_local: bool = True,
) -> int:
    """Serves one client until it leaves, or its process has ended; returns the exit code the protocol asks for.

    `leaving` is called while the client's settings still hold. A client that is not local names a process of another
    machine, which cannot be watched.
    """
    gone = asyncio.Event()
    connection = connect(assistant, notice, gone.set if is_local else None)
    try:
        await _unless(gone, converse(connection.protocol, reader, writer))
    finally:
        leaving()
        connection.close()
    return 0 if connection.protocol.shut_down else 1


async def _unless(gone: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Does the work to its end, or until the event."""
    tasks = working, waiting = asyncio.create_task(work), asyncio.create_task(gone.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)


async def serve_stdio(overrides: Mapping[str, object], notice: str = "") -> int:
    """Serves an editor in this process; returns the exit code. `notice` is shown to the user once."""
    reader, writer = await stdio()
    assistant = Assistant(Configuration(overrides, user_file()), statistics=kept_statistics())
    try:
        return await attend(assistant, reader, writer, notice)
    finally:
        await assistant.close()
        writer.close()
