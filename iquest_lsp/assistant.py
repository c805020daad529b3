"""The use cases: complete, show the window, explain a diff. Knows neither the protocol nor llama.cpp.

An Assistant owns the workspaces and the engine; every answer carries the document version it was made for, and one
whose document has changed meanwhile is dropped. Completing has a module of its own, `completions`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iquest_lsp.asking.asker import Asker, Listener, Question, Reply
from iquest_lsp.asking.chat_engines import Role, Talkers
from iquest_lsp.codeflow import History
from iquest_lsp.completion.completer import Completer, CompletionRequest
from iquest_lsp.completion.cursor_text import Place
from iquest_lsp.completion.syntax import Unit
from iquest_lsp.datatypes import Completion, ContextWindow, Document, Generation, ModelInfo, Position
from iquest_lsp.engines import remote_options, without_secrets
from iquest_lsp.errors import EngineError, IQuestError, ModelError, RuntimeSetupError, UsageError
from iquest_lsp.project import line_history
from iquest_lsp.project.kv_snapshots import Keeper
from iquest_lsp.project.project import Change, News, Project, ProjectEvent, Purpose, is_marked, root_of
from iquest_lsp.project.warming import Warmer
from iquest_lsp.project.windows import Windows
from iquest_lsp.runtime.base.engine import Engine, EngineOptions, EngineStatus
from iquest_lsp.runtime.client.machine import Calm, Machine, calm_of
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.runtime.client.switch import EngineSwitch
from iquest_lsp.runtime.kv.store import saved_kv_folder
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.runtime.models.planner import ANSWER_ROOM, CPU_WINDOW
from iquest_lsp.settings import Configuration, Settings, SettingsProblem, in_snake_case
from iquest_lsp.telemetry import Statistics
from iquest_lsp.workspace.positions import LineIndex
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.unsaved import why_no_history

if TYPE_CHECKING:
    from iquest_lsp.codeflow import DiffExplanation, Story

__all__ = [
    "Assistant",
    "CompletionRequest",
    "Question",
    "Reply",
    "Role",
    "WorkspaceStatus",
    "completion_to_json",
    "root_of",
    "window_to_json",
]

log = logging.getLogger(__name__)

MOST_NOTED = 120  # characters of a line that other tools complain of
LINGER_S = 60.0  # how long a workspace stays that nobody has open
#: What the model's process is started with (engine_options below).
ENGINE_SETTINGS = frozenset({"engine", "model", "window_tokens", "threads", "gpu_layers", "kv_type", "saved_kv_mb"})


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """A workspace as `daemon status` shows it: tokens of its last window, and how many of them the engine holds."""

    root: Path
    window_tokens: int
    warm_tokens: int


class Assistant:
    """See the module's docstring. All calls come from one event loop.

    Several clients may share it, each under a name of its own (`client`): documents and settings are theirs, a
    workspace stays open while one of them has it, and `leave` takes back all that a client brought.
    """

    def __init__(
        self,
        configuration: Configuration,
        engine: Engine | None = None,
        *,
        watch: bool = True,
        statistics: Statistics | None = None,
    ) -> None:
        self._configuration = configuration
        self.settings, _ = configuration.settings()
        self._local = ProcessEngine(lambda: engine_options(self.settings)) if engine is None else engine
        self._engine = EngineSwitch(self._local, lambda: remote_options(self.settings), without_secrets)
        self._scheduler = Scheduler(self._engine)
        self._windows = Windows(self._engine, lambda: self.settings)
        self._keeper = Keeper(self._engine, self._scheduler, self._windows.sequence)
        self._windows.on_taken = self._keeper.taken
        self.statistics = statistics if statistics is not None else Statistics(None)
        self._machine = Machine(self._own_processes)
        self._warmer = Warmer(self._scheduler, self._windows, self._keeper, self._calm, self._warming)
        self._completer = Completer(
            self._engine, self._scheduler, self._windows, self._warmer, self._keeper, self._calm
        )
        self._talkers = Talkers(self._engine, self._scheduler, lambda: self.settings, self._options_of)
        self._asker = Asker(self._talkers)
        self._watch = watch
        self._projects: dict[Path, Project] = {}
        self._starting: asyncio.Task[None] | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.on_settings: Callable[[Settings], None] = lambda settings: None
        self._holders: dict[Path, set[str]] = {}
        self._opened: set[tuple[Path, str]] = set()  # the workspaces that clients opened, not only files in them
        self._settings_of: dict[tuple[Path, str], Settings] = {}
        self._project_listeners: list[Callable[[ProjectEvent], None]] = []

    # ------------------------------------------------------------------------------------------------- engine

    @property
    def status(self) -> EngineStatus:
        """What the engine is doing."""
        return self._engine.status

    @property
    def model(self) -> ModelInfo | None:
        """The loaded model."""
        return self._engine.info

    def on_status(self, listener: Callable[[EngineStatus], None]) -> Callable[[], None]:
        """Follows the engine's state until what this returns is called."""
        return self._engine.on_status(listener)

    @property
    def engine_pid(self) -> int | None:
        """The process that runs the model, where there is one."""
        return self._local.pid if isinstance(self._local, ProcessEngine) else None

    def _own_processes(self) -> list[int]:
        return [os.getpid(), *([self.engine_pid] if self.engine_pid is not None else [])]

    def _calm(self, project: Project, path: str, client: str) -> Calm:
        """What may be done now that nobody has asked for yet, for a client at a file."""
        settings = self._settings_for(project, client)
        if not settings.enable or project.documents.language(path, client) in settings.disabled_languages:
            return Calm.SAVING
        return calm_of(self._machine, battery_saver=self.settings.battery_saver)

    async def recycle(self, why: EngineError) -> None:
        """Starts the engine's process again, for the reason given."""
        if isinstance(self._local, ProcessEngine):
            await self._local.recycle(why)

    def engine_silence_s(self, since: float) -> float:
        """How long the engine has owed an answer without a sign of life, from a time of the monotonic clock on."""
        return self._local.silence_s(since) if isinstance(self._local, ProcessEngine) else 0.0

    def model_changed(self) -> bool:
        """Whether the file of the loaded model is another one by now."""
        return isinstance(self._local, ProcessEngine) and self._local.file_changed()

    def start(self) -> None:
        """Begins to load the model in the background; its errors are told through the status."""
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start_quietly())

    async def ready(self) -> ModelInfo:
        """Waits for the model; raises why it could not be loaded."""
        return await self._engine.start()

    async def close(self) -> None:
        """Ends everything."""
        self._completer.close()
        self.statistics.save()
        self._warmer.close()
        for task in (self._starting, self._reloading, self._following):
            if task is not None:
                task.cancel()
        for project in self._projects.values():
            project.close()
        await self._keeper.close()
        await self._talkers.close()
        await self._engine.close()

    def configure(
        self, values: Mapping[str, object], client: str = "", *, whole: bool = False
    ) -> list[SettingsProblem]:
        """Takes new settings from an editor; where they ask for another model, or for it in another way, it is loaded.

        With `whole` they are all that the editor has set: what it set before and does not name is taken back.
        Returns what is not taken of them, of the user's file and of the files in the client's workspaces.
        """
        take = self._configuration.push if whole else self._configuration.update
        problems = take(client, values)
        self._settings_changed()
        if whole or any(in_snake_case(key) in ENGINE_SETTINGS for key in values):
            problems += self._follow_engine_settings()
        for root in [None, *(root for root, holders in self._holders.items() if client in holders)]:
            _, more = self._configuration.settings(root, client)
            problems += [problem for problem in more if problem not in problems]
        return problems

    def look_at_user_file(self) -> None:
        """Takes the user's settings again where the file is another one by now; all clients hear of it."""
        if self._configuration.user_file_changed():
            self._settings_changed()
            for problem in self._follow_engine_settings():
                log.warning("%s", problem)
            for root in [*self._projects]:
                self._heard(ProjectEvent(root, News.SETTINGS))

    def leave(self, client: str) -> None:
        """Takes back what a client brought: its buffers, its settings, its hold on workspaces.

        A workspace that nobody has open any more is kept for a while, since an editor may only be starting again.
        """
        self._configuration.forget(client)
        for project in self._projects.values():
            project.documents.release(client)
        for holders in self._holders.values():
            holders.discard(client)
        self._opened = {(root, opener) for root, opener in self._opened if opener != client}
        self._settings_changed()
        asyncio.get_running_loop().call_later(LINGER_S, self._drop_unheld)

    def workspaces(self) -> list[WorkspaceStatus]:
        """The open workspaces."""
        return [WorkspaceStatus(root, *self._windows.size(root)) for root in self._projects]

    # --------------------------------------------------------------------------------------------- workspaces

    def add_workspace(self, root: Path, client: str = "") -> Project:
        """Opens a workspace; opening it again changes nothing. Buffers that belong to it now move into it."""
        project = self._hold(root.absolute(), client)
        self._opened.add((project.root, client))
        project.widen()
        for other in [*self._projects.values()]:
            for owner, document in other.documents.buffers():
                if self._open_project(other.root / document.path) is project is not other:
                    _move(document, owner, other, project)
        return project

    def remove_workspace(self, root: Path, client: str = "") -> None:
        """Forgets a workspace; documents that are still open there are then as if opened alone.

        It stays for the other clients that have it open.
        """
        root = root.absolute()
        self._opened.discard((root, client))
        holders = self._holders.get(root, set())
        holders.discard(client)
        if holders:
            self._settings_changed()
            return
        old = self._projects.get(root)
        self._drop(root)
        if old is not None:
            for owner, document in old.documents.buffers():
                _move(document, owner, old, self.project_of(root / document.path, owner))

    def project_of(self, file: Path, client: str = "") -> Project:
        """The workspace a file belongs to: the innermost open one, else one made for its repository or folder."""
        project = self._open_project(file)
        if project is None:
            return self._adopt(file, client)
        if client and client not in self._holders[project.root]:
            self._hold(project.root, client)
        return project

    def root_of(self, file: Path) -> Path:
        """The root of the workspace a file belongs to, whether it is open or not."""
        project = self._open_project(file)
        return project.root if project is not None else root_of(file)

    def files_changed(self, files: Sequence[Path]) -> None:
        """Files changed outside the editor."""
        for file in files:
            project = self._open_project(file)
            if project is not None:
                project.files_changed([file])

    def files_gone(self, files: Sequence[Path], client: str = "", *, made: Sequence[Path] = ()) -> None:
        """An editor deleted or renamed files; of a folder, all that lie in it. Its buffers of them are closed, but
        for those of files `made` by the same operation, which are other ones under an old name."""
        for file in files:
            project = self._open_project(file)
            if project is not None:
                gone = project.path_of(file)

                def is_gone(path: str, gone: str = gone) -> bool:
                    return gone in (path, ".") or path.startswith(gone + "/")

                for document in project.documents.open_documents(client):
                    is_made = any((project.root / document.path).is_relative_to(new) for new in made)
                    if is_gone(document.path) and not is_made:
                        project.documents.close(document.path, client)
                inside = [path for path in project.paths if is_gone(path)]
                project.files_changed([file, *(project.root / path for path in inside)])

    def settings_of(self, client: str, root: Path | None = None) -> Settings:
        """The settings of an editor in a workspace, or wherever it looks."""
        return self._configuration.settings(root, client)[0]

    def settings_for(self, file: Path, client: str = "") -> Settings:
        """The settings that hold for a file in an editor."""
        return self._settings_for(self.project_of(file), client)

    def on_project(self, listener: Callable[[ProjectEvent], None]) -> Callable[[], None]:
        """Follows what projects do in the background until what this returns is called."""
        self._project_listeners.append(listener)
        return lambda: self._project_listeners.remove(listener)

    # ---------------------------------------------------------------------------------------------- documents

    def open_document(self, file: Path, text: str, version: int, language: str, client: str = "") -> None:
        """An editor opened a document; the window around it is warmed."""
        project = self.project_of(file, client)
        path = project.path_of(file)
        project.documents.open(path, text, version, language, client)
        project.look_at([path])
        self._warmer.ahead(project, path, Position(0, 0), client, refresh=True)

    def change_document(self, file: Path, changes: Sequence[Change], version: int, client: str = "") -> None:
        """An editor changed a document; changes count in the order in which they come."""
        project = self.project_of(file, client)
        project.documents.change(project.path_of(file), changes, version, client, in_order=True)

    def save_document(self, file: Path, text: str | None, client: str = "") -> None:
        """An editor saved a document."""
        project = self.project_of(file, client)
        project.documents.save(project.path_of(file), text, client)
        project.files_changed([file])
        self._warmer.renew(project.root)

    def focus_document(self, file: Path, client: str = "", cursor: Position | None = None) -> None:
        """An editor shows a document that it has open, or another place in it; there it will be asked next."""
        project = self.project_of(file, client)
        path = project.path_of(file)
        project.documents.get(path, client)
        project.documents.view(path)
        project.look_at([path])
        self._warmer.look(project, path, client, cursor)

    def close_document(self, file: Path, client: str = "") -> None:
        """An editor closed a document; a project that it only had open for that is kept for a while, as by `leave`."""
        project = self._open_project(file)
        if project is None:
            return
        project.documents.close(project.path_of(file), client)
        has_more = any(owner == client for owner, _ in project.documents.buffers())
        if client and not has_more and (project.root, client) not in self._opened:
            self._holders[project.root].discard(client)
            asyncio.get_running_loop().call_later(LINGER_S, self._drop_unheld)

    def note(self, file: Path, notes: Sequence[tuple[int, str]], client: str = "") -> None:
        """What other tools say of lines (from 0) of a document, nearest to the cursor first; the window shows it from
        the next pause on, since anything new before the current file costs that file's evaluation."""
        project = self.project_of(file, client)
        lines = self.lines(file, client)
        there = [(message, lines.line(line).strip()) for line, message in notes if 0 <= line < len(lines)]
        told = [f"{message}: {code[:MOST_NOTED]}" for message, code in there]
        if project.note(project.path_of(file), told):
            self._warmer.renew(project.root)

    def lines(self, file: Path, client: str = "") -> LineIndex:
        """The lines of a document; raises DocumentError."""
        project = self.project_of(file, client)
        return project.documents.lines(project.path_of(file), client)

    def cursor(self, file: Path, line: int, column: int | None, client: str = "") -> Position:
        """A place given on the command line, 0-based; raises UsageError when the file has no such place."""
        lines = self.lines(file, client)
        if line >= len(lines):
            raise UsageError(f"{file.name} has no line {line + 1}", why=f"it has {len(lines)}")
        width = len(lines.line(line))
        if column is None:
            return Position(line, width)
        if column > width:
            what = f"Line {line + 1} of {file.name} has no column {column + 1}"
            raise UsageError(what, why=f"it ends at {width + 1}")
        return Position(line, column)

    # ---------------------------------------------------------------------------------------------- use cases

    async def complete(self, request: CompletionRequest) -> Completion:
        """The text to insert at the cursor, "" when there is nothing worth saying or nothing may be said.

        Raises RequestCancelledError when a newer request for the document took its place, and the engine's errors.
        """
        project = self.project_of(request.file, request.client)
        made = await self._completer.complete(project, request, self._settings_for(project, request.client))
        self.statistics.answered(made)
        return made

    async def complete_patiently(self, request: CompletionRequest) -> Completion:
        """As complete, for who can wait: the workspace is read and the window evaluated first, as part of the cost.

        The deadline counts from then on.
        """
        await self.ready()
        begin = time.monotonic()
        await self.project_of(request.file, request.client).index()
        indexed = time.monotonic()
        evaluated = await self.warm(request.file, request.cursor, client=request.client)
        context, prefill = (indexed - begin) * 1000, (time.monotonic() - indexed) * 1000
        made = (await self.candidates(request, 1))[0]
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

    async def generate(self, request: CompletionRequest) -> tuple[Place, Unit, Generation]:
        """What the model says at a place before any filter, and what the filters need; for tuning and evaluation."""
        project = self.project_of(request.file, request.client)
        return await self._completer.generate(project, request, self._settings_for(project, request.client))

    async def candidates(self, request: CompletionRequest, count: int) -> list[Completion]:
        """As complete; up to `count` different answers, the first of which may be the empty one."""
        if count <= 1 and not request.explicit:
            return [await self.complete(request)]
        project = self.project_of(request.file, request.client)
        settings = self._settings_for(project, request.client)
        found = await self._completer.candidates(project, request, settings, count)
        for made in found[:1]:
            self.statistics.answered(made)
        return found

    async def context(self, file: Path, cursor: Position, client: str = "") -> ContextWindow:
        """The window for a place, as a completion there would send it."""
        project = self.project_of(file, client)
        await self._engine.start()
        project.look_at([project.path_of(file)])
        await project.index()
        snapshot = project.documents.snapshot(project.path_of(file), cursor, owner=client)
        return await self._windows.make(project, snapshot, Purpose.LOOK)

    async def warm(self, file: Path, cursor: Position, *, refresh: bool = False, client: str = "") -> int:
        """Evaluates the window for a place ahead of time; returns the tokens evaluated.

        With `refresh` the window is first brought up to date, which may cost the evaluation of all of it.
        """
        project = self.project_of(file, client)
        return await self._warmer.warm(project, project.path_of(file), cursor, client, refresh=refresh)

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
        client: str = "",
    ) -> DiffExplanation:
        """What a change does (see History.explain_diff), in words too where the settings name a model that finds some.

        `so_far` is told what is known already, from any thread; `failed` why there are no words.
        """
        history = History(root, has_secret, include_filtered=include_filtered)
        facts = await asyncio.to_thread(history.explain_diff, target, patch, lambda known: so_far(known.to_json()))
        if not self._talkers.is_configured(role):
            return facts

        def listen(kind: str, words: str) -> None:
            if kind == "text":
                so_far({"model_text": words})

        try:
            project = self.project_of(root / "_", client)
            told = await self._asker.explain(project, target, patch, facts, listen, role=role)
        except (ModelError, EngineError, RuntimeSetupError) as error:
            failed(error)
            return facts
        return replace(facts, model_text=told.text or None)

    def why(self, file: Path, line: int, client: str = "") -> Story:
        """How a line (0-based, of the text that the client sees) came to be; RepositoryError, UsageError. Blocks."""
        return line_history.why_at(self.project_of(file, client), file, line, client)

    async def ask(self, root: Path, question: Question, listen: Listener = lambda kind, words: None) -> Reply:
        """A model's answer to a question about the workspace `root`; raises ModelError where none can answer."""
        project = self.project_of(question.files[0] if question.files else root / "_", question.client)
        return await self._asker.ask(project, question, listen)

    async def reload_model(self) -> None:
        """Loads the model that the settings name now; what the old one is doing has some seconds to end."""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload())
        await asyncio.shield(self._reloading)

    async def _reload(self) -> None:
        await self.recycle(EngineError("The model that the settings name is being loaded"))
        if isinstance(self._local, ProcessEngine):
            self._local.forget_failure()
        self.start()

    def _follow_engine_settings(self) -> list[SettingsProblem]:
        """Loads the model again where the settings ask for it; a model that there is not leaves the one that runs."""
        if not isinstance(self._local, ProcessEngine):
            return []
        try:
            if not self._local.is_outdated():
                return []
        except ModelError as error:
            return [SettingsProblem("editor", "model", str(error))] if self._local.info is not None else []
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow_when_loaded(self._local))
        return []

    async def _follow_when_loaded(self, engine: ProcessEngine) -> None:
        """A load under way ends first; meanwhile the settings may have changed again."""
        with contextlib.suppress(IQuestError):
            await engine.start()
        with contextlib.suppress(ModelError):
            if engine.is_outdated():
                await self.reload_model()

    def stop_loading(self) -> None:
        """Gives up loading the model, for all clients, until it is asked for again."""
        if isinstance(self._local, ProcessEngine):
            self._local.stop_loading()

    def stop_indexing(self, root: Path, what: str) -> None:
        """Gives up indexing a workspace's files or history."""
        if root in self._projects:
            self._projects[root].stop_indexing(what)

    # ----------------------------------------------------------------------------------- history beside the code

    def has_history(self, file: Path, client: str = "") -> bool:
        """Whether a file lies in a repository, and is one."""
        return not why_no_history(file.name) and self.project_of(file, client).has_history

    async def change_at(self, file: Path, line: int, client: str = "") -> tuple[Path, str]:
        """The change a line (0-based) is part of; see line_history.change_at."""
        return await asyncio.to_thread(line_history.change_at, self.project_of(file, client), file, line, client)

    async def changed_definitions(self, file: Path, client: str = "") -> list[line_history.Changed]:
        """The definitions of a document that differ from the last commit."""
        project = self.project_of(file, client)
        return await asyncio.to_thread(line_history.changed_definitions, project, project.path_of(file), client)

    # ---------------------------------------------------------------------------------------------- internals

    def _options_of(self, model: str) -> EngineOptions:
        return engine_options(replace(self.settings, model=model))

    async def _start_quietly(self) -> None:
        try:
            await self._engine.start()
        except Exception as error:  # noqa: BLE001  the status carries it to every client
            log.info("the model was not loaded: %s", error)

    def _hearing(self) -> Callable[[ProjectEvent], None]:
        """What a project's threads tell, brought to the event loop."""
        loop = asyncio.get_running_loop()

        def listen(event: ProjectEvent) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._heard, event)

        return listen

    def _warming(self, root: Path, done: int, total: int) -> None:
        self._heard(ProjectEvent(root, News.WARMING, done, total))

    def _heard(self, event: ProjectEvent) -> None:
        if event.news:
            self._warmer.renew(event.root)
        if event.what is News.SETTINGS:
            self._settings_changed()
        for listener in [*self._project_listeners]:
            listener(event)

    def _open_project(self, file: Path) -> Project | None:
        file = file.absolute()
        inside = [project for root, project in self._projects.items() if file.is_relative_to(root)]
        opened = [project for project in inside if not project.is_loose]
        if not opened and inside:  # below a folder that nobody opened there may be projects
            root = root_of(file)
            opened = [project for project in inside if project.root == root]
        return max(opened, key=lambda project: len(project.root.parts), default=None)

    def _adopt(self, file: Path, client: str) -> Project:
        root = root_of(file).absolute()
        return self._hold(root, client, is_loose=not is_marked(root))

    def _hold(self, root: Path, client: str, *, is_loose: bool = False) -> Project:
        """The project of a root, opened where it is not, which now also the client has open."""
        holders = self._holders.setdefault(root, set())
        is_new = client not in holders
        holders.add(client)
        if root not in self._projects:
            self._projects[root] = Project(
                root, self._project_settings(root), watch=self._watch, is_loose=is_loose, listen=self._hearing()
            )
        elif is_new:
            self._projects[root].configure(self._project_settings(root))
        return self._projects[root]

    # ---------------------------------------------------------------------------------------- several clients

    def _project_settings(self, root: Path) -> Settings:
        """What all who have a workspace open can live with: nobody's excluded file enters the window they share."""
        shared, _ = self._configuration.settings(root)
        each = [self._configuration.settings(root, client)[0] for client in sorted(self._holders.get(root, ()))]
        if not each:
            return shared
        exclude = tuple(dict.fromkeys(pattern for one in each for pattern in one.exclude))
        context = min((one.context for one in each), key=("none", "open", "all").index)
        return replace(shared, exclude=exclude, context=context, history=all(one.history for one in each))

    def _settings_for(self, project: Project, client: str) -> Settings:
        key = (project.root, client)
        if key not in self._settings_of:
            self._settings_of[key], _ = self._configuration.settings(project.root, client)
        return self._settings_of[key]

    def _settings_changed(self) -> None:
        self._settings_of.clear()
        self.settings, _ = self._configuration.settings()
        self.on_settings(self.settings)
        for project in self._projects.values():
            project.configure(self._project_settings(project.root))

    def _drop_unheld(self) -> None:
        for root in [root for root, holders in self._holders.items() if not holders]:
            self._drop(root)

    def _drop(self, root: Path) -> None:
        project = self._projects.pop(root, None)
        self._holders.pop(root, None)
        self._windows.forget(root)
        self._warmer.forget(root)
        self._keeper.forget(root)
        if project is not None:
            project.close()


