"""Why a line is as it is, for editors."""

from __future__ import annotations

import asyncio
from typing import Any

from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.workspace.unsaved import why_no_history

WHY = "iquest/why"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(WHY)
    async def why(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, line = connection.nameless.find(str(asked.get("uri", ""))), asked.get("line")
        if not isinstance(line, int) or line < 0:
            raise UsageError(f"{WHY} needs a line, counted from 0")
        answer = (await asyncio.to_thread(connection.session.why, file, line)).to_json()
        note = why_no_history(file.name)
        return answer | {"partial": note} if note else answer
