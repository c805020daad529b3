"""The next edits that one client is offered: asked for at a place, taken or dismissed by their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.assistant.workspaces import Workspaces
from iquest_lsp.datatypes import Position
from iquest_lsp.errors import DocumentError
from iquest_lsp.nextedit.records import NextEdit, Place
from iquest_lsp.nextedit.while_typing import NextEditing
from iquest_lsp.project.view import ProjectView
from iquest_lsp.workspace.positions import LineIndex


@dataclass(frozen=True, slots=True)
class Offer:
    """A next edit in a file, whose text has these lines; `version` is None for a file that the client has not open."""

    number: int
    item: NextEdit
    file: Path
    version: int | None
    lines: LineIndex


@dataclass(frozen=True, slots=True)
class PlaceToLookAt:
    """A place in a file, as an offer has it; nothing is offered for it."""

    place: Place
    file: Path
    version: int | None
    lines: LineIndex


class Offers:
    """See the module's docstring. `client` names whose edits they follow."""

    def __init__(self, workspaces: Workspaces, editing: NextEditing, client: str) -> None:
        self._workspaces = workspaces
        self._editing = editing
        self._client = client

    async def near(self, file: Path, cursor: Position, version: int | None) -> list[Offer]:
        """What the client's edits ask for, what lies near a place first; nothing where the document is of another
        version by now, or becomes so meanwhile."""
        view, path = self._workspaces.locate(file, self._client)
        if not self._is_on(view) or self._is_stale(file, version):
            return []
        live = self._editing.of(view)
        found = await live.ask(path, cursor.line, cursor.character)
        if self._is_stale(file, version):
            return []
        offers = []
        for item in found:
            where = _where(view, item.path)
            if where is None:
                continue
            lines = where[2]
            if lines.text[lines.start(item.line) + item.column :].startswith(item.old):
                offers.append(Offer(live.sent(item), item, *where))
        return offers

    async def to_look_at(self, file: Path, version: int | None) -> list[PlaceToLookAt]:
        """The places that the client's edits ask to be looked at, where what to write is not known; as `near`."""
        view, _ = self._workspaces.locate(file, self._client)
        if not self._is_on(view) or self._is_stale(file, version):
            return []
        places = await self._editing.of(view).places()
        found = [PlaceToLookAt(place, *where) for place in places if (where := _where(view, place.path)) is not None]
        return [] if self._is_stale(file, version) else found

    @staticmethod
    def _is_on(view: ProjectView) -> bool:
        return view.settings.enable and view.settings.next_edits

    def take(self, number: int) -> None:
        """The client took an offer."""
        for live in self._editing.known(self._client):
            live.take(number)

    def dismiss(self, number: int) -> None:
        """The client does not want an offer."""
        for live in self._editing.known(self._client):
            live.dismiss(number)

    def completion_shown(self, *, shown: bool) -> None:
        """A completion stands in the client's editor, or no longer does."""
        for live in self._editing.known(self._client):
            live.completion_shown = shown

    def _is_stale(self, file: Path, version: int | None) -> bool:
        view, path = self._workspaces.locate(file, self._client)
        try:
            return version is not None and view.document(path).version != version
        except DocumentError:
            return True


def _where(view: ProjectView, path: str) -> tuple[Path, int | None, LineIndex] | None:
    """A file, the version that an editor shows of it and its lines; None for one that cannot be read."""
    try:
        document, lines = view.document(path), view.lines(path)
    except DocumentError:
        return None
    return view.root / path, document.version if document.is_open else None, lines