def _move(document: Document, owner: str, old: Project, new: Project) -> None:
    """An open buffer, to the project that it belongs to now."""
    text, version, language = document.text, document.version, document.language
    new.documents.open(new.path_of(old.root / document.path), text, version, language, owner)
    old.documents.close(document.path, owner)


def engine_options(settings: Settings) -> EngineOptions:
    """How the engine is started for these settings; raises ModelError when there is no such model."""
    saving: dict[str, Any] = {"state_folder": str(saved_kv_folder()), "state_limit": settings.saved_kv_mb << 20}
    if settings.engine == "fake":
        window = settings.window_tokens or CPU_WINDOW
        cells = window + ANSWER_ROOM
        return EngineOptions("fake", window_tokens=window, context_tokens=cells, fake=fake_options(), **saving)
    return EngineOptions(
        kind="llama",
        model_path=str(catalogue.resolve(settings.model)),
        plan=True,
        window_tokens=settings.window_tokens,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        kv_type=settings.kv_type,
        **saving,
    )


def completion_to_json(made: Completion) -> dict[str, Any]:
    """`complete --json`: 1-based positions."""
    names = ("total_ms", "context_ms", "queue_ms", "prefill_ms", "decode_ms")
    counts = ("window", "reused", "prefilled", "generated", "drafted", "accepted")
    return {
        "text": made.text,
        "range": {"start": _place(made.span.start), "end": _place(made.span.end)},
        "model": made.model,
        "finish": str(made.finish),
        "source": str(made.source),
        "timings": {name: round(getattr(made.timings, name), 3) for name in names},
        "tokens": {name: getattr(made.tokens, name) for name in counts},
    }


def window_to_json(window: ContextWindow) -> dict[str, Any]:
    """`context --json`: lines 1-based, both ends included; 0 where a chunk is not a span of a file."""
    return {
        "budget": window.budget,
        "tokens": len(window.tokens),
        "stable_prefix_tokens": window.stable_prefix_tokens,
        "chunks": [
            {
                "kind": str(chunk.kind),
                "path": chunk.path,
                "start": chunk.start + 1 if chunk.end > chunk.start else 0,
                "end": chunk.end,
                "tokens": chunk.tokens,
                "reason": chunk.reason,
            }
            for chunk in window.chunks
        ],
        "dropped": [{"path": item.path, "reason": item.reason} for item in window.dropped],
    }


def fake_options() -> dict[str, object]:
    """Options of the fake engine, from the environment variable IQUEST_LSP_FAKE (JSON), for tests."""
    import json
    import os

    value = json.loads(os.environ.get("IQUEST_LSP_FAKE", "{}"))
    return value if isinstance(value, dict) else {}


def _place(position: Position) -> dict[str, int]:
    return {"line": position.line + 1, "column": position.character + 1}
