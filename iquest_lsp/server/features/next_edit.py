"""Next edits: as clients of Copilot's server ask for them, and all of them with their reasons for our own clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iquest_lsp.assistant.offers import Offer, PlaceToLookAt
from iquest_lsp.datatypes import Position, Span
from iquest_lsp.errors import DocumentError
from iquest_lsp.nextedit.records import NextEdit
from iquest_lsp.nextedit.wording import reason_words
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.workspace.positions import LineIndex

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
        asked = convert.plain(params)
        _, offers = await _offers(connection, asked)
        answer: dict[str, object] = {"items": [_edit(connection, offer) | _known(offer.item) for offer in offers]}
        if asked.get("places") is True:
            answer["places"] = [_place(connection, found) for found in await _places(connection, asked)]
        return answer

    @connection.feature(DID_SHOW)
    def shown(params: Any) -> None:
        """Told by Copilot's clients; nothing hangs on it here."""

    @connection.feature(DISMISS)
    def dismissed(params: Any) -> None:
        number = convert.number_of(convert.plain(params).get("item"))
        if number is not None:
            connection.session.offers.dismiss(number)

    @connection.command(TAKEN)
    def taken(number: Any = None) -> None:
        if convert.is_count(number):
            connection.session.offers.take(number)


async def _offers(connection: Connection, asked: dict[str, object]) -> tuple[str, list[Offer]]:
    """The file that is asked about, as a URI, and the offers; none for a document that is not known here."""
    found = _document(connection, asked)
    if found is None:
        return "", []
    file, lines, version = found
    cursor = convert.place_in(asked.get("position"), lines, connection.encoding)
    return convert.uri_of(file), await connection.session.offers.near(file, cursor or Position(0, 0), version)


async def _places(connection: Connection, asked: dict[str, object]) -> list[PlaceToLookAt]:
    """The places to look at; none for a document that is not known here."""
    found = _document(connection, asked)
    return [] if found is None else await connection.session.offers.to_look_at(found[0], found[2])


def _document(connection: Connection, asked: dict[str, object]) -> tuple[Path, LineIndex, int | None] | None:
    """The file that is asked about, its lines, and the version that the client has; None for one not known here."""
    document = asked.get("textDocument")
    told = document if isinstance(document, dict) else {}
    uri, version = told.get("uri"), told.get("version")
    if not isinstance(uri, str) or uri in connection.out_of_step:
        return None
    try:
        file = connection.nameless.find(uri)
        return file, connection.session.buffers.lines(file), version if convert.is_count(version) else None
    except DocumentError:
        return None


def _edit(connection: Connection, offer: Offer) -> dict[str, object]:
    """An offer as Copilot's clients take it."""
    item = offer.item
    span = Span(Position(item.line, item.column), Position(*item.end))
    return {
        "text": item.new,
        "range": _range(connection, span, offer.lines),
        "textDocument": {"uri": convert.uri_of(offer.file), "version": offer.version},
        "command": {"title": TITLE, "command": TAKEN, "arguments": [offer.number]},
    }


def _place(connection: Connection, found: PlaceToLookAt) -> dict[str, object]:
    """A place to look at: its lines, whole, and why; there is no text to put there, and no command."""
    place = found.place
    end = Position(place.end, len(found.lines.line(place.end)))
    return {
        "range": _range(connection, Span(Position(place.line, 0), end), found.lines),
        "textDocument": {"uri": convert.uri_of(found.file), "version": found.version},
        "kind": place.kind.value,
        "reason": reason_words(place.reason),
        "confidence": place.confidence,
    }


def _range(connection: Connection, span: Span, lines: LineIndex) -> dict[str, object]:
    range_ = convert.range_out(span, lines, connection.encoding)
    ends = {"start": range_.start, "end": range_.end}
    return {name: {"line": at.line, "character": at.character} for name, at in ends.items()}


def _known(item: NextEdit) -> dict[str, object]:
    """What is known of a suggestion beside the edit itself."""
    told: dict[str, object] = {"kind": item.kind.value, "old": item.old, "reason": reason_words(item.reason)}
    return told | {"confidence": item.confidence}
