"""The byte streams that messages go over: standard input and output, and writers that hold nobody up."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys
from typing import Any

READ_LIMIT = 1024 * 1024
MAX_UNSENT = 64 * 1024 * 1024

log = logging.getLogger(__name__)


class PipeWriter:
    """A writer for the protocol over an asyncio transport: never blocks the event loop.

    A client that reads nothing while answers pile up is cut off.
    """

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Queues bytes for sending; silently drops them once the other side is gone."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            log.warning("a client does not read what it is sent; it is cut off")
            self._transport.abort()
            return
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()


class FileWriter:
    """A writer over a descriptor that never blocks: an ordinary file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Writes all of it; raises OSError on a full disk."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def close(self) -> None:
        """The descriptor belongs to the process."""


async def stdio() -> tuple[asyncio.StreamReader, PipeWriter | FileWriter]:
    """This process's stdin and stdout as asynchronous streams, whatever they are: pipes, a terminal, files."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=READ_LIMIT)
    if _can_be_waited_for(0):
        source: Any = sys.stdin.buffer
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    else:
        reader.feed_data(_whole(0))
        reader.feed_eof()
    if not _can_be_waited_for(1):
        return reader, FileWriter(1)
    sink: Any = sys.stdout.buffer
    transport, _ = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sink)
    return reader, PipeWriter(transport)


def _can_be_waited_for(descriptor: int) -> bool:
    """Whether the event loop can wait for it: a pipe, a socket, or a terminal."""
    kind = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or os.isatty(descriptor)


def _whole(descriptor: int) -> bytes:
    data = b""
    while more := os.read(descriptor, READ_LIMIT):
        data += more
    return data
