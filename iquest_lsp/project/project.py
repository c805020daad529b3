"""One open workspace: its documents, its index, its history, its windows.

Documents change on the event loop; everything that reads files, parses or asks git is done by index processes, which
the project's own threads wait for, so that no request does.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.inputs import Purpose, WindowInputs
from iquest_lsp.context.layout import clean
from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.context.tokens import Encoder
from iquest_lsp.context.window import WindowAssembler
from iquest_lsp.datatypes import ContextWindow, Document, ModelInfo, RecentEdit, Snapshot
from iquest_lsp.dropped import Dropped
from iquest_lsp.project import indexing
from iquest_lsp.project.events import EventKind, ProjectEvent
from iquest_lsp.project.incomplete_notes import IncompleteNotes
from iquest_lsp.project.index_process import IndexProcess, IndexProcessError, log_failure
from iquest_lsp.project.memory import RememberedWorkspace, WorkspaceMemory
from iquest_lsp.project.notes import Notes
from iquest_lsp.project.past import ProjectHistory
from iquest_lsp.project.roots import RootNames
from iquest_lsp.settings import WORKSPACE_FILE, Settings
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.disk_state import Changes
from iquest_lsp.workspace.documents import DocumentStore
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.paths import is_there
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.tree import MAX_DEPTH, MAX_FILES
from iquest_lsp.workspace.unsaved import notebook_of
from iquest_lsp.workspace.watcher import Watcher

log = logging.getLogger(__name__)

#: Of a folder that is no project's: files read, levels below it, and what else stays out.
LOOSE_FILES, LOOSE_DEPTH, HIDDEN_FOLDERS = 500, 2, ".*/"


class Project:
    """See the module's docstring.

    `watch` follows changes made outside the editor, and indexes the history in the background; `listen` hears of that
    work, on the project's threads. `is_loose` says that nobody opened the folder and nothing marks it as a project's: a
    file in it was opened alone. It may be the user's home, so only what lies near the file is read.
    """

    def __init__(
        self,
        root: Path,
        settings: Settings,
        *,
        watch: bool = True,
        is_loose: bool = False,
        listen: Callable[[ProjectEvent], None] = lambda event: None,
    ) -> None:
        self.root, self.settings, self.is_loose, self.names = root, settings, is_loose, RootNames(root)
        self.documents = DocumentStore(root)
        self.rule_problems: tuple[str, ...] = ()  # what they could speak of stays out
        self._listen = listen
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"project {root.name}")
        self._files_process, self._lacks = IndexProcess("index"), IncompleteNotes()
        self._past = ProjectHistory(
            root, self._files_process, self._lacks, tell=self._tell, indexed=self._read_history_soon
        )
        self._windows = threading.Lock()
        self._assembler: tuple[tuple[str, int], WindowAssembler] | None = None
        self._history_of: tuple[str, ...] = ()
        self._notes = Notes()
        self.memory = WorkspaceMemory(root, self.documents, self._load)
        self._closed = threading.Event()
        self._index = WorkspaceIndex()
        self._rules()
        self._submit(self._build)
        self._watcher: Watcher | None = None
        self._follows_history = watch
        if watch:
            self._watch()
            self._index_history_soon()

    def path_of(self, file: Path) -> str:
        """The path of a file as the house writes it."""
        return self.names.path_of(file)

    @property
    def state(self) -> Hashable:
        """Differs when what surrounds a file in the window may differ: files or settings have changed."""
        return id(self._index), self._index.version, self.settings

    async def index(self) -> None:
        """Waits for the first index and what was asked of the history so far; an index that failed is done too."""
        try:
            await asyncio.wrap_future(self._worker.submit(lambda: None))  # what is waited for was asked for before it
        except (CancelledError, RuntimeError):  # closed meanwhile
            log.debug("%s was closed while it was indexed", self.root)

    def configure(self, settings: Settings) -> None:
        """Takes new settings; other exclusions mean another index."""
        old, self.settings = self.settings, settings
        if old.exclude != settings.exclude:
            self._rules()
            self._submit(self._build)
        if settings.history and not old.history:
            self._index_history_soon()

    def widen(self) -> None:
        """The folder is a workspace after all: all of it is read and watched from now on."""
        if not self.is_loose:
            return
        self.is_loose = False
        self._rules()
        self._submit(self._build)
        if self._watcher is not None:
            self.stop_watching()
            self._watch()

    def files_changed(self, files: Sequence[Path]) -> None:
        """Files changed outside the editor, or were saved."""
        paths = tuple(self.path_of(file) for file in files)
        self.documents.forget_disk(paths)
        self._submit(lambda: self._update(paths))
        if WORKSPACE_FILE in paths:
            self._tell(EventKind.SETTINGS, 0, 0)

    def look_at(self, paths: Sequence[str]) -> None:
        """Fetches what the history says about these files, in the background."""
        wanted = tuple(dict.fromkeys(paths))
        if wanted != self._history_of:
            self._history_of = wanted
            self._read_history_soon()

    def note(self, path: str, notes: Sequence[str]) -> bool:
        """Takes what other tools say of lines of a file, nearest to the cursor first; whether that is news."""
        return self._notes.take(path, notes)

    def remember(self, info: ModelInfo, *, buffers: bool = False) -> None:
        """Has the workspace remembered in the model's tokens; with `buffers` also what was typed meanwhile."""
        packages = self.settings.memory == "dependencies"
        place = RememberedWorkspace(self.root, self._exclude, *self._bounds, info.path, packages)
        self.memory.follow(place, self.settings.memory, buffers=buffers)

    def window(
        self, snapshot: Snapshot, info: ModelInfo, budget: int, encode: Encoder, purpose: Purpose = Purpose.ANSWER
    ) -> ContextWindow:
        """The window for a snapshot; blocks, and belongs on a thread."""
        snapshot = self._masked(snapshot)
        if self.settings.context == "none":
            snapshot = replace(snapshot, open_documents=())
        self.remember(info, buffers=purpose is Purpose.REFRESH)
        with self._windows:
            key = (info.path or info.name, budget)
            if self._assembler is None or self._assembler[0] != key:
                prompt_format = PromptFormat.detect(info.metadata, info.special_tokens)
                made = WindowAssembler(encode, prompt_format, info.special_tokens, min(budget, info.reach))
                self._assembler = (key, made)
            assembler = self._assembler[1]
            if purpose is Purpose.LOOK:
                return assembler.preview(snapshot, self._sources(snapshot.document.path))
            return assembler.assemble(
                snapshot, self._sources(snapshot.document.path), refresh=purpose is Purpose.REFRESH
            )

    def plan_anew(self) -> None:
        """Gives up the order of what the window shows: the next one is made as if it were the first."""
        with self._windows:
            self._assembler = None

    @property
    def edits(self) -> Sequence[RecentEdit]:
        """What has changed on disk since the last commit, as it was when it was looked at last."""
        return self._past.edits

    def lacks(self) -> tuple[str, ...]:
        """What windows cannot choose from, a sentence each: not read yet, unreadable, too many, not indexed."""
        return self._lacks.told(self._index.dropped)

    @property
    def has_history(self) -> bool:
        """Whether the folder lies in a git repository, as far as its files tell."""
        return any(is_there(folder / ".git") for folder in (self.root, *self.root.parents))

    def stop_indexing(self, what: EventKind) -> None:
        """Gives up reading the files, or else the history; what was read till then serves."""
        (self._files_process if what is EventKind.FILES else self._past).interrupt()

    def survey(self, snapshot: Snapshot, info: ModelInfo, budget: int, encode: Encoder) -> ContextWindow:
        """A window for a question, for another model than the one that completes, whose own stays as it is; blocks."""
        prompt_format = PromptFormat.detect(info.metadata, info.special_tokens)
        assembler = WindowAssembler(encode, prompt_format, info.special_tokens, budget)
        return assembler.assemble(self._masked(snapshot), self._sources(snapshot.document.path))

    def refusal(self, path: str) -> str:
        """Why a file's text may not be shown to a model, "" when it may."""
        loaded = self._load(path)
        return loaded.reason if isinstance(loaded, Dropped) else ""

    def text(self, path: str) -> str:
        """A file's text as a model may see it, "" where it may not."""
        return self._read(path)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that models may see."""
        return self._index.paths

    def definers(self, name: str) -> frozenset[str]:
        """The files that define a name."""
        return self._index.definers(name)

    @property
    def is_watching(self) -> bool:
        """Whether changes made outside the editor are noticed."""
        return self._watcher is not None and self._watcher.mode != "off"

    def stop_watching(self) -> None:
        """Changes outside the editor are only known from `files_changed` then."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None

    def close(self) -> None:
        """Stops watching and working."""
        self._closed.set()
        self.stop_watching()
        for work in (self._files_process, self._past, self.memory):
            work.stop()
        self._worker.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------------------------------------- on the thread

    def _watch(self) -> None:
        depth = 0 if self.is_loose else MAX_DEPTH
        self._watcher = Watcher(self.root, lambda: self._gate.rules, self.changed, max_depth=depth)
        self._watcher.start()

    def _rules(self) -> None:
        self._gate = Gate(self.root, IgnoreRules(self.root, self._exclude))

    @property
    def _bounds(self) -> tuple[int, int]:
        """Most files, most levels of folders."""
        loose = LOOSE_FILES, 0 if self.root == self.root.parent else LOOSE_DEPTH
        return loose if self.is_loose else (MAX_FILES, MAX_DEPTH)

    @property
    def _exclude(self) -> tuple[str, ...]:
        return (*self.settings.exclude, HIDDEN_FOLDERS) if self.is_loose else self.settings.exclude

    def _masked(self, snapshot: Snapshot) -> Snapshot:
        return replace(snapshot, open_documents=tuple(map(self._gate.masked, snapshot.open_documents)))

    def _sources(self, path: str) -> WindowInputs:
        gate, history = self._gate, self._past.found
        if self.settings.context != "all":
            return WindowInputs(
                current=gate.current,
                open_reason=gate.open_reason,
                is_secret=has_secret,
                repository=self.root.name,
                notes=self._notes.of(path),
                notebook=notebook_of,
            )
        return WindowInputs(
            index=self._index,
            read=self._read,
            current=gate.current,
            open_reason=gate.open_reason,
            is_secret=has_secret,
            repository=self.root.name,
            flow=history.flow if self.settings.history else (),
            edits=self._past.edits if self.settings.edits else (),
            cochange=history.cochange.get(path, {}) if self.settings.history else {},
            notes=self._notes.of(path),
            notebook=notebook_of,
        )

    def _read(self, path: str) -> str:
        loaded = self._load(path)
        return "" if isinstance(loaded, Dropped) else clean(loaded.text)

    def _load(self, path: str) -> Document | Dropped:
        for document in self.documents.open_documents():
            if document.path == path:
                shown = self._gate.masked(document)
                why = self._gate.open_reason(shown)
                return Dropped(path, why) if why else shown
        return self._gate.load(path)

    def _build(self) -> None:
        """Makes the index anew."""
        index = WorkspaceIndex()
        self._lacks.note("reading")

        def take(batch: Sequence[indexing.Seen], done: int, total: int) -> None:
            for seen in batch:
                index.put(seen.path, seen)
            self._tell(EventKind.FILES, done, total)

        try:
            bounds = self._bounds
            found = self._files_process.call(indexing.read_workspace, self.root, self._exclude, *bounds, report=take)
            self._lacks.files(bounds[0], is_whole=found.is_whole, problems=found.problems)
            if found.problems != self.rule_problems:
                self.rule_problems = found.problems
                self._tell(EventKind.RULES, 0, 0)
        except IndexProcessError as error:
            if self._closed.is_set():
                return
            self._lacks.note("reading", f"the files are not read to the end: {error}")
            # A parser that dies on some file must not take the window with it: what was read till then still serves.
            log.error("%s: related files will be missing: %s", self.root, error)
            self._tell(EventKind.FILES, 0, 0)
        self._index = index
        self.memory.look_again()
        self._read_history()
        self._listen(ProjectEvent(self.root, EventKind.FILES, news=True))

    def _update(self, paths: Sequence[str]) -> None:
        paths = indexing.files_in(self.root, paths)
        if len(paths) > indexing.MANY_FILES:
            self._build()
            return
        opened = {document.path: document for document in self.documents.open_documents()}
        buffers = {path: self._load(path) for path in paths if path in opened}
        try:
            work = indexing.read_files
            found = self._files_process.call(work, self.root, self._exclude, tuple(paths), buffers)
        except IndexProcessError as error:
            if not self._closed.is_set():
                log.error("%s: %s could not be read again: %s", self.root, ", ".join(paths[:3]), error)
            return
        self.memory.look_again(paths)
        for seen in found:
            self._index.put(seen.path, seen)
            if isinstance(seen, Dropped) and not is_there(self.root / seen.path):
                self._index.remove(seen.path)
        self._past.read_edits()

    def changed(self, changes: Changes) -> None:
        """Files, rules or the history have changed on disk; the watcher calls it, on its thread."""
        if changes.rules:
            self._rules()
        if changes.everything:
            self.documents.forget_disk()
            self._submit(self._build)
        elif changes.paths:
            self.documents.forget_disk(changes.paths)
            self._submit(lambda: self._update(changes.paths))
        if changes.everything or WORKSPACE_FILE in changes.paths:
            self._tell(EventKind.SETTINGS, 0, 0)
        if changes.head:
            self._read_history_soon()
            self._index_history_soon()

    def _read_history(self) -> None:
        paths = [*self._history_of, *(document.path for document in self.documents.open_documents())]
        if self.settings.history and paths and self._past.read(paths):
            self._listen(ProjectEvent(self.root, EventKind.HISTORY, news=True))
        self._past.read_edits()

    def _read_history_soon(self) -> None:
        self._submit(self._read_history)

    def _index_history_soon(self) -> None:
        if self._follows_history and self.settings.history:
            self._past.index_soon()

    def _tell(self, what: EventKind, done: int, total: int) -> None:
        self._lacks.work(what, done, total)
        self._listen(ProjectEvent(self.root, what, done, total))

    def _submit(self, work: Callable[[], None]) -> None:
        if self._closed.is_set():
            return
        try:
            self._worker.submit(work).add_done_callback(log_failure)
        except RuntimeError:  # closed between the two lines
            log.debug("%s is closed", self.root)
