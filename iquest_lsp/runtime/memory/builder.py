"""Keeps a workspace's memory on disk: a large one that is seldom made anew, and a small one of what changed since.

The small one takes the place of its files in the large one. It is sorted anew with each change, and put into the large
one when it has grown; the tokens of files that stay as they are come out of the old memory, so that a change costs the
reading of the files that changed. After O'Neil et al., "The log-structured merge-tree" (1996), with two levels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iquest_lsp.datatypes import RememberedPart
from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory.disk import Memory, MemoryFile, kept_files, read_kept
from iquest_lsp.runtime.memory.layers import Layer

#: The small memory is put into the large one from so many tokens on, and from this share of the large one.
LEAST_MERGED, MERGED_SHARE = 100_000, 0.125
#: Tokens that a memory may hold: a place is a 32-bit number, and eight bytes a token have to be found.
MOST_TOKENS = 64_000_000


@dataclass(frozen=True, slots=True)
class FileReading:
    """What was read of a file; without a `text` it is no more, or may not be shown."""

    path: str
    text: str | None
    changed_ns: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class MemoryFiles:
    """A workspace's memory as it lies on disk: of each layer the large file and the small one, in this order, by their
    paths, how many files and tokens they hold, how many files found no room, and what of it is of which sort."""

    files: tuple[str, ...] = ()
    texts: int = 0
    tokens: int = 0
    left_out: int = 0
    parts: tuple[RememberedPart, ...] = ()

    @classmethod
    def together(cls, parts: Iterable[MemoryFiles]) -> MemoryFiles:
        """Those of several layers."""
        found = list(parts)
        return cls(
            tuple(file for part in found for file in part.files),
            sum(part.texts for part in found),
            sum(part.tokens for part in found),
            sum(part.left_out for part in found),
            tuple(held for part in found for held in part.parts),
        )


class Builder:
    """The memory of one layer of a workspace for one vocabulary, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        key: str,
        n_vocab: int,
        tokenize: Callable[[str], Sequence[int]],
        layer: Layer = Layer.CODE,
    ) -> None:
        """Takes over what lies in the folder, as far as it is sound. `key` names the vocabulary."""
        self.folder, self._key, self._n_vocab, self.tokenize = folder, key, n_vocab, tokenize
        self.layer = layer
        self._left_out = 0
        self._large, self._small = self._read("large"), self._read("small")
        if self._small.below != self._large.digest:  # it stands upon another one, which was lost
            self._small = self._empty()

    def entry(self, path: str) -> MemoryFile | None:
        """What is known of a file."""
        return self._entries().get(path)

    @property
    def paths(self) -> list[str]:
        """The files that are remembered."""
        return list(self._entries())

    def update(self, texts: Iterable[FileReading]) -> MemoryFiles:
        """Takes in what was read of files; raises OSError where the disk does not take it.

        A file that is not mentioned stays as it was.
        """
        entries = self._entries()
        changed: dict[str, tuple[MemoryFile, Ids] | None] = {}
        for text in texts:
            known = entries.get(text.path)
            if text.text is None:
                if known is not None:
                    changed[text.path] = None
                continue
            digest = hashlib.blake2b(text.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            if known is not None and known.digest == digest:
                continue
            ids = np.array(self.tokenize(text.text), np.int32)
            changed[text.path] = MemoryFile(text.path, digest, text.changed_ns, text.size), ids
        if changed:
            self._take(changed)
        return self.files()

    def files(self) -> MemoryFiles:
        """Where the memory lies; nothing where it is empty."""
        kept = tuple(str(memory.path) for memory in (self._large, self._small) if memory.path is not None)
        sizes = [
            len(memory.tokens(at))
            for memory in (self._large, self._small)
            for at, entry in enumerate(memory.entries)
            if memory is self._small or entry.path not in self._small.gone
        ]
        texts, tokens = sum(size > 0 for size in sizes), sum(sizes)
        held = (RememberedPart(self.layer, texts, tokens),) if texts else ()
        return MemoryFiles(kept, texts, tokens, self._left_out, held)

    def _entries(self) -> dict[str, MemoryFile]:
        found = {entry.path: entry for entry in self._large.entries if entry.path not in self._small.gone}
        return found | {entry.path: entry for entry in self._small.entries}

    def _take(self, changed: dict[str, tuple[MemoryFile, Ids] | None]) -> None:
        small = {entry.path: (entry, self._small.tokens(at)) for at, entry in enumerate(self._small.entries)}
        for path, text in changed.items():
            small.pop(path, None)
            if text is not None:
                small[path] = text
        in_large = {entry.path for entry in self._large.entries}
        gone = (self._small.gone | set(changed)) & in_large
        size = sum(len(ids) for _, ids in small.values())
        if size < max(LEAST_MERGED, MERGED_SHARE * self._large.size) and self._large.entries:
            texts = [small[path] for path in sorted(small)]
            self._small = Memory.of(self._key, texts, self._n_vocab, self._large.digest, sorted(gone), self.layer)
            self._small.write(self.folder, "small")
            return
        whole = {
            entry.path: (entry, self._large.tokens(at))
            for at, entry in enumerate(self._large.entries)
            if entry.path not in gone
        } | small
        kept: list[tuple[MemoryFile, Ids]] = []
        room = MOST_TOKENS
        for path in sorted(whole):  # a folder's files lie together
            room -= len(whole[path][1]) + 1
            if room < 0:
                break
            kept.append(whole[path])
        self._left_out = len(whole) - len(kept)
        self._large = Memory.of(self._key, kept, self._n_vocab, layer=self.layer)
        self._large.write(self.folder, "large")
        self._small = self._empty()
        for file in kept_files(self.folder, "small"):
            file.unlink(missing_ok=True)

    def _empty(self) -> Memory:
        return Memory.of(self._key, (), self._n_vocab, layer=self.layer)

    def _read(self, kind: str) -> Memory:
        """The memory that was kept, an empty one where there is none that is sound."""
        return read_kept(self.folder, kind, self._key) or self._empty()
