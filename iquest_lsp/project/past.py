"""What the history says of a project's files: read for the window when asked, indexed in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from iquest_lsp.datatypes import RecentEdit
from iquest_lsp.errors import NotARepositoryError, RepositoryError
from iquest_lsp.project import indexing
from iquest_lsp.project.events import EventKind
from iquest_lsp.project.incomplete_notes import IncompleteNotes
from iquest_lsp.project.index_process import IndexProcess, IndexProcessError, log_failure

log = logging.getLogger(__name__)

T = TypeVar("T")
#: Hears of work in the background: its kind, how much is done, and of how much.
Tell = Callable[[EventKind, int, int], None]


class ProjectHistory:
    """The history of one project.

    `read` and `read_edits` block, and belong on the project's thread, whose index process `files` they use; indexing
    has a process and a thread of its own. `indexed` is called there when the index has more to say.
    """

    def __init__(
        self, root: Path, files: IndexProcess, lacks: IncompleteNotes, *, tell: Tell, indexed: Callable[[], None]
    ) -> None:
        self.found = indexing.WindowHistory()
        self.edits: Sequence[RecentEdit] = ()
        self._root, self._files, self._lacks, self._tell, self._indexed = root, files, lacks, tell, indexed
        self._process = IndexProcess("history index")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"history {root.name}")
        self._waits, self._stopped = threading.Event(), threading.Event()

    def read(self, paths: Sequence[str]) -> bool:
        """Asks what the history says about these files; whether that is news."""
        wanted = list(dict.fromkeys(paths))
        found = self._ask("history", lambda: self._files.call(indexing.read_history, self._root, wanted))
        if found is not None:
            self._lacks.note("history", *found.lacks)
        if found is None or found == self.found:
            return False
        self.found = found
        return True

    def read_edits(self) -> None:
        """Asks what has changed since the last commit."""
        found = self._ask("edits", lambda: self._files.call(indexing.read_edits, self._root))
        before, self.edits = self.edits, found if found is not None else ()
        if list(before) != list(self.edits):
            self._tell(EventKind.EDITS, 0, 0)

    def index_soon(self) -> None:
        """Brings the history's store up to date in the background; asked for again meanwhile, it is done once more."""
        if self._waits.is_set() or self._stopped.is_set():
            return
        self._waits.set()
        try:
            self._thread.submit(self._index).add_done_callback(log_failure)
        except RuntimeError:  # stopped between the two lines
            log.debug("%s is closed", self._root)

    def interrupt(self) -> None:
        """Gives up indexing; what was read till then serves."""
        self._process.interrupt()

    def stop(self) -> None:
        """Ends the process and the thread."""
        self._stopped.set()
        self._process.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _index(self) -> None:
        self._waits.clear()
        last: EventKind | None = None

        def report(what: str, done: int, total: int) -> None:
            nonlocal last
            last = EventKind(what)
            self._tell(last, done, total)

        read = self._ask("index", lambda: self._process.call(indexing.index_history, self._root, report=report))
        if last is not None:
            self._tell(last, 0, 0)
        if read:
            self._indexed()

    def _ask(self, topic: str, question: Callable[[], T]) -> T | None:
        """What a question brings; None where there is no repository or it fails, which windows then lack."""
        try:
            found = question()
        except NotARepositoryError:
            found = None
        except (RepositoryError, IndexProcessError) as error:
            if not self._stopped.is_set():
                log.warning("%s", error)
                self._lacks.note(topic, f"the history is not read to its end: {error}")
            return None
        self._lacks.note(topic)
        return found
