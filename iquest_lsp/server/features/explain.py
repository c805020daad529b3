"""What the history knows, for editors: custom requests and commands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

EXPLAIN_DIFF = "iquest/explainDiff"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(EXPLAIN_DIFF)
    async def explain_diff(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        uri = str(asked.get("uri", ""))
        root = connection.assistant.root_of(convert.file_of(uri)) if uri else connection.roots[0]
        target = str(asked.get("target", ""))
        return await asyncio.to_thread(connection.assistant.explain_diff, root, target)
