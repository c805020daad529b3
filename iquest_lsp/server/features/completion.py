"""Inline completion (ghost text) and the ordinary completion list, from the same answer."""

from __future__ import annotations

import re

from lsprotocol import types

from iquest_lsp.assistant import CompletionRequest
from iquest_lsp.completion.request import SelectedItem
from iquest_lsp.datatypes import Completion
from iquest_lsp.errors import DocumentError, EngineError, ModelError, RequestCancelledError, RuntimeSetupError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.features import answers
from iquest_lsp.workspace.positions import LineIndex

_HALF_WORD = re.compile(r"\w*$")
#: Answers to a request by key, if the time allows them.
CANDIDATES = 3


def register(connection: Connection) -> None:
    """Registers the handlers."""

    # With options given, since pygls announces the feature only then.
    @connection.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        explicit = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        made, lines = await _complete(connection, params, explicit=explicit, longer=explicit)
        return types.InlineCompletionList([convert.inline_item(one, lines, connection.encoding) for one in made])

    @connection.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(resolve_provider=True))
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        # By its kind a request by key is not told from one at a letter, so doubt keeps both quiet.
        made, lines = await _complete(connection, params, longer=True)
        items = []
        for one in made:
            before = lines.line(one.span.start.line)[: one.span.start.character]
            found = _HALF_WORD.search(before)
            typed = found.group() if found else ""
            items.append(convert.list_item(one, typed, lines, connection.encoding, detail=one.model))
        return types.CompletionList(is_incomplete=True, items=items)

    @connection.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve(item: types.CompletionItem) -> types.CompletionItem:
        return convert.with_documentation(item)


async def _complete(
    connection: Connection,
    params: types.InlineCompletionParams | types.CompletionParams,
    *,
    explicit: bool = False,
    longer: bool = False,
) -> tuple[list[Completion], LineIndex]:
    try:
        file = connection.nameless.find(params.text_document.uri)
        lines = connection.session.buffers.lines(file)
    except DocumentError:
        return [], LineIndex("")
    if params.text_document.uri in connection.out_of_step:
        return [], lines  # what is shown is not what is known here
    cursor = convert.position_in(params.position, lines, connection.encoding)
    selected = _selected(params, lines, connection)
    request = CompletionRequest(file, cursor, explicit, longer, selected)
    try:
        made = await connection.session.candidates(request, CANDIDATES if explicit else 1)
    except RequestCancelledError:
        raise
    except (ModelError, EngineError, RuntimeSetupError) as error:
        connection.reporter.failed(error)  # said once, in words; an editor would show a failed request at every key
        return [], lines
    answers.tell(connection, params.text_document.uri, made[0])
    connection.diagnostics.follow(params.text_document.uri, cursor)
    return [one for one in made if one.text], lines


def _selected(
    params: types.InlineCompletionParams | types.CompletionParams, lines: LineIndex, connection: Connection
) -> SelectedItem | None:
    """The item selected in the editor's own list, which an inline answer has to go on from."""
    chosen = params.context.selected_completion_info if isinstance(params, types.InlineCompletionParams) else None
    if chosen is None:
        return None
    return SelectedItem(convert.span_in(chosen.range, lines, connection.encoding), chosen.text)
