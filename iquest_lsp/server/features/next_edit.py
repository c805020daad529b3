"""Next edits: as clients of Copilot's server ask for them, and all of them with their reasons for our own clients."""

from __future__ import annotations

from typing import Any

from iquest_lsp.assistant.offers import Offer
from iquest_lsp.datatypes import Position, Span
from iquest_lsp.errors import DocumentError
from iquest_lsp.nextedit.records import NextEdit
from iquest_lsp.nextedit.wording import reason_words
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

INLINE_EDIT = "textDocument/copilotInlineEdit"
DID_SHOW = "textDocument/didShowInlineEdit"
NEXT_EDITS = "iquest/nextEdits"
DISMISS = "iquest/dismissNextEdit"
#: The command of a suggestion that was taken; its argument is the suggestion's number.
TAKEN = "iquest.nextEditTaken"
TITLE = "Take the next edit"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(INLINE_EDIT)
    async def inline_edit(params: Any) -> dict[str, object]:
        uri, offers = await _offers(connection, convert.plain(params))
        here = [offer for offer in offers if convert.uri_of(offer.file) == uri]
        return {"edits": [_edit(connection, offer) for offer in here[:1]]}

    @connection.feature(NEXT_EDITS)
    async def next_edits(params: Any) -> dict[str, object]:
        _, offers = await _offers(connection, convert.plain(params))
        return {"items": [_edit(connection, offer) | _known(offer.item) for offer in offers]}

    @connection.feature(DID_SHOW)
    def shown(params: Any) -> None:
        """Told by Copilot's clients; nothing hangs on it here."""

    @connection.feature(DISMISS)
    def dismissed(params: Any) -> None:
        number = _number(convert.plain(params).get("item"))
        if number is not None:
            connection.session.offers.dismiss(number)

    @connection.command(TAKEN)
    def taken(number: Any = None) -> None:
        if convert.is_count(number):
            connection.session.offers.take(number)


async def _offers(connection: Connection, asked: dict[str, object]) -> tuple[str, list[Offer]]:
    """The file that is asked about, as a URI, and the offers; none for a document that is not known here."""
    document = asked.get("textDocument")
    told = document if isinstance(document, dict) else {}
    uri, version = told.get("uri"), told.get("version")
    if not isinstance(uri, str) or uri in connection.out_of_step:
        return "", []
    try:
        file = connection.nameless.find(uri)
        lines = connection.session.buffers.lines(file)
    except DocumentError:
        return "", []
    cursor = convert.place_in(asked.get("position"), lines, connection.encoding)
    known = version if convert.is_count(version) else None
    return convert.uri_of(file), await connection.session.offers.near(file, cursor or Position(0, 0), known)


def _edit(connection: Connection, offer: Offer) -> dict[str, object]:
    """An offer as Copilot's clients take it."""
    item = offer.item
    span = Span(Position(item.line, item.column), Position(*item.end))
    range_ = convert.range_out(span, offer.lines, connection.encoding)
    ends = {"start": range_.start, "end": range_.end}
    return {
        "text": item.new,
        "range": {name: {"line": at.line, "character": at.character} for name, at in ends.items()},
        "textDocument": {"uri": convert.uri_of(offer.file), "version": offer.version},
        "command": {"title": TITLE, "command": TAKEN, "arguments": [offer.number]},
    }


def _known(item: NextEdit) -> dict[str, object]:
    """What is known of a suggestion beside the edit itself."""
    told: dict[str, object] = {"kind": item.kind.value, "old": item.old, "reason": reason_words(item.reason)}
    return told | {"confidence": item.confidence}


def _number(item: object) -> int | None:
    """A suggestion's number in an item as it was sent: the argument of its command."""
    command = item.get("command") if isinstance(item, dict) else None
    arguments = command.get("arguments") if isinstance(command, dict) else None
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    return first if convert.is_count(first) else None
