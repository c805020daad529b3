"""What the history knows, for editors: custom requests and commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

EXPLAIN_DIFF = "iquest/explainDiff"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(EXPLAIN_DIFF)
    async def explain_diff(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        root, target = _root(connection, asked), str(asked.get("target", ""))
        so_far = partial_results(connection, asked)
        return await asyncio.to_thread(connection.assistant.explain_diff, root, target, so_far)


def partial_results(connection: Connection, asked: dict[str, object]) -> Callable[[dict[str, object]], None] | None:
    """What sends parts of an answer ahead of it, from any thread; None where the client did not ask for them."""
    token = asked.get("partialResultToken")
    if not isinstance(token, str | int):
        return None
    loop = asyncio.get_running_loop()

    def send(part: dict[str, object]) -> None:
        loop.call_soon_threadsafe(connection.protocol.notify, types.PROGRESS, types.ProgressParams(token, part))

    return send


def _root(connection: Connection, asked: dict[str, object]) -> Path:
    """The folder asked about, else the workspace of the document asked about, else the first workspace."""
    if folder := str(asked.get("folder", "")):
        return convert.file_of(folder)
    if uri := str(asked.get("uri", "")):
        return connection.assistant.root_of(convert.file_of(uri))
    if not connection.roots:
        raise UsageError(f"{EXPLAIN_DIFF} needs a folder or a document", why="no workspace is open")
    return connection.roots[0]
