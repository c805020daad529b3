"""What the history knows, for editors: custom requests and commands."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types

from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

EXPLAIN_DIFF = "iquest/explainDiff"
COMMIT_MESSAGE = "iquest/commitMessage"
Send = Callable[[dict[str, object]], None]


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(EXPLAIN_DIFF)
    async def explain_diff(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        root, target, patch = root_asked(connection, asked), str(asked.get("target", "")), patch_asked(asked)
        made = await connection.session.explain_diff(
            root,
            target,
            patch,
            include_filtered=asked.get("include_filtered") is True,
            so_far=partial_results(connection, asked) or (lambda part: None),
            failed=connection.reporter.failed,
        )
        answer = made.to_json()
        if asked.get("places") is True:
            answer |= {"places": made.places(), "remarks": made.remarks()}
        return answer | {"markdown": made.to_markdown()} if asked.get("markdown") is True else answer

    @connection.feature(COMMIT_MESSAGE)
    async def commit_message(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        root, target, patch = root_asked(connection, asked), str(asked.get("target", "")), patch_asked(asked)
        return (await connection.session.commit_message(root, target, patch)).to_json()


def patch_asked(asked: dict[str, object]) -> bytes | None:
    """A patch that came with the request, in base64, as it may be in any encoding; None for none."""
    given = asked.get("patch")
    if given is None:
        return None
    try:
        return base64.b64decode(str(given), validate=True)
    except ValueError as error:
        raise UsageError("The patch is not valid base64", why=str(error)) from error


def partial_results(connection: Connection, asked: dict[str, object]) -> Send | None:
    """What sends parts of an answer ahead of it, from any thread; None where the client did not ask for them."""
    token = asked.get("partialResultToken")
    if not isinstance(token, str | int):
        return None
    loop = asyncio.get_running_loop()

    def send(part: dict[str, object]) -> None:
        loop.call_soon_threadsafe(connection.protocol.notify, types.PROGRESS, types.ProgressParams(token, part))

    return send


def root_asked(connection: Connection, asked: dict[str, object], method: str = EXPLAIN_DIFF) -> Path:
    """The folder asked about, else the workspace of the document asked about, else the first workspace."""
    if folder := str(asked.get("folder", "")):
        return convert.file_of(folder)
    if uri := str(asked.get("uri", "")):
        return connection.assistant.workspaces.root_of(connection.nameless.find(uri))
    if not connection.roots:
        raise UsageError(f"{method} needs a folder or a document", why="no workspace is open")
    return connection.roots[0]
