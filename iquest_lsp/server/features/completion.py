"""Inline completion (ghost text) and the ordinary completion list, from the same answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from iquest_lsp.assistant import CompletionRequest
from iquest_lsp.datatypes import Completion
from iquest_lsp.errors import DocumentError, EngineError, ModelError, RequestCancelledError, RuntimeSetupError
from iquest_lsp.server import convert
from iquest_lsp.server.features import answers
from iquest_lsp.workspace.positions import LineIndex

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

_HALF_WORD = re.compile(r"\w*$")


def register(connection: Connection) -> None:
    """Registers the handlers."""

    # With options given, since pygls announces the feature only then.
    @connection.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        explicit = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        made, lines = await _complete(connection, params, explicit=explicit)
        items = [convert.inline_item(made, lines, connection.encoding)] if made is not None else []
        return types.InlineCompletionList(items)

    @connection.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        made, lines = await _complete(connection, params, explicit=True)
        if made is None:
            return types.CompletionList(is_incomplete=True, items=[])
        before = lines.line(made.span.start.line)[: made.span.start.character]
        found = _HALF_WORD.search(before)
        typed = found.group() if found else ""
        item = convert.list_item(made, typed, lines, connection.encoding, detail=made.model)
        return types.CompletionList(is_incomplete=True, items=[item])


async def _complete(
    connection: Connection, params: types.InlineCompletionParams | types.CompletionParams, *, explicit: bool
) -> tuple[Completion | None, LineIndex]:
    try:
        file = convert.file_of(params.text_document.uri)
        lines = connection.assistant.lines(file, connection.client)
    except DocumentError:
        return None, LineIndex("")
    cursor = convert.position_in(params.position, lines, connection.encoding)
    try:
        request = CompletionRequest(file, cursor, explicit=explicit, client=connection.client)
        made = await connection.assistant.complete(request)
    except RequestCancelledError:
        raise
    except (ModelError, EngineError, RuntimeSetupError) as error:
        connection.reporter.failed(error)  # said once, in words; an editor would show a failed request at every key
        return None, lines
    answers.tell(connection, params.text_document.uri, made)
    return (made if made.text else None), lines
