"""The installed models with the planner's verdict, and loading the chosen one, for editors."""

from __future__ import annotations

import asyncio
from typing import Any

from iquest_lsp.doctor import model_choices
from iquest_lsp.runtime.models.manager import known_rows
from iquest_lsp.runtime.models.packaged import packaged_rows
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

MODELS = "iquest/models"
RELOAD_MODEL = "iquest/reloadModel"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(MODELS)
    async def models(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        found: dict[str, object] = {"answers": connection.session.can_answer()}
        if asked.get("answers_only") is not True:
            found["models"] = await asyncio.to_thread(model_choices, connection.assistant.settings)
            found["known"], found["packaged"] = known_rows(), await asyncio.to_thread(packaged_rows)
        return found

    @connection.feature(RELOAD_MODEL)
    async def reload_model(params: Any) -> None:
        await connection.assistant.engine.reload()
