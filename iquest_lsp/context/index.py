"""What the workspace's files hold, computed off the hot path: admission, pieces, imports, definitions.

Made from a list of paths and a function that reads one admitted file; updated file by file. What reading a file found
(`look`) can be made in another process and put in here. Holds no text, no open handle and no thread.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.context.chunks import Piece, outline
from iquest_lsp.context.imports import ModuleTable
from iquest_lsp.context.layout import clean
from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import DropKind, Dropped

#: Reads a file that may enter the window, or says why it may not.
LoadDocument = Callable[[str], Document | Dropped]
IndexProgress = Callable[[int, int], None]

_TEST_NAME = re.compile(r"(?:^test[_-]|[_-]tests?$|\.tests?$|\.specs?$|[_-]spec$|Tests?$|^Test(?=[A-Z]))")
_NAME_BREAK = {False: re.compile(r"[.:]+"), True: re.compile(r"/")}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One admitted file: size in characters and lines, its pieces, and what it imports."""

    path: str
    characters: int
    lines: int
    pieces: tuple[Piece, ...]
    imports: tuple[str, ...]


def look(path: str, load: LoadDocument) -> FileEntry | Dropped:
    """Reads and parses one file; touches no index."""
    loaded = load(path)
    if isinstance(loaded, Dropped):
        return loaded
    text = clean(loaded.text)
    made = outline(text, path)
    return FileEntry(path, len(text), made.lines, made.pieces, made.imports)


class WorkspaceIndex:
    """The admitted files of one workspace; see the module's docstring.

    One thread writes. Readers on other threads may find a file half updated, never an error: they copy sets and
    dictionaries in one step before they walk through them.
    """

    def __init__(self) -> None:
        self._files: dict[str, FileEntry] = {}
        self._dropped: dict[str, Dropped] = {}
        self._gone: set[str] = set()
        self._definers: dict[str, set[str]] = defaultdict(set)
        self._modules = ModuleTable()
        self._importers: dict[str, set[str]] = defaultdict(set)
        self._stems: dict[str, set[str]] = defaultdict(set)
        self._sorted: tuple[str, ...] | None = None
        self.version = 0

    def __len__(self) -> int:
        return len(self._files)

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all admitted files, sorted."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self._files))
        return self._sorted

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """Files that stay out, and why, by path."""
        return tuple(sorted(self._dropped.values(), key=lambda item: item.path))

    def entry(self, path: str) -> FileEntry | None:
        """What is known of an admitted file."""
        return self._files.get(path)

    def is_gone(self, path: str) -> bool:
        """Whether a file was admitted and exists no more: what was shown of it is no secret, only out of date."""
        return path in self._gone

    def refusal(self, path: str) -> str:
        """Why a file stays out; "" for an admitted or unknown one."""
        dropped = self._dropped.get(path)
        return dropped.reason if dropped is not None else ""

    def build(
        self,
        paths: Sequence[str],
        load: LoadDocument,
        progress: IndexProgress = lambda done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Brings the index to exactly these paths, reading each; tells progress; False when cancelled half way."""
        wanted = set(paths)
        for path in [*self._files, *self._dropped]:
            if path not in wanted:
                self.remove(path)
        for done, path in enumerate(paths):
            if cancelled():
                return False
            if done % 100 == 0:
                progress(done, len(paths))
            self.update(path, load)
        progress(len(paths), len(paths))
        return True

    def update(self, path: str, load: LoadDocument) -> None:
        """Reads one file again; one that is gone or refused leaves the index."""
        self.put(path, look(path, load))

    def put(self, path: str, seen: FileEntry | Dropped) -> None:
        """Takes over what reading a file found; one that is gone or refused leaves the index."""
        was_here = path in self._files or path in self._gone
        self.remove(path)
        self.version += 1
        if isinstance(seen, Dropped):
            if seen.why.kind is not DropKind.MISSING:
                self._dropped[path] = seen
            elif was_here:
                self._gone.add(path)
            return
        self._sorted = None
        self._files[path] = seen
        for name in {name for piece in seen.pieces for name in piece.names}:
            self._definers[name].add(path)
        for name in _import_tails(seen.imports):
            self._importers[name].add(path)
        self._stems[test_stem(path)].add(path)
        self._modules.add(path)

    def remove(self, path: str) -> None:
        """Forgets a file."""
        self._dropped.pop(path, None)
        self._gone.discard(path)
        entry = self._files.pop(path, None)
        if entry is None:
            return
        self.version += 1
        self._sorted = None
        for name in {name for piece in entry.pieces for name in piece.names}:
            _discard(self._definers, name, path)
        for name in _import_tails(entry.imports):
            _discard(self._importers, name, path)
        _discard(self._stems, test_stem(path), path)
        self._modules.remove(path)

    def imported(self, path: str, imports: Sequence[str]) -> dict[str, None]:
        """The admitted files that a file's imports mean, in the order of the imports."""
        found: dict[str, None] = {}
        for name in imports:
            for target in self._modules.resolve(path, name):
                if target != path:
                    found[target] = None
        return found

    def importers(self, path: str, limit: int = 20) -> list[str]:
        """Admitted files that import this one, by path."""
        found = []
        for other in sorted(self._importers.get(self._modules.stem(path), ())):
            entry = self._files.get(other)
            if entry is not None and other != path and path in self.imported(other, entry.imports):
                found.append(other)
                if len(found) == limit:
                    break
        return found

    def same_name(self, path: str) -> list[str]:
        """Tests of a file, or what a test tests, by name; none where the name is too common to say anything."""
        found = sorted(self._stems.get(test_stem(path), set()) - {path})
        return found if len(found) <= 5 else []

    def nearest(self, folder: str) -> Iterator[str]:
        """All admitted files: those of the folder, then those below its parents, one after the other."""
        seen: set[str] = set()
        while True:
            prefix = folder + "/" if folder else ""
            own = [path for path in self.paths if path.startswith(prefix) and path not in seen]
            yield from sorted(own, key=lambda path: (path.count("/"), path))
            if not folder:
                return
            seen.update(own)
            folder = folder.rpartition("/")[0]

    def definers(self, name: str) -> frozenset[str]:
        """The files that define a name."""
        return frozenset(self._definers.get(name, ()))


def test_stem(path: str) -> str:
    """The name a test and what it tests have in common, in lower case; the file's own stem when it is no test."""
    name = path.rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    return _TEST_NAME.sub("", stem).lower()


def _import_tails(imports: Sequence[str]) -> set[str]:
    """The last two names of each import: one of them is the imported file's."""
    tails: set[str] = set()
    for name in imports:
        parts = [part.partition(".")[0] if "/" in name else part for part in _NAME_BREAK[("/" in name)].split(name)]
        tails.update([part for part in parts if part][-2:])
    return tails


def _discard(table: dict[str, set[str]], key: str, path: str) -> None:
    members = table.get(key)
    if members is not None:
        members.discard(path)
        if not members:
            del table[key]
