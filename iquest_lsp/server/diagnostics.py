"""What other servers complain of near the cursor, as far as a client offers it.

A server cannot see another one's diagnostics. Clients send those under the cursor with a request for code actions;
one that announces `experimental.iquest.diagnostics` is asked with the request `iquest/diagnostics` (parameters
`textDocument` and `range`, answer a list of diagnostics) when they matter: for a question about a place, and when
typing pauses, for the window of the next completion there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from lsprotocol import types

from iquest_lsp.datatypes import Position
from iquest_lsp.errors import DocumentError
from iquest_lsp.server import convert
from iquest_lsp.server.client import Client
from iquest_lsp.server.protocol import ClientError

log = logging.getLogger(__name__)

ASK = "iquest/diagnostics"
NEAR = 20  # lines above and below the cursor
PATIENCE_S = 1.0
#: A pause this long after a completion is used to ask, before the warming of the pause begins.
PAUSE_S = 0.6
MOST_NOTES = 5
MAX_FILES, MAX_SHOWN, MAX_TEXT = 50, 20, 300


class Diagnostics:
    """Those of one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()
        self._following: asyncio.Task[None] | None = None

    def remember(self, uri: str, found: Sequence[types.Diagnostic]) -> None:
        """Those that came with a request for code actions."""
        if found:
            self._known[uri] = [(item.range.start.line, _short(item.message)) for item in found[:MAX_SHOWN]]
            self._known.move_to_end(uri)
            while len(self._known) > MAX_FILES:
                self._known.popitem(last=False)

    def forget(self, uri: str) -> None:
        """The document changed or was closed: what was said of it may be wrong by now."""
        self._known.pop(uri, None)

    def follow(self, uri: str, cursor: Position) -> None:
        """A completion was asked for here: in the next pause the client is asked what is wrong near it."""
        if self._is_offered:
            self.stop()
            self._following = asyncio.create_task(self._tell(uri, cursor))

    def stop(self) -> None:
        """The client is gone, or goes on typing."""
        if self._following is not None:
            self._following.cancel()

    async def _tell(self, uri: str, cursor: Position) -> None:
        await asyncio.sleep(PAUSE_S)
        found = await self.near(uri, cursor)
        try:
            self._client.session.buffers.note(self._client.nameless.find(uri), found[:MOST_NOTES])
        except DocumentError as error:  # closed or gone meanwhile
            log.debug("%s", error)

    @property
    def _is_offered(self) -> bool:
        return convert.announced(self._client.client_capabilities.experimental).get("diagnostics") is True

    async def near(self, uri: str, cursor: Position) -> list[tuple[int, str]]:
        """(line from 0, message), nearest first."""
        found = self._known.get(uri, [])
        if self._is_offered:
            found = await self._pull(uri, cursor)
        near = [item for item in found if abs(item[0] - cursor.line) <= NEAR]
        return sorted(near, key=lambda item: abs(item[0] - cursor.line))[:MAX_SHOWN]

    async def _pull(self, uri: str, cursor: Position) -> list[tuple[int, str]]:
        area = {
            "start": {"line": max(cursor.line - NEAR, 0), "character": 0},
            "end": {"line": cursor.line + NEAR + 1, "character": 0},
        }
        asked = {"textDocument": {"uri": uri}, "range": area}
        try:
            answer = await asyncio.wait_for(self._client.protocol.send_request_async(ASK, asked), PATIENCE_S)
        except (TimeoutError, ClientError):
            return []
        items = answer if isinstance(answer, list) else convert.plain(answer).get("items")
        return [found for item in items if (found := _read(convert.plain(item)))] if isinstance(items, list) else []


def _read(item: dict[str, Any]) -> tuple[int, str] | None:
    area = item.get("range")
    start = area.get("start") if isinstance(area, dict) else None
    line = start.get("line") if isinstance(start, dict) else None
    message = item.get("message")
    return (line, _short(message)) if isinstance(line, int) and isinstance(message, str) else None


def _short(text: str) -> str:
    return " ".join(text.split())[:MAX_TEXT]
