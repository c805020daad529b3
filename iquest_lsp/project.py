"""One open workspace: its documents, its index, its history, its windows.

Documents change on the event loop; everything that reads files, parses or asks git runs on the project's own thread,
and the first index is built in a process of its own, so that no request waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TypeVar

from iquest_lsp import codeflow
from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.layout import clean
from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.context.tokens import Encoder
from iquest_lsp.context.window import Sources, WindowAssembler
from iquest_lsp.datatypes import ContextWindow, Document, Dropped, FlowRecord, ModelInfo, RecentEdit, Snapshot
from iquest_lsp.errors import NotARepositoryError, RepositoryError
from iquest_lsp.settings import Settings
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.documents import Change, DocumentStore, workspace_path
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.secrets import has_secret
from iquest_lsp.workspace.tree import walk
from iquest_lsp.workspace.watcher import Changes, Watcher

__all__ = ["Change", "Project", "Purpose", "root_of"]

log = logging.getLogger(__name__)

T = TypeVar("T")

#: What marks a folder as a project's root, strongest first.
ROOT_MARKS = ("iquest.toml", ".git", "pyproject.toml", "package.json", "Cargo.toml", "go.mod", "setup.py")
MANY_FILES = 200
FLOW_RECORDS = 24


class Purpose(Enum):
    """What a window is made for: an answer now, an idle moment in which it may be brought up to date, or a look."""

    ANSWER = "answer"
    REFRESH = "refresh"
    LOOK = "look"


class Project:
    """See the module's docstring. `watch` follows changes made outside the editor."""

    def __init__(self, root: Path, settings: Settings, *, watch: bool = True) -> None:
        self.root = root
        self.settings = settings
        self.documents = DocumentStore(root)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"project {root.name}")
        self._windows = threading.Lock()
        self._assembler: tuple[tuple[str, int], WindowAssembler] | None = None
        self._flow: Sequence[FlowRecord] = ()
        self._edits: Sequence[RecentEdit] = ()
        self._history_of: tuple[str, ...] = ()
        self._closed = threading.Event()
        self._index = WorkspaceIndex()
        self._rules()
        self._indexed: Future[None] = self._worker.submit(self._build)
        self._watcher: Watcher | None = None
        if watch:
            self._watcher = Watcher(root, lambda: self._gate.rules, self._changed)
            self._watcher.start()

    def path_of(self, file: Path) -> str:
        """The path of a file as the house writes it."""
        return workspace_path(self.root, file)

    async def index(self) -> None:
        """Waits for the first index and what was asked of the history so far."""
        try:
            await asyncio.shield(asyncio.wrap_future(self._indexed))
            await asyncio.wrap_future(self._worker.submit(lambda: None))
        except (CancelledError, RuntimeError):  # closed meanwhile
            log.debug("%s was closed while it was indexed", self.root)

    def configure(self, settings: Settings) -> None:
        """Takes new settings; other exclusions mean another index."""
        old, self.settings = self.settings, settings
        if old.exclude != settings.exclude:
            self._rules()
            self._submit(self._build)

    def files_changed(self, files: Sequence[Path]) -> None:
        """Files changed outside the editor, or were saved."""
        paths = tuple(self.path_of(file) for file in files)
        self.documents.forget_disk(paths)
        self._submit(lambda: self._update(paths))

    def look_at(self, paths: Sequence[str]) -> None:
        """Fetches what the history says about these files, in the background."""
        wanted = tuple(dict.fromkeys(paths))
        if wanted != self._history_of:
            self._history_of = wanted
            self._submit(self._read_history)

    def window(
        self, snapshot: Snapshot, info: ModelInfo, budget: int, encode: Encoder, purpose: Purpose = Purpose.ANSWER
    ) -> ContextWindow:
        """The window for a snapshot; blocks, and belongs on a thread."""
        if self.settings.context == "none":
            snapshot = replace(snapshot, open_documents=())
        with self._windows:
            key = (info.path or info.name, budget)
            if self._assembler is None or self._assembler[0] != key:
                prompt_format = PromptFormat.detect(info.metadata, info.special_tokens)
                made = WindowAssembler(encode, prompt_format, info.special_tokens, min(budget, info.reach))
                self._assembler = (key, made)
            assembler = self._assembler[1]
            if purpose is Purpose.LOOK:
                return assembler.preview(snapshot, self._sources())
            return assembler.assemble(snapshot, self._sources(), refresh=purpose is Purpose.REFRESH)

    def close(self) -> None:
        """Stops watching and working."""
        self._closed.set()
        if self._watcher is not None:
            self._watcher.stop()
        self._worker.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------------------------------------- on the thread

    def _rules(self) -> None:
        self._gate = Gate(self.root, IgnoreRules(self.root, self.settings.exclude))

    def _sources(self) -> Sources:
        gate = self._gate
        if self.settings.context != "all":
            return Sources(
                current=gate.current, open_reason=gate.open_reason, is_secret=has_secret, repository=self.root.name
            )
        return Sources(
            index=self._index,
            read=self._read,
            current=gate.current,
            open_reason=gate.open_reason,
            is_secret=has_secret,
            repository=self.root.name,
            flow=self._flow if self.settings.history else (),
            edits=self._edits,
        )

    def _read(self, path: str) -> str:
        loaded = self._load(path)
        return "" if isinstance(loaded, Dropped) else clean(loaded.text)

    def _load(self, path: str) -> Document | Dropped:
        for document in self.documents.open_documents():
            if document.path == path:
                reason = self._gate.open_reason(document)
                return Dropped(path, reason) if reason else document
        return self._gate.load(path)

    def _build(self) -> None:
        """Makes the index anew, in another process."""
        if self._closed.is_set():
            return
        try:
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn, initializer=end_with_parent) as pool:
                self._index = pool.submit(build_index, self.root, self.settings.exclude).result()
        except BrokenProcessPool:
            # A parser that dies on some file must not take the window with it: no index is still a working editor.
            log.error("%s: the indexing process stopped; related files will be missing", self.root)
        self._read_history()

    def _update(self, paths: Sequence[str]) -> None:
        index = self._index
        if len(paths) > MANY_FILES:
            self._build()
            return
        for path in paths:
            if (self.root / path).is_dir():
                continue
            index.update(path, self._load)
            if not (self.root / path).exists():
                index.remove(path)
        self._read_edits()

    def _changed(self, changes: Changes) -> None:
        """Called by the watcher, on its thread."""
        if changes.rules:
            self._rules()
        if changes.everything:
            self.documents.forget_disk()
            self._submit(self._build)
        elif changes.paths:
            self.documents.forget_disk(changes.paths)
            self._submit(lambda: self._update(changes.paths))
        if changes.head:
            self._submit(self._read_history)

    def _read_history(self) -> None:
        paths = [*self._history_of, *(document.path for document in self.documents.open_documents())]
        if self.settings.history and paths:
            wanted = list(dict.fromkeys(paths))
            self._flow = self._ask(
                lambda: codeflow.flow_records(self.root, wanted, FLOW_RECORDS, redact=has_secret), []
            )
        self._read_edits()

    def _read_edits(self) -> None:
        self._edits = self._ask(lambda: codeflow.recent_edits(self.root, redact=has_secret), list[RecentEdit]())

    def _ask(self, question: Callable[[], T], otherwise: T) -> T:
        try:
            return question()
        except NotARepositoryError:
            return otherwise
        except RepositoryError as error:
            log.warning("%s", error)
            return otherwise

    def _submit(self, work: Callable[[], None]) -> None:
        if self._closed.is_set():
            return
        try:
            self._worker.submit(work).add_done_callback(_log_failure)
        except RuntimeError:  # closed between the two lines
            log.debug("%s is closed", self.root)


def end_with_parent() -> None:
    """Makes a process of the pool end when its parent is killed, which the pool itself would not notice."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="parent").start()


def build_index(root: Path, exclude: Sequence[str]) -> WorkspaceIndex:
    """The index of a workspace as it lies on disk; runs in a process of its own."""
    rules = IgnoreRules(root, exclude)
    gate = Gate(root, rules)
    index = WorkspaceIndex()
    tree = walk(root, rules)
    index.build(tree.paths, gate.load)
    for dropped in tree.left_out:
        index.update(dropped.path, lambda _, known=dropped: known)  # type: ignore[misc]
    return index


def root_of(file: Path) -> Path:
    """The root of the project a file or folder belongs to: the nearest marked folder, else its own."""
    start = file if file.is_dir() else file.parent
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in ROOT_MARKS):
            return folder
    return start


def _log_failure(future: Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("work in the background failed", exc_info=error)
