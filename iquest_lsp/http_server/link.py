"""The connection to the daemon that the editors share: an editor more to it, whose documents come by HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iquest_lsp.daemon.bridge import join
from iquest_lsp.daemon.client import failure
from iquest_lsp.daemon.runtime_dir import by_use
from iquest_lsp.errors import DaemonError, RequestCancelledError, RequestFailedError
from iquest_lsp.http_server.answers import AssistantAnswer
from iquest_lsp.http_server.file_finder import CursorInFile
from iquest_lsp.server.framing import frame, receive

#: Documents that stay open, and the largest message that is read.
MOST_OPEN = 8
LIMIT = 64 * 1024 * 1024
_CANCELLED = -32800
_UNKNOWN = "untitled:infill"


class Link:
    """One connection; it is made by the first request, and again after the daemon ended."""

    def __init__(self, options: Mapping[str, object], roots: Sequence[Path]) -> None:
        self._options = dict(options)
        self._roots = tuple(roots)
        self._lock = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._open: OrderedDict[str, tuple[int, str]] = OrderedDict()  # by URI: version, text
        self.model = ""
        self.state = "stopped"

    async def connect(self) -> None:
        """Makes sure that there is a connection; raises DaemonError."""
        async with self._lock:
            if self._writer is not None:
                return
            options, settings = by_use(self._options)
            _, connection, first = await asyncio.to_thread(join, options, "Nothing is completed without the daemon")
            reader, self._writer = await _streams(connection, first)
            self._reading = asyncio.create_task(self._read(reader))
            folders = [{"uri": root.as_uri(), "name": root.name} for root in self._roots]
            opening = {
                "processId": os.getpid(),
                "rootUri": self._roots[0].as_uri() if self._roots else None,
                "workspaceFolders": folders,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-32"]},
                    "experimental": {"iquest": {"status": True}},
                },
                "initializationOptions": settings,
            }
            await self._request("initialize", opening)
            self._notify("initialized", {})

    async def complete(self, place: CursorInFile, max_tokens: int | None, deadline_ms: int | None) -> AssistantAnswer:
        """What is suggested at a place, as text to insert at the cursor.

        Raises RequestCancelledError when a newer request for the file took its place, DaemonError,
        RequestFailedError.
        """
        await self.connect()
        uri = self._show(place)
        bounds = {"max_tokens": max_tokens, "deadline_ms": deadline_ms}
        asked: dict[str, object] = {name: value for name, value in bounds.items() if value}
        asked |= {"textDocument": {"uri": uri}, "automatic": True}
        asked["place"] = {"line": place.line, "column": place.column}
        told = await self._request("iquest/complete", asked)
        self.model = told["model"] or self.model
        text = _inserted(place, told["text"], told["range"])
        return AssistantAnswer(text, self.model, told["finish"] if text else "stop", told["timings"], told["tokens"])

    async def warm(self, place: CursorInFile) -> None:
        """Has the window of a place evaluated in a pause; raises DaemonError."""
        await self.connect()
        here = {"line": place.line, "character": place.column}
        self._notify("textDocument/didFocus", {"textDocument": {"uri": self._show(place)}, "position": here})

    async def close(self) -> None:
        """Leaves the daemon."""
        if self._writer is not None:
            with contextlib.suppress(DaemonError, RequestFailedError, TimeoutError):
                await asyncio.wait_for(self._request("shutdown", {}), 2)
                self._notify("exit", {})
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        self._end()

    # ------------------------------------------------------------------------------------------------ documents

    def _show(self, place: CursorInFile) -> str:
        """Tells the daemon a document's text; returns its URI."""
        uri = place.file.as_uri() if place.file is not None else _UNKNOWN
        version, text = self._open.get(uri, (0, ""))
        if not version:
            document = {"uri": uri, "languageId": "", "version": 1, "text": place.text}
            self._notify("textDocument/didOpen", {"textDocument": document})
        elif text != place.text:
            identifier = {"uri": uri, "version": version + 1}
            change = {"textDocument": identifier, "contentChanges": [{"text": place.text}]}
            self._notify("textDocument/didChange", change)
        self._open[uri] = (version + (text != place.text or not version), place.text)
        self._open.move_to_end(uri)
        while len(self._open) > MOST_OPEN:
            old, _ = self._open.popitem(last=False)
            self._notify("textDocument/didClose", {"textDocument": {"uri": old}})
        return uri

    # ------------------------------------------------------------------------------------------------- messages

    async def _request(self, method: str, params: Mapping[str, object]) -> Any:
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            return await answer
        except asyncio.CancelledError:
            if self._writer is not None:
                self._notify("$/cancelRequest", {"id": number})
            raise
        finally:
            self._waiting.pop(number, None)

    def _notify(self, method: str, params: Mapping[str, object]) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, message: Mapping[str, object]) -> None:
        if self._writer is None:
            raise DaemonError("The daemon ended", fix="Ask again: it is started anew")
        self._writer.write(frame(message))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                self._take(await receive(reader))
        self._end()

    def _take(self, message: Mapping[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            waiting = self._waiting.get(message["id"])
            if waiting is not None and not waiting.done():
                if (error := message.get("error")) is not None:
                    waiting.set_exception(_as_ours(error))
                else:
                    waiting.set_result(message.get("result"))
        elif "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        elif method == "iquest/status":
            told = message["params"]
            self.state, self.model = str(told["state"]), str(told["model"]) or self.model

    def _end(self) -> None:
        """The connection is gone: whoever waits is told, and nothing is open any more."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self.state = None, "stopped"
        self._open.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(DaemonError("The daemon ended", fix="Ask again: it is started anew"))


async def _streams(connection: socket.socket, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both ends of a connection of which the first bytes were read before."""
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LIMIT)
    reader.feed_data(first)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_connection(lambda: protocol, sock=connection)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _inserted(place: CursorInFile, text: str, span: Mapping[str, Mapping[str, int]]) -> str:
    """The suggestion as text at the cursor: empty where it would take away what stands there."""
    start, end = span["start"], span["end"]
    if (end["line"] - 1, end["column"] - 1) != (place.line, place.column) or start["line"] != end["line"]:
        return ""
    line = place.text.split("\n")[place.line]
    given = line[start["column"] - 1 : place.column]
    return text.removeprefix(given) if text.startswith(given) else ""


def _as_ours(error: Mapping[str, Any]) -> RequestFailedError | RequestCancelledError:
    if error.get("code") == _CANCELLED:
        return RequestCancelledError("A newer request took its place")
    return failure(error, RequestFailedError)
