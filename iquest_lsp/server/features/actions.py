"""Code actions and their commands: what a change does, and why a line is as it is."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.shown_document import show_markdown

#: Other names than the extension's own commands: a client registers those of its server by these.
EXPLAIN_CHANGE, WHY = "iquest-lsp.explainChange", "iquest-lsp.why"
_KIND = "source.iquest"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[_KIND], resolve_provider=False)
    )
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        wanted = params.context.only
        if wanted is not None and not any(_KIND.startswith(str(getattr(kind, "value", kind))) for kind in wanted):
            return []
        connection.diagnostics.remember(params.text_document.uri, params.context.diagnostics)
        file = connection.file_or_none(params.text_document.uri)
        if file is None or not connection.session.has_history(file):
            return []
        line = params.range.start.line
        titles = {EXPLAIN_CHANGE: "IQuest: explain this change", WHY: "IQuest: why is this so?"}
        place = [params.text_document.uri, line]
        return [
            types.CodeAction(title, kind=_KIND, command=types.Command(title, name, arguments=place))
            for name, title in titles.items()
        ]

    @connection.command(EXPLAIN_CHANGE)
    async def explain_change(uri: str, line: int) -> dict[str, object]:
        file, at = _place(connection, uri, line)
        root, target = await connection.session.change_at(file, at)
        if _has_pages(connection):
            return {"target": target, "folder": convert.uri_of(root)}
        made = await connection.session.explain_diff(root, target, failed=connection.reporter.failed)
        markdown = made.to_markdown()
        await show_markdown(connection, "explanation", markdown)
        return {"markdown": markdown, "target": target}

    @connection.command(WHY)
    async def why(uri: str, line: int) -> dict[str, object]:
        file, at = _place(connection, uri, line)
        markdown = (await connection.session.why(file, at)).to_markdown()
        await show_markdown(connection, "why", markdown)
        return {"markdown": markdown}


def _has_pages(connection: Connection) -> bool:
    """Whether the client shows answers in pages of its own, for which it asks with the requests of features.explain."""
    return convert.announced(connection.client_capabilities.experimental).get("pages") is True


def _place(connection: Connection, uri: object, line: object) -> tuple[Path, int]:
    if not isinstance(uri, str) or not isinstance(line, int) or isinstance(line, bool) or line < 0:
        raise UsageError("The command needs a file's URI and a line, counted from 0")
    return connection.nameless.find(uri), line
