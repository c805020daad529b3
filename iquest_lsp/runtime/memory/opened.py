"""The memories that an engine has open: checked once, mapped, and shared by all answers that name them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from iquest_lsp.runtime.memory.disk import Memory, MemoryFileError

log = logging.getLogger(__name__)

#: A file of so many bytes is read while an answer waits, a larger one beside it.
READ_AT_ONCE = 4 << 20
MOST_OPEN = 64


class OpenMemories:
    """Memories by the names of their files, which never get another content."""

    def __init__(self, key: str) -> None:
        """`key`: see Model.vocabulary_key."""
        self.key = key
        # by name, size, time and number of the file on disk; None: it is no memory, or is being read
        self._known: OrderedDict[tuple[str, int, int, int], Memory | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, files: Sequence[str]) -> list[Memory]:
        """The memories in these files that are there and sound, and stand upon none or the one before."""
        self._forget_replaced(files)
        found = [memory for file in files if (memory := self._one(file)) is not None]
        return [memory for at, memory in enumerate(found) if memory.below in ("", found[at - 1].digest if at else "")]

    def _forget_replaced(self, files: Sequence[str]) -> None:
        """Lets go of files that others have taken the place of (see Memory.write): a mapped one keeps its pages."""
        named = set(files)
        places = {_place(file) for file in files}
        with self._lock:
            for name in [name for name in self._known if name[0] not in named and _place(name[0]) in places]:
                del self._known[name]

    def _one(self, file: str) -> Memory | None:
        try:
            seen = Path(file).stat()
        except OSError as error:
            log.info("%s", error)
            return None
        name = (file, seen.st_size, seen.st_mtime_ns, seen.st_ino)
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
            self._known[name] = None
            while len(self._known) > MOST_OPEN:
                self._known.popitem(last=False)
        if seen.st_size <= READ_AT_ONCE:
            return self._read(name)
        threading.Thread(target=self._read, args=(name,), daemon=True, name="memory").start()
        return None

    def _read(self, name: tuple[str, int, int, int]) -> Memory | None:
        try:
            memory = Memory.read(Path(name[0]), self.key)
        except MemoryFileError as error:
            log.info("%s", error)
            return None
        with self._lock:
            if name in self._known:
                self._known[name] = memory
        return memory


def _place(file: str) -> str:
    """What files that take each other's place have in common: their folder and kind."""
    return file.rpartition("-")[0]
