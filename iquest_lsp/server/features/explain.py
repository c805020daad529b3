"""What the history knows, for editors: custom requests and commands."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        target = str(asked.get("target", ""))
        return await asyncio.to_thread(connection.assistant.explain_diff, _root(connection, asked), target)


def _root(connection: Connection, asked: dict[str, object]) -> Path:
    """The folder asked about, else the workspace of the document asked about, else the first workspace."""
    if folder := str(asked.get("folder", "")):
        return convert.file_of(folder)
    if uri := str(asked.get("uri", "")):
        return connection.assistant.root_of(convert.file_of(uri))
    if not connection.roots:
        raise UsageError(f"{EXPLAIN_DIFF} needs a folder or a document", why="no workspace is open")
    return connection.roots[0]
