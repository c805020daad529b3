"""Messages on a byte stream: the Content-Length framing of the Language Server Protocol, for clients of any kind.

A damaged message never ends the connection: it is reported and reading goes on with the next header, wherever on a
line it stands, since a body that was announced too short or too long leaves the next header behind its rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

READ_LIMIT = 1024 * 1024
MAX_BODY = 256 * 1024 * 1024
MAX_UNSENT = 64 * 1024 * 1024

log = logging.getLogger(__name__)

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Damage:
    """A message that could not be read, and why."""

    reason: str


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[bytes | Damage]:
    """The bodies of the messages on a stream until it ends, and what was damaged between them."""
    length: int | None = None
    rubbish = False
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # a line longer than the reader's limit; asyncio has dropped it
            rubbish = True
            continue
        except OSError:  # the connection was reset
            return
        if not line:
            return
        if line.strip():
            found = _LENGTH.search(line.strip())
            if found:
                length = int(found.group(1))
                if found.start():
                    yield Damage("text outside any message")
            elif b":" not in line:
                rubbish = True
            continue
        if length is None:
            if rubbish:
                yield Damage("text outside any message")
            else:
                yield Damage("a header without Content-Length")
            rubbish = False
            continue
        rubbish = False
        if length > MAX_BODY:
            yield Damage(f"a message of {length} bytes; the limit is {MAX_BODY}")
            if not await _skip(reader, length):
                return
        else:
            try:
                yield await reader.readexactly(length)
            except (asyncio.IncompleteReadError, OSError):
                return
        length = None


async def _skip(reader: asyncio.StreamReader, count: int) -> bool:
    while count:
        data = await reader.read(min(count, 65536))
        if not data:
            return False
        count -= len(data)
    return True


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
