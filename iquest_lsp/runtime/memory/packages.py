"""The memory of installed packages: each one's tokens are kept once, and what a project imports is searched as one.

    folder of a package and its version     tokens only, 4 bytes a token
    folder of a set of packages             their joined text with its sorted places, 8 bytes a token

Both are shared by all projects with the same vocabulary: a package is read once, whoever imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iquest_lsp.datatypes import RememberedPart
from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory import folders
from iquest_lsp.runtime.memory.builder import MemoryFiles
from iquest_lsp.runtime.memory.disk import Memory, MemoryFile, read_kept
from iquest_lsp.runtime.memory.layers import Layer
from iquest_lsp.runtime.memory.store import MemoryStore, joined

#: Tokens of one package, and of all that a project imports.
MOST_OF_ONE, MOST_OF_ALL = 400_000, 3_000_000


@dataclass(frozen=True, slots=True)
class PackageTexts:
    """An installed package: `name` and `version` tell it from all others, `texts` reads its files (path and text), the
    most telling ones first."""

    name: str
    version: str
    texts: Callable[[], Iterable[tuple[str, str]]]

    @property
    def label(self) -> str:
        """Its name as people write it."""
        return f"{self.name} {self.version}".strip()


class PackageMemory:
    """The packages of one project in one vocabulary."""

    def __init__(self, key: str, n_vocab: int, tokenize: Callable[[str], Sequence[int]]) -> None:
        """`key` names the vocabulary."""
        self._key, self._n_vocab, self._tokenize = key, n_vocab, tokenize
        self._last: tuple[tuple[str, ...], MemoryFiles] | None = None
        #: The folders that the project's packages lie in.
        self.used: list[Path] = []

    def update(self, packages: Sequence[PackageTexts]) -> MemoryFiles:
        """The memory of these packages, the first of them first where there is not room for all; raises OSError."""
        labels = tuple(package.label for package in packages)
        if self._last is not None and self._last[0] == labels and _is_there(self._last[1]):
            return self._last[1]
        folder = folders.folder_of("packages", self._key, *sorted(labels))
        self.used = [folder]
        memory = read_kept(folder, "large", self._key)
        if memory is None and packages:
            memory = self._joined(packages)
            memory.write(folder, "large")
        found = MemoryFiles() if memory is None or not memory.size else _files(memory)
        self._last = labels, found
        return found

    def _joined(self, packages: Sequence[PackageTexts]) -> Memory:
        texts: list[tuple[MemoryFile, Ids]] = []
        room = MOST_OF_ALL
        for package in packages:
            one = self._package(package)
            for at, entry in enumerate(one.entries):
                ids = one.tokens(at)
                if len(ids) < room:
                    room -= len(ids) + 1
                    texts.append((entry, np.array(ids)))
        return Memory.of(self._key, texts, self._n_vocab, layer=Layer.DEPENDENCIES)

    def _package(self, package: PackageTexts) -> Memory:
        """One package's tokens, read if nobody has read them before."""
        folder = folders.folder_of("package", self._key, package.label)
        self.used.append(folder)
        if package.version and (kept := read_kept(folder, "large", self._key)) is not None:
            return kept
        entries: list[MemoryFile] = []
        texts: list[Ids] = []
        room = MOST_OF_ONE
        for path, text in package.texts():
            ids = np.array(self._tokenize(text), np.int32)
            if len(ids) < room:
                room -= len(ids) + 1
                entries.append(MemoryFile(_named(package.label, path), ""))
                texts.append(ids)
        tokens, starts = joined(texts, self._n_vocab)
        unsorted = MemoryStore(tokens, np.empty(0, np.int32), np.zeros(self._n_vocab + 1, np.int64))
        made = Memory(self._key, entries, starts, unsorted, layer=Layer.DEPENDENCIES)
        made.write(folder, "large")
        return made


def _named(label: str, path: str) -> str:
    """A package's file among those of all packages."""
    return f"{label}: {path}"


def _label_of(name: str) -> str:
    """The package that a file so named is of."""
    return name.partition(": ")[0]


def _files(memory: Memory) -> MemoryFiles:
    sizes: dict[str, list[int]] = {}
    for at, entry in enumerate(memory.entries):
        sizes.setdefault(_label_of(entry.path), []).append(len(memory.tokens(at)))
    held = tuple(RememberedPart(Layer.DEPENDENCIES, len(found), sum(found), label) for label, found in sizes.items())
    return MemoryFiles((str(memory.path),), len(memory.entries), memory.size, 0, held)


def _is_there(files: MemoryFiles) -> bool:
    return all(Path(file).is_file() for file in files.files)
