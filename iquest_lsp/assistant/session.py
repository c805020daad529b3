"""One client of the assistant: its workspaces, buffers and settings, and the answers to what it asks.

Every answer carries the document version it was made for; one whose document has changed meanwhile is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iquest_lsp.asking.asker import AnswerListener, Asker, Question, Reply
from iquest_lsp.asking.chat_engines import ChatEngines, Role
from iquest_lsp.asking.editing import Rewriter, SelectionEdit
from iquest_lsp.assistant.buffers import Buffers
from iquest_lsp.assistant.engine_host import EngineHost
from iquest_lsp.assistant.offers import Offers
from iquest_lsp.assistant.workspaces import Workspaces
from iquest_lsp.codeflow import History
from iquest_lsp.completion.completer import Completer
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.postprocess import Quiet
from iquest_lsp.completion.request import CompletionRequest
from iquest_lsp.completion.syntax import Unit
from iquest_lsp.context.inputs import Purpose
from iquest_lsp.datatypes import Completion, ContextWindow, Generation, Position, Span
from iquest_lsp.errors import EngineError, IQuestError, ModelError, RuntimeSetupError
from iquest_lsp.nextedit.while_typing import NextEditing
from iquest_lsp.project import line_history
from iquest_lsp.project.project import Project
from iquest_lsp.project.view import ProjectView
from iquest_lsp.project.warming import Warmer
from iquest_lsp.project.windows import Windows
from iquest_lsp.settings import Settings, SettingsProblem
from iquest_lsp.telemetry import Statistics
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.unsaved import why_no_history

if TYPE_CHECKING:
    from iquest_lsp.codeflow import CommitMessage, DiffExplanation, Impact, LineOrigin, NewLines, Story, Suspects


PATIENT_TRIES = 3  # of one that can wait, where the deadline brings nothing


@dataclass(frozen=True, slots=True)
class SharedParts:
    """What all sessions share."""

    engine: EngineHost
    workspaces: Workspaces
    windows: Windows
    warmer: Warmer
    completer: Completer
    chat_engines: ChatEngines
    asker: Asker
    rewriter: Rewriter
    editing: NextEditing
    statistics: Statistics


class Session:
    """See the module's docstring. `client` names it: documents and settings are its own, and a workspace stays open
    while one client has it. `buffers` are the documents that it has open, `offers` the next edits for it."""

    def __init__(self, parts: SharedParts, client: str) -> None:
        self._parts = parts
        self.client = client
        self.buffers = Buffers(parts.workspaces, parts.warmer, parts.editing, client)
        self.offers = Offers(parts.workspaces, parts.editing, client)

    # ----------------------------------------------------------------------------------- workspaces and settings

    def add_workspace(self, root: Path) -> Project:
        """Opens a workspace; opening it again changes nothing. Buffers that belong to it now move into it."""
        return self._parts.workspaces.add(root, self.client)

    def remove_workspace(self, root: Path) -> Path:
        """Forgets a workspace, and returns its root; documents that are still open there are then as if opened
        alone."""
        return self._parts.workspaces.remove(root, self.client)

    def view(self, file: Path) -> ProjectView:
        """The workspace a file belongs to, as this client sees it: an open one, or one made for the file."""
        return self._parts.workspaces.view(file, self.client)

    def settings_of(self, root: Path | None = None) -> Settings:
        """The settings in a workspace, or wherever the client looks."""
        return self._parts.workspaces.settings_of(self.client, root)

    def configure(self, values: Mapping[str, object], *, whole: bool = False) -> list[SettingsProblem]:
        """Takes new settings from an editor; where they ask for another model, or for it in another way, it is loaded.

        With `whole` they are all that the editor has set: what it set before and does not name is taken back.
        Returns what is not taken of them, of the user's file and of the files in the client's workspaces.
        """
        problems = self._parts.workspaces.take(self.client, values, whole=whole)
        problems += self._parts.engine.follow_settings(None if whole else frozenset(values))
        return problems + [found for found in self._parts.workspaces.problems(self.client) if found not in problems]

    def leave(self) -> None:
        """Takes back what the client brought: its buffers, its settings, its hold on workspaces."""
        self._parts.editing.leave(self.client)
        self._parts.workspaces.leave(self.client)

    # ------------------------------------------------------------------------------------- completion and window

    async def complete(self, request: CompletionRequest) -> Completion:
        """The text to insert at the cursor, "" when there is nothing worth saying or nothing may be said.

        Raises RequestCancelledError when a newer request for the document took its place, and the engine's errors.
        """
        made = await self._parts.completer.complete(self.view(request.file), request)
        self._parts.statistics.answered(made)
        return made

    async def complete_patiently(self, request: CompletionRequest) -> Completion:
        """As complete, for who can wait: the workspace is read, remembered and the window evaluated first, as part of
        the cost.

        The deadline counts from then on. Where it brings nothing, on a machine that does other things, it is asked
        again: what was evaluated for it stays.
        """
        await self._parts.engine.ready()
        begin = time.monotonic()
        project = self.view(request.file).project
        await project.index()
        await self._parts.windows.remembered(project)
        indexed = time.monotonic()
        evaluated = await self.warm(request.file, request.cursor)
        context, prefill = (indexed - begin) * 1000, (time.monotonic() - indexed) * 1000
        for _ in range(PATIENT_TRIES):
            made = (await self.candidates(request, 1))[0]
            if made.quiet != Quiet.DEADLINE:
                break
        tokens, timings = made.tokens, made.timings
        evaluated = min(evaluated, tokens.reused)
        return replace(
            made,
            tokens=replace(tokens, reused=tokens.reused - evaluated, prefilled=tokens.prefilled + evaluated),
            timings=replace(
                timings,
                total_ms=timings.total_ms + context + prefill,
                context_ms=timings.context_ms + context,
                prefill_ms=timings.prefill_ms + prefill,
            ),
        )

    async def candidates(self, request: CompletionRequest, count: int) -> list[Completion]:
        """As complete; up to `count` different answers, the first of which may be the empty one."""
        if count <= 1 and not request.explicit:
            return [await self.complete(request)]
        found = await self._parts.completer.candidates(self.view(request.file), request, count)
        for made in found[:1]:
            self._parts.statistics.answered(made)
        return found

    async def generate(self, request: CompletionRequest) -> tuple[CursorText, Unit, Generation]:
        """What the model says at a place before any filter, and what the filters need; for tuning and evaluation."""
        return await self._parts.completer.generate(self.view(request.file), request)

    async def context(self, file: Path, cursor: Position) -> ContextWindow:
        """The window for a place, as a completion there would send it."""
        view, path = self._parts.workspaces.locate(file, self.client)
        await self._parts.engine.ready()
        view.project.look_at([path])
        await view.project.index()
        await self._parts.windows.remembered(view.project)
        return await self._parts.windows.make(view.project, view.snapshot(path, cursor), Purpose.LOOK)

    async def warm(self, file: Path, cursor: Position, *, refresh: bool = False) -> int:
        """Evaluates the window for a place ahead of time; returns the tokens evaluated.

        With `refresh` the window is first brought up to date, which may cost the evaluation of all of it.
        """
        view, path = self._parts.workspaces.locate(file, self.client)
        return await self._parts.warmer.warm(view, path, cursor, refresh=refresh)

    # -------------------------------------------------------------------------------------- history and questions

    async def ask(self, root: Path, question: Question, listen: AnswerListener = lambda kind, words: None) -> Reply:
        """A model's answer to a question about the workspace `root`; raises ModelError where none can answer."""
        view = self.view(question.files[0] if question.files else root / "_")
        return await self._parts.asker.ask(view, question, listen)

    async def edit(self, file: Path, span: Span, instruction: str) -> SelectionEdit:
        """A selection as a model rewrites it; raises ModelError where none can."""
        return await self._parts.rewriter.edit(self.view(file), file, span, instruction)

    def can_answer(self) -> bool:
        """Whether a model that follows instructions is there, as far as is known without loading one."""
        return self._parts.chat_engines.can_answer()

    async def explain_diff(
        self,
        root: Path,
        target: str = "",
        patch: bytes | None = None,
        *,
        include_filtered: bool = False,
        role: Role = Role.INSTRUCT,
        so_far: Callable[[dict[str, object]], None] = lambda part: None,
        failed: Callable[[IQuestError], None] = lambda error: None,
    ) -> DiffExplanation:
        """What a change does (see History.explain_diff), in words too where the settings name a model that finds some.

        `so_far` is told what is known already, from any thread; `failed` why there are no words.
        """
        history = History(root, has_secret, include_filtered=include_filtered)
        facts = await asyncio.to_thread(history.explain_diff, target, patch, lambda known: so_far(known.to_json()))
        if not self._parts.chat_engines.is_configured(role):
            return facts

        def listen(kind: str, words: str) -> None:
            if kind == "text":
                so_far({"model_text": words})

        try:
            project = self.view(root / "_").project
            told = await self._parts.asker.explain(project, target, patch, facts, listen, role=role)
        except (ModelError, EngineError, RuntimeSetupError) as error:
            failed(error)
            return facts
        if not told.text:
            why = "it repeated what it was shown, or named what does not exist"
            failed(EngineError(f"{told.model} wrote nothing that can be shown", why=why))
        return replace(facts, model_text=told.text or None, model_name=told.model)

    async def commit_message(self, root: Path, target: str = "", patch: bytes | None = None) -> CommitMessage:
        """A commit message for a change, from its facts alone; see History.commit_message."""
        return await asyncio.to_thread(History(root, has_secret).commit_message, target, patch)

    def dismiss(self, number: int) -> None:
        """The user put away the answer of that number."""
        self._parts.completer.dismiss(number)

    def has_history(self, file: Path) -> bool:
        """Whether a document is a file in a repository."""
        return not why_no_history(file.name) and self.view(file).project.has_history

    async def why(self, file: Path, line: int, last: int | None = None) -> Story:
        """How a line, or those up to `last`, came to be; RepositoryError, UsageError.

        Lines are those of the text that the client sees, from 0.
        """
        return await asyncio.to_thread(line_history.why_at, self.view(file), file, line, last)

    async def impact(self, file: Path, place: str) -> Impact:
        """What else must change with a place in a file; see line_history.impact_at."""
        return await asyncio.to_thread(line_history.impact_at, self.view(file), file, place)

    async def origin_of(self, file: Path, line: int) -> LineOrigin:
        """The commit that brought a line (0-based); see line_history.origin_at."""
        return await asyncio.to_thread(line_history.origin_at, self.view(file), file, line)

    async def new_lines(self, file: Path) -> NewLines:
        """The lines of a file that came after the last release; see line_history.new_lines."""
        return await asyncio.to_thread(line_history.new_lines, self.view(file), file)

    async def suspects(self, file: Path, place: str) -> Suspects:
        """Which recent changes likely brought a bug at a place in a file; see line_history.suspects_at."""
        return await asyncio.to_thread(line_history.suspects_at, self.view(file), file, place)

    async def change_at(self, file: Path, line: int) -> tuple[Path, str]:
        """The change a line (0-based) is part of; see line_history.change_at."""
        return await asyncio.to_thread(line_history.change_at, self.view(file), file, line)

    async def changed_definitions(self, file: Path) -> list[line_history.ChangedDefinition]:
        """The definitions of a document that differ from the last commit."""
        view, path = self._parts.workspaces.locate(file, self.client)
        return await asyncio.to_thread(line_history.changed_definitions, view, path)
