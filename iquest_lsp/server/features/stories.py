"""History beside the code, for those who set `hover` and `code_lens`: a line's story, and the functions changed."""

from __future__ import annotations

from lsprotocol import types

from iquest_lsp.errors import DocumentError, RepositoryError, UsageError
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.features.actions import EXPLAIN_CHANGE, WHY


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        file = connection.file_or_none(params.text_document.uri)
        if file is None or not connection.session.view(file).settings.hover:
            return None
        try:
            story = await connection.session.why(file, params.position.line)
        except (RepositoryError, UsageError, DocumentError):  # no history here: nothing to show at every pause
            return None
        told = story.in_short()
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, told)) if told else None

    @connection.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        file = connection.file_or_none(uri)
        if file is None or not connection.session.view(file).settings.code_lens:
            return []
        found = []
        for changed in await connection.session.changed_definitions(file):
            place = types.Position(changed.line, 0)
            lines = f"{changed.lines} line{'' if changed.lines == 1 else 's'}"
            for name, title, line in (
                (EXPLAIN_CHANGE, f"{lines} changed since the last commit: explain", changed.edit),
                (WHY, "why is this so?", changed.line),
            ):
                command = types.Command(title, name, arguments=[uri, line])
                found.append(types.CodeLens(types.Range(place, place), command))
        return found
