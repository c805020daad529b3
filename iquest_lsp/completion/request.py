"""A completion request, and what it is about: the document at the cursor as it would be completed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from iquest_lsp import grammars
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.following_text import stops
from iquest_lsp.completion.indentation import kept_indent
from iquest_lsp.completion.syntax import Extent, Unit
from iquest_lsp.datatypes import ContextWindow, Position, Prompt, Snapshot, Span
from iquest_lsp.project.project import Project
from iquest_lsp.project.view import ProjectView
from iquest_lsp.settings import Settings
from iquest_lsp.workspace.positions import LineIndex


@dataclass(frozen=True, slots=True)
class SelectedItem:
    """The item that is selected in the editor's list: its text would replace the span; the answer goes on behind it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """Complete `file` at `cursor`; `explicit` when the user asked for it, by a key or a command, not only by typing.

    What is asked for is answered with the model's best guess however unsure it is. `longer` goes on past the statement
    at the cursor, as far as its block goes. Either is answered inside a word too. `max_tokens` and `deadline_ms` bound
    this answer where they are less than what is set.
    """

    file: Path
    cursor: Position
    explicit: bool = False
    longer: bool = False
    selected: SelectedItem | None = None
    max_tokens: int | None = None
    deadline_ms: int | None = None

    def bounded(self, settings: Settings) -> Settings:
        """The settings, within what this request may cost."""
        tokens = min(settings.max_tokens, self.max_tokens or settings.max_tokens)
        deadline = min(settings.deadline_ms, self.deadline_ms or settings.deadline_ms)
        if (tokens, deadline) == (settings.max_tokens, settings.deadline_ms):
            return settings
        return replace(settings, max_tokens=tokens, deadline_ms=deadline)


_UNKNOWN = Unit(Extent.STATEMENT)


@dataclass(slots=True)
class Job:
    """One request under way: what it is about and what it has cost so far."""

    view: ProjectView
    request: CompletionRequest
    settings: Settings  # as they are at the request
    begin: float
    version: int
    text: str
    snapshot: Snapshot
    place: CursorText
    span: Span
    given: str = ""
    unit: Unit = _UNKNOWN
    window: ContextWindow | None = None  # once it is made
    context_ms: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.view.client}:{self.request.file}"

    @property
    def is_inside_word(self) -> bool:
        """Whether the cursor stands before a letter: what is inserted there is seldom what one wants."""
        tail = self.place.tail
        return bool(tail) and (tail[0].isalnum() or tail[0] == "_")

    @property
    def language(self) -> str:
        """The grammar's name for the file."""
        return grammars.language_of(self.place.path)

    @property
    def project(self) -> Project:
        return self.view.project


def job_of(view: ProjectView, request: CompletionRequest) -> Job:
    """What a request is about; with an item selected in a list, the document as it would be with that item in it; on a
    line that is set too deep, as it would be without the surplus."""
    begin = time.monotonic()
    path = view.project.path_of(request.file)
    snapshot = view.snapshot(path, request.cursor)
    lines = view.lines(path)
    text, version = snapshot.document.text, snapshot.document.version
    span, given = Span(snapshot.cursor, snapshot.cursor), ""
    if request.selected is not None:
        span, given = request.selected.span, request.selected.text
        start, end = sorted((lines.offset(span.start), lines.offset(span.end)))
        lines = LineIndex(text[:start] + given + text[end:])
        cursor = lines.position(start + len(given))
        snapshot = replace(snapshot, document=replace(snapshot.document, text=lines.text), cursor=cursor)
    elif lines.text != text:
        lines = LineIndex(text)
    place = CursorText.at(path, lines, snapshot.cursor)
    kept = kept_indent(place)
    if request.selected is None and kept < len(place.head):  # the document as it would be, set right
        begin_of_line, given = Position(place.cursor.line, 0), place.head[:kept]
        span = Span(begin_of_line, place.cursor)
        lines = LineIndex(text[: place.offset - len(place.head) + kept] + text[place.offset :])
        cursor = Position(place.cursor.line, kept)
        snapshot = replace(snapshot, document=replace(snapshot.document, text=lines.text), cursor=cursor)
        place = CursorText.at(path, lines, cursor)
    return Job(view, request, request.bounded(view.settings), begin, version, text, snapshot, place, span, given)


def moved(job: Job, snapshot: Snapshot, place: CursorText) -> Job:
    """The same request at another place."""
    span = Span(place.cursor, place.cursor)
    return replace(job, snapshot=snapshot, place=place, span=span, given="", begin=time.monotonic())


def prompt_of(job: Job, window: ContextWindow, sequence: int) -> Prompt:
    """What is asked of the model: as much as the syntax at the cursor suggests, up to what stands there already where
    it has not seen that."""
    unit, stop = job.unit, window.stop
    lines, outer = 1, -1
    if unit.extent is Extent.BLOCK:
        lines, outer = 0, unit.outer_indent
    elif unit.extent is Extent.LINE:
        stop = (*stop, "\n")
    elif job.request.longer and unit.extent is Extent.STATEMENT:
        lines, outer = 0, job.place.indent - 1
    if not window.shows_suffix:
        stop = (*stop, *stops(job.place))
    return Prompt(
        window.tokens,
        stop,
        lines,
        sequence,
        heal=True,
        outer_indent=outer,
        ends_at_loop=True,
        memory=job.project.memory.files.files,
        path=job.place.path,
    )
