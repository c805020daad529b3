"""The context window and the completion of a place, for editors that show them and for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iquest_lsp.assistant import CompletionRequest, completion_to_json, window_to_json
from iquest_lsp.datatypes import Position
from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

CONTEXT = "iquest/context"
COMPLETE = "iquest/complete"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(CONTEXT)
    async def context(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, cursor = _asked(connection, asked, CONTEXT)
        window = await connection.session.context(file, cursor)
        told = {"root": convert.uri_of(connection.assistant.workspaces.root_of(file)), **window_to_json(window)}
        if asked.get("texts") is True:
            told["texts"] = [chunk.text for chunk in window.chunks]
        if asked.get("kinds") is True:
            told["kinds"] = [{"kind": item.why.kind, "wanted_for": item.why.wanted_for} for item in window.dropped]
        return told

    @connection.feature(COMPLETE)
    async def complete(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, cursor = _asked(connection, asked, COMPLETE)
        longer, automatic = asked.get("multiline") is True, asked.get("automatic") is True
        request = CompletionRequest(
            file,
            cursor,
            explicit=not automatic,
            longer=longer,
            max_tokens=_bound(asked, "max_tokens"),
            deadline_ms=_bound(asked, "deadline_ms"),
        )
        session = connection.session
        made = await (session.complete(request) if automatic else session.complete_patiently(request))
        return completion_to_json(made) | {"quiet": str(made.quiet)}


def _bound(asked: dict[str, object], name: str) -> int | None:
    """What the answer may cost; None where nothing is said. Raises UsageError."""
    value = asked.get(name)
    if value is None:
        return None
    if not convert.is_count(value) or not value:
        raise UsageError(f"{COMPLETE} takes a whole number from 1 as {name}")
    return value


def _asked(connection: Connection, asked: dict[str, object], method: str) -> tuple[Path, Position]:
    """The place asked about: an editor's `position`, or a command line's `place`, which must exist."""
    document = asked.get("textDocument")
    file = connection.nameless.find(str(document.get("uri", "")) if isinstance(document, dict) else "")
    place, position = asked.get("place"), asked.get("position")
    if isinstance(place, dict):
        line, column = place.get("line"), place.get("column")
        if convert.is_count(line) and (column is None or convert.is_count(column)):
            return file, connection.session.buffers.cursor(file, line, column)
    else:
        lines = connection.session.buffers.lines(file)
        cursor = convert.place_in(position, lines, connection.encoding)
        if cursor is not None:
            return file, cursor
    raise UsageError(f"{method} needs a textDocument and a position, as a completion request has them")
