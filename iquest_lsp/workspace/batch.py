"""What a watcher waits with: the events of one batch, and what of them anybody wants to know."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.workspace.disk_state import HEAD_FILES, Changes
from iquest_lsp.workspace.ignore import IGNORE_FILE, IgnoreRules, is_rules_file


@dataclass(frozen=True, slots=True)
class FileEvent:
    """Something happened to files or folders, named by absolute paths: two where one was moved."""

    files: Sequence[str]
    is_folder: bool
    is_deletion: bool


class Batch:
    """What happened since the last batch left; true when something did."""

    def __init__(
        self, root: Path, git: Sequence[Path], above: Sequence[Path], rules: IgnoreRules, max_paths: int
    ) -> None:
        self._root = str(root)
        self._git = [str(folder) + os.sep for folder in git]
        self._rules_above = {str(folder / IGNORE_FILE) for folder in above}
        self.repository = False
        self._rules = rules
        self._max_paths = max_paths
        self._paths: set[str] = set()
        self._everything = self._head = self._rules_changed = False
        self.first = self.last = 0.0

    def __bool__(self) -> bool:
        return bool(self._paths) or self._everything or self._head or self._rules_changed or self.repository

    def come(self, event: FileEvent) -> list[str]:
        """The folders directly below the root that came with an event, and must be watched anew."""
        if not event.is_folder or event.is_deletion:
            return []
        found = []
        for file in event.files:
            is_below = os.path.dirname(file) == self._root and os.path.isdir(file)
            if is_below and not self._rules.reason(os.path.basename(file), is_folder=True):
                found.append(file)
        return found

    def add(self, event: FileEvent) -> None:
        """Notes an event; a folder that came is looked through."""
        was_empty = not self
        for file in event.files:
            if event.is_folder and os.path.basename(file) == ".git" and os.path.dirname(file) == self._root:
                self.repository = True
            if event.is_folder and not event.is_deletion and os.path.isdir(file):
                for folder, _, names in os.walk(file):
                    self._note_all(os.path.join(folder, name) for name in names)
                    if self._everything:
                        break
            elif event.is_folder:
                # What lay in it is not told: a look at the tree finds out.
                self._everything = self._everything or not self._outside(file)
            else:
                self._note_all([file])
        if self:
            self.last = time.monotonic()
            if was_empty:
                self.first = self.last

    def take(self) -> Changes | None:
        """What happened, None when nothing did that anybody wants to know."""
        if not (self._paths or self._everything or self._head or self._rules_changed):
            return None
        paths = () if self._everything else tuple(sorted(self._paths))
        return Changes(paths, self._everything, self._head, self._rules_changed)

    def _outside(self, file: str) -> bool:
        path = os.path.relpath(file, self._root).replace(os.sep, "/")
        return path != "." and bool(self._rules.reason(path, is_folder=True))

    def _note_all(self, files: Iterable[str]) -> None:
        for file in files:
            self._note(file)
            if len(self._paths) > self._max_paths:
                self._everything = True
            if self._everything:
                self._paths.clear()
                return

    def _note(self, file: str) -> None:
        for folder in self._git:
            if file.startswith(folder):
                inner = file[len(folder) :].replace(os.sep, "/")
                self._head = self._head or inner in HEAD_FILES or inner.startswith("refs/heads/")
                if inner == "info/exclude":
                    self._rules_changed = self._everything = True
                return
        if file in self._rules_above:
            self._rules_changed = self._everything = True
            return
        path = os.path.relpath(file, self._root).replace(os.sep, "/")
        if path == ".git" or path.startswith(".git/"):
            self.repository = True  # one came, or went
            return
        if path.startswith("../"):
            return
        if is_rules_file(path):
            self._rules_changed = True
            self._everything = True  # what is ignored may be any file
        elif not self._rules.reason(path):
            self._paths.add(path)
