"""Changes of files on disk, in batches: the only module that knows watchdog.

Native notifications where the system has them and they reach every folder, else polling, and the watcher says which.
What the system loses is found again: a large burst, the return of a deleted root, and a folder that appeared with
files in it all lead to a look at the disk.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from iquest_lsp.workspace.batch import Batch, FileEvent
from iquest_lsp.workspace.disk_state import Changes, count_folders, inotify_watches, stamps
from iquest_lsp.workspace.git_places import mark_of, places_of
from iquest_lsp.workspace.ignore import IgnoreRules, is_rules_file
from iquest_lsp.workspace.paths import is_folder
from iquest_lsp.workspace.tree import MAX_DEPTH, walk

_log = logging.getLogger(__name__)

Mode = Literal["off", "native", "polling"]

_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]
# Each watch of a folder costs a thread in watchdog; with more folders than this the root is watched as a whole.
_MAX_WATCHES = 48


@dataclass(frozen=True, slots=True)
class Pace:
    """A batch of changes leaves when nothing happened for `quiet_s`, at the latest `patience_s` after its first event;
    past `max_paths` it says `everything`. A folder that sends no events is looked at every `poll_s`.
    """

    quiet_s: float = 0.2
    patience_s: float = 2.0
    poll_s: float = 5.0
    max_paths: int = 1000


_PACE = Pace()


class Watcher:
    """Watches one workspace and calls `on_changes` on its own thread, never twice at once.

    `warn` gets one sentence when watching is degraded. With a `max_depth` of 0 only the files of the root itself are
    watched, no folder in it.
    """

    def __init__(
        self,
        root: Path,
        rules: Callable[[], IgnoreRules],
        on_changes: Callable[[Changes], None],
        *,
        warn: Callable[[str], None] = _log.warning,
        pace: Pace = _PACE,
        polling: bool = False,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self.root = Path(os.path.abspath(root))
        self.mode: Mode = "off"
        self._rules = rules
        self._on_changes = on_changes
        self._warn = warn
        self._pace = pace
        self._force_polling = polling
        self._max_depth = max_depth
        self._events: queue.SimpleQueue[FileEvent | None] = queue.SimpleQueue()
        self._observer: BaseObserver | None = None
        self.watches: dict[str, ObservedWatch] = {}
        self._git: tuple[Path, ...] = ()
        self._above: tuple[Path, ...] = ()
        self._mark = ""
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._warned = False

    def start(self) -> None:
        """Starts watching; returns at once. A root that does not exist yet is waited for."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"watch {self.root.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stops, and waits for the thread to end; a batch under way is dropped."""
        self._stopping.set()
        self._events.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    # ------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not is_folder(self.root):
                    self.mode = "off"
                    self._stopping.wait(min(self._pace.poll_s, 1.0))
                    continue
                self._find_repository()
                if not self._force_polling and self._watch():
                    self.mode = "native"
                    self._follow()
                else:
                    self.mode = "polling"
                    self._poll()
                self._unwatch()
                if not self._stopping.is_set():
                    self._deliver(Changes(everything=True, head=True, rules=True))
        finally:
            self._unwatch()
            self.mode = "off"

    def _find_repository(self) -> None:
        """Looks where the repository is, which may lie above the root, and may come and go."""
        self._mark = mark_of(self.root)
        places = places_of(self.root) if self._mark else None
        if places is None:
            self._git, self._above = (), ()
            return
        self._git = tuple(dict.fromkeys(Path(os.path.abspath(at)) for at in (places.git_dir, places.common_dir)))
        real = Path(os.path.realpath(self.root))
        top = Path(os.path.realpath(places.top))
        # Rules of the folders above count up to the work tree's top.
        self._above = tuple(folder for folder in real.parents if folder.is_relative_to(top))

    def _follow(self) -> None:
        """Batches native events until the root is gone, or the repository is another one."""
        pending = self._pending()
        looked = time.monotonic()
        while not self._stopping.is_set():
            now = time.monotonic()
            if not pending and now >= looked + self._pace.poll_s:
                looked = now
                if mark_of(self.root) != self._mark:
                    return
            due = (
                min(pending.last + self._pace.quiet_s, pending.first + self._pace.patience_s) if pending else now + 1.0
            )
            if pending and due <= now:
                if pending.repository and mark_of(self.root) != self._mark:
                    return
                if changes := pending.take():
                    self._deliver(changes)
                pending = self._pending()
                continue
            try:
                event = self._events.get(timeout=max(due - now, 0.0))
            except queue.Empty:
                if not pending and not is_folder(self.root):
                    return
                continue
            if event is None:
                continue
            if event.is_deletion and str(self.root) in event.files:
                return  # even where it is back by now: its watches are gone
            for folder in pending.come(event):
                self._renew(folder)  # before it is looked through: what is made in it meanwhile is told
            pending.add(event)

    def _pending(self) -> Batch:
        return Batch(self.root, self._git, self._above, self._rules(), self._pace.max_paths)

    def _deliver(self, changes: Changes) -> None:
        try:
            self._on_changes(changes)
        except Exception:  # noqa: BLE001 - the callback's fault must not end the watching
            _log.exception("handling changed files failed")

    def _degrade(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(
                f"{self.root.name}: {why}; changes made outside the editor are looked for every "
                f"{self._pace.poll_s:g} s instead of at once."
            )

    # ------------------------------------------------------------------------------------ native watches

    def _watch(self) -> bool:
        before = inotify_watches()
        try:
            observer = Observer()
            observer.start()
            self._observer = observer
            folders = list(self._folders()) if self._max_depth else []
            whole = len(folders) > _MAX_WATCHES
            self._schedule(str(self.root), recursive=whole)
            for folder in () if whole else folders:
                self._schedule(folder, recursive=True)
            for git in self._git:
                for inner in (git, git / "logs", git / "info", git / "refs" / "heads"):
                    if is_folder(inner):
                        self._schedule(str(inner), recursive=inner.name == "heads")
            for above in self._above:
                self._schedule(str(above), recursive=False)
        except OSError as error:
            self._unwatch()
            self._degrade(f"the system cannot watch the folder ({error.strerror or error})")
            return False
        expected = count_folders({folder: watch.is_recursive for folder, watch in self.watches.items()})
        if before is not None:
            # watchdog passes over folders below a watched one for which the system has no watch left.
            got = (inotify_watches() or 0) - before
            if got < expected * 0.98 - 2:
                self._unwatch()
                self._degrade(f"the system's limit on watched folders was reached ({got} of {expected} folders)")
                return False
        return True

    def _folders(self) -> Iterator[str]:
        rules = self._rules()
        with os.scandir(self.root) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and not rules.reason(entry.name, is_folder=True):
                    yield entry.path

    def _schedule(self, folder: str, *, recursive: bool) -> None:
        assert self._observer is not None
        self.watches[folder] = self._observer.schedule(
            _Forward(self._events), folder, recursive=recursive, event_filter=_EVENTS
        )

    def _renew(self, folder: str) -> None:
        """Watches a folder directly below the root that came, or came back."""
        if not self._max_depth or self._observer is None or str(self.root) not in self.watches:
            return
        if self.watches[str(self.root)].is_recursive:
            return
        old = self.watches.pop(folder, None)
        try:
            if old is not None:
                self._observer.unschedule(old)
            self._schedule(folder, recursive=True)
        except KeyError:
            _log.debug("%s was no longer watched", folder)
        except OSError as error:
            if os.path.isdir(folder):
                self._degrade(f"the system cannot watch a new folder ({error.strerror or error})")
                self._force_polling = True
                self._events.put(FileEvent([str(self.root)], is_folder=True, is_deletion=True))

    def _unwatch(self) -> None:
        observer, self._observer = self._observer, None
        self.watches.clear()
        if observer is not None:
            observer.stop()
            observer.join()

    # ------------------------------------------------------------------------------------------- polling

    def _poll(self) -> None:
        seen = self._look()
        while not self._stopping.is_set():
            started = time.monotonic()
            if not is_folder(self.root) or mark_of(self.root) != self._mark:
                return
            now = self._look()
            changed = {path for path in seen.keys() | now.keys() if seen.get(path) != now.get(path)}
            seen = now
            if changed:
                files = sorted(path for path in changed if not path.startswith((".git/", "../")))
                head = any(path.startswith(".git/") and not path.endswith("info/exclude") for path in changed)
                rules = any(is_rules_file(path) or path.endswith("/info/exclude") for path in changed)
                everything = rules or len(files) > self._pace.max_paths
                self._deliver(Changes(() if everything else tuple(files), everything, head, rules))
            # At most a twentieth of one core goes into looking.
            self._stopping.wait(max(self._pace.poll_s, 20 * (time.monotonic() - started)))

    def _look(self) -> dict[str, tuple[int, int]]:
        paths = walk(self.root, self._rules(), max_depth=self._max_depth, cancelled=self._stopping.is_set).paths
        return stamps(self.root, paths, self._git, self._above)


class _Forward(FileSystemEventHandler):
    def __init__(self, events: queue.SimpleQueue[FileEvent | None]) -> None:
        self._events = events

    def on_any_event(self, event: FileSystemEvent) -> None:
        names = [os.fsdecode(name) for name in (event.src_path, event.dest_path) if name]
        self._events.put(FileEvent(names, event.is_directory, event.event_type == "deleted"))
