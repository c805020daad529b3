"""Messages on a byte stream: the Content-Length framing of the Language Server Protocol, both ways.

`messages` reads what clients of any kind send. A damaged message never ends the connection: it is reported and reading
goes on with the next header, wherever on a line it stands, since a body that was announced too short or too long leaves
the next header behind its rest. `MessageReader` reads them ahead of whoever handles them, who then knows which requests
their client has withdrawn already. `receive` reads what a sound server sends.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

MAX_BODY = 256 * 1024 * 1024
HEAD_END = b"\r\n\r\n"
#: Bytes of messages that wait to be handled, before no more are read.
MOST_AHEAD = 4 * 1024 * 1024
CANCEL_REQUEST = "$/cancelRequest"
_MOST_OF_A_WITHDRAWAL = 2048

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})$", re.IGNORECASE)


def frame(message: object) -> bytes:
    """A message with its header, in ASCII; lone surrogates stay escaped."""
    body = json.dumps(message).encode("ascii")
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def body_length(head: bytes) -> int:
    """What a header announces; raises ValueError where it announces nothing."""
    for line in head.splitlines():
        found = _LENGTH.fullmatch(line.strip())
        if found is not None:
            return int(found[1])
    raise ValueError("a header without Content-Length")


async def receive(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next message; raises IncompleteReadError or ConnectionError where the stream ends, ValueError."""
    head = await reader.readuntil(HEAD_END)
    message: dict[str, Any] = json.loads(await reader.readexactly(body_length(head)))
    return message


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


class MessageReader:
    """Messages as `messages` gives them, read as soon as they come.

    A client that is ahead of us has most often withdrawn what it asked: `withdrawn` are the ids of requests whose
    withdrawal was read and is not handled yet.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.withdrawn: set[object] = set()
        self._waiting: deque[tuple[bytes | Damage, object]] = deque()
        self._bytes = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._reading = asyncio.create_task(self._read(reader))

    def __aiter__(self) -> AsyncIterator[bytes | Damage]:
        return self

    async def __anext__(self) -> bytes | Damage:
        while not self._waiting:
            if self._reading.done():
                self._reading.result()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        body, withdrawn = self._waiting.popleft()
        self._bytes -= _size(body)
        self._room.set()
        self.withdrawn.discard(withdrawn)
        return body

    def __len__(self) -> int:
        """How many have been read and are not handled yet."""
        return len(self._waiting)

    def close(self) -> None:
        """Reads no more."""
        self._reading.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            async for body in messages(reader):
                withdrawn = _withdrawn(body)
                self._waiting.append((body, withdrawn))
                if withdrawn is not None:
                    self.withdrawn.add(withdrawn)
                self._bytes += _size(body)
                self._news.set()
                while self._bytes > MOST_AHEAD:
                    self._room.clear()
                    await self._room.wait()
        finally:
            asyncio.get_running_loop().call_soon(self._news.set)  # once this task is done


def _size(body: bytes | Damage) -> int:
    return len(body) if isinstance(body, bytes) else 0


def _withdrawn(body: bytes | Damage) -> int | str | None:
    """The id that a message withdraws, where it is such a message."""
    if not isinstance(body, bytes) or len(body) > _MOST_OF_A_WITHDRAWAL or CANCEL_REQUEST.encode() not in body:
        return None
    try:
        message = json.loads(body)
        number = message["params"]["id"] if message["method"] == CANCEL_REQUEST and "id" not in message else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return number if isinstance(number, int | str) and not isinstance(number, bool) else None


async def _skip(reader: asyncio.StreamReader, count: int) -> bool:
    while count:
        data = await reader.read(min(count, 65536))
        if not data:
            return False
        count -= len(data)
    return True
