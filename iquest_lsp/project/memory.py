"""The memory of one open workspace, kept up to date in the background by a process of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path

from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import Dropped
from iquest_lsp.errors import IQuestError
from iquest_lsp.project import remembering
from iquest_lsp.project.index_process import IndexProcess
from iquest_lsp.project.remembering import RememberedWorkspace
from iquest_lsp.runtime.memory.builder import MemoryFiles
from iquest_lsp.workspace.documents import DocumentStore

__all__ = ["RememberedWorkspace", "WorkspaceMemory"]

log = logging.getLogger(__name__)

#: The process holds the memory and the tokenizer: a saved file is to be in it within a second.
IDLE_S = 300.0


class WorkspaceMemory:
    """Which files hold the workspace's memory. Nothing is read before a model asks (`follow`).

    The methods return at once; a failure is a log line, and what was remembered before still serves.
    """

    def __init__(self, root: Path, documents: DocumentStore, load: Callable[[str], Document | Dropped]) -> None:
        """`load` gives a file as it may be shown, the buffer where it is open."""
        self._root, self._documents, self._load = root, documents, load
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"memory {root.name}")
        self._process = IndexProcess("memory", idle_s=IDLE_S)
        self._place: RememberedWorkspace | None = None
        self._first: Future[None] | None = None  # the first reading of the place's own files
        self._own = self._packages = MemoryFiles()  # of the workspace, and of installed packages
        self._sent: dict[str, int] = {}  # the open files that are remembered as they are in the editor
        self._is_closed = False

    @property
    def files(self) -> MemoryFiles:
        """Where the memory lies and how large it is."""
        return MemoryFiles.together((self._own, self._packages))

    def follow(self, place: RememberedWorkspace, setting: str, *, buffers: bool = False) -> None:
        """Remembers the workspace in a model's tokens from now on, with `buffers` also what was typed meanwhile.

        With the setting "off", and for a model that is not on this machine, it remembers nothing.
        """
        if setting == "off" or not place.model or not Path(place.model).is_file():
            self._place, self._first = None, None
            self._own = self._packages = MemoryFiles()
        elif place != self._place:
            self._place, self._sent = place, {}
            self._own = self._packages = MemoryFiles()
            self._first = self._submit(None)
        elif buffers:
            self._look_at_buffers()

    def look_again(self, paths: Sequence[str] | None = None) -> None:
        """Some files may have changed, or, with None, all of them."""
        self._submit(paths)

    def _look_at_buffers(self) -> None:
        """Takes what was typed meanwhile, and the files as they are of buffers that were closed."""
        now = {path: hash(loaded) for path, loaded in self._buffers().items()}
        changed = [path for path in {*now, *self._sent} if now.get(path) != self._sent.get(path)]
        self._sent = now
        if changed:
            self._submit(changed)

    async def filled(self, patience_s: float) -> None:
        """Waits until the workspace's own files are remembered for the first time, at most so long."""
        first = self._first
        if first is not None and not first.done():
            await asyncio.wait([asyncio.wrap_future(first)], timeout=patience_s)

    async def ready(self) -> None:
        """Waits for all that was asked for so far."""
        try:
            for _ in range(2):  # a reading of the own files asks for one of the packages when it ends
                await asyncio.wrap_future(self._thread.submit(lambda: None))
        except (CancelledError, RuntimeError):  # closed meanwhile
            log.debug("%s was closed while it was remembered", self._root)

    def stop(self) -> None:
        """Ends the process; what is on disk stays."""
        self._is_closed = True
        self._process.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _buffers(self) -> dict[str, Document | Dropped]:
        return {document.path: self._load(document.path) for document in self._documents.open_documents()}

    def _submit(self, paths: Sequence[str] | None) -> Future[None] | None:
        """Reads some files, or, with None, all of them; those of packages afterwards, since they take longer."""
        place = self._place
        if place is None:
            return None
        wanted = None if paths is None else tuple(paths)

        def own() -> None:
            files = self._process.call(remembering.remember, place, self._buffers(), wanted)
            if place == self._place:
                self._own = files
            if place.packages:
                self._start(place, packages)

        def packages() -> None:
            files = self._process.call(remembering.remember_packages, place, wanted)
            if place == self._place:
                self._packages = files

        return self._start(place, own)

    def _start(self, place: RememberedWorkspace, work: Callable[[], None]) -> Future[None] | None:
        """Does it on the memory's thread while the place is the same; a failure is a log line."""

        def guarded() -> None:
            if place != self._place:
                return
            try:
                work()
            except (IQuestError, OSError) as error:
                if not self._is_closed:
                    log.warning("%s is not remembered: %s", self._root, error)

        try:
            return self._thread.submit(guarded)
        except RuntimeError:  # closed meanwhile
            log.debug("%s is closed", self._root)
            return None
