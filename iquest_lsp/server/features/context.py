"""The context window for a place, for editors that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from iquest_lsp.assistant import window_to_json
from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

CONTEXT = "iquest/context"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(CONTEXT)
    async def context(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, place = convert.file_of(_uri(asked)), _position(asked)
        lines = connection.assistant.lines(file, connection.client)
        cursor = convert.position_in(place, lines, connection.encoding)
        window = await connection.assistant.context(file, cursor, connection.client)
        return {"root": convert.uri_of(connection.assistant.root_of(file)), **window_to_json(window)}


def _uri(asked: dict[str, object]) -> str:
    document = asked.get("textDocument")
    return str(document.get("uri", "")) if isinstance(document, dict) else ""


def _position(asked: dict[str, object]) -> types.Position:
    position = asked.get("position")
    line, character = (position.get("line"), position.get("character")) if isinstance(position, dict) else (None, None)
    if not isinstance(line, int) or not isinstance(character, int) or min(line, character) < 0:
        raise UsageError(f"{CONTEXT} needs a textDocument and a position, as a completion request has them")
    return types.Position(line, character)
