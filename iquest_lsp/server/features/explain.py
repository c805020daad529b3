"""What the history knows, for editors: custom requests and commands."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from iquest_lsp.errors import EngineError, ModelError, RuntimeSetupError, UsageError
from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.codeflow import DiffExplanation
    from iquest_lsp.server.app import Connection

EXPLAIN_DIFF = "iquest/explainDiff"
Send = Callable[[dict[str, object]], None]


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(EXPLAIN_DIFF)
    async def explain_diff(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        root, target = root_asked(connection, asked), str(asked.get("target", ""))
        patch, so_far = _patch(asked), partial_results(connection, asked)
        facts = await asyncio.to_thread(connection.assistant.explain_diff, root, target, so_far, patch)
        return facts.to_json() | {"model_text": await _prose(connection, root, target, facts, patch, so_far)}


def _patch(asked: dict[str, object]) -> bytes | None:
    """A patch that came with the request, in base64, as it may be in any encoding; None for none."""
    given = asked.get("patch")
    if given is None:
        return None
    try:
        return base64.b64decode(str(given), validate=True)
    except ValueError as error:
        raise UsageError("The patch is not valid base64", why=str(error)) from error


async def _prose(
    connection: Connection, root: Path, target: str, facts: DiffExplanation, patch: bytes | None, so_far: Send | None
) -> str | None:
    """A model's words on the change, where one is configured that can; its failure is told and costs nothing else."""

    def listen(kind: str, words: str) -> None:
        if so_far is not None and kind == "text":
            so_far({"model_text": words})

    try:
        told = await connection.assistant.explain_in_words(root, target, facts, patch, listen, client=connection.client)
    except (ModelError, EngineError, RuntimeSetupError) as error:
        connection.reporter.failed(error)
        return None
    return told.text or None if told is not None else None


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
        return connection.assistant.root_of(convert.file_of(uri))
    if not connection.roots:
        raise UsageError(f"{method} needs a folder or a document", why="no workspace is open")
    return connection.roots[0]
