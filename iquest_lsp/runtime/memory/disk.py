"""A memory on disk: a joined text with its sorted places, checked to the last byte before it is believed.

    front   magic, format version, size of the head, SHA-256 of all that follows
    head    what it belongs to and the files it holds, as JSON, padded
    arrays  tokens int32, places int32, begins int64 (see MemoryStore)

A file is written beside its place and renamed; it is read through a mapping, so that processes share its pages.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.atomic_file import replacing
from iquest_lsp.errors import IQuestError
from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory.layers import Layer
from iquest_lsp.runtime.memory.store import LONGEST, MemoryStore, joined

log = logging.getLogger(__name__)

MAGIC, VERSION = b"IQMEMORY", 2
_FRONT = struct.Struct("<8sII32s")
_PAGE = 64
_MOST_HEAD = 1 << 28
SUFFIX = ".memory"
#: Hex digits of the digest in a file's name.
_NAMED = 16


class MemoryFileError(IQuestError):
    """A file is no memory, is damaged, or belongs to another vocabulary; it is to be made anew."""


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """One file of a memory: its path, a digest of its text, and what the disk said of it when it was read (time of
    its last change in nanoseconds and size in bytes; 0 for a buffer, which is always looked at again)."""

    path: str
    digest: str
    changed_ns: int = 0
    size: int = 0


class Memory:
    """A searchable text and the files that it is made of.

    `key` names its vocabulary, `layer` the sort of its files. `below` is the digest of the memory that it stands upon
    ("": none), of whose files it replaces or takes away those in `gone`. `path` and `digest` are those of its own file,
    once there is one.
    """

    def __init__(
        self,
        key: str,
        entries: Sequence[MemoryFile],
        starts: NDArray[np.int64],
        store: MemoryStore,
        below: str = "",
        gone: Sequence[str] = (),
        layer: Layer = Layer.CODE,
    ) -> None:
        """`starts`: where each file begins, and one more; see `joined`."""
        self.key, self.entries, self.store = key, tuple(entries), store
        self.below, self.gone, self.layer = below, frozenset(gone), layer
        self.starts = starts
        self.path: Path | None = None
        self.digest = ""
        self._starts: list[int] = starts.tolist()

    @classmethod
    def of(
        cls,
        key: str,
        texts: Sequence[tuple[MemoryFile, Ids]],
        n_vocab: int,
        below: str = "",
        gone: Sequence[str] = (),
        layer: Layer = Layer.CODE,
    ) -> Memory:
        """Sorts the texts of files."""
        tokens, starts = joined([ids for _, ids in texts], n_vocab)
        return cls(key, [entry for entry, _ in texts], starts, MemoryStore.of(tokens, n_vocab), below, gone, layer)

    @property
    def size(self) -> int:
        """Tokens of all files."""
        return len(self.store.tokens) - LONGEST - len(self.entries)

    def tokens(self, number: int) -> Ids:
        """The text of one of the files."""
        return self.store.tokens[self._starts[number] : self._starts[number + 1] - 1]

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """The files by their paths."""
        return {entry.path: number for number, entry in enumerate(self.entries)}

    def in_folder(self, folder: str) -> list[int]:
        """The files that lie in a folder itself."""
        return self._folders.get(folder, [])

    @functools.cached_property
    def _folders(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for path, number in self.numbers.items():
            found.setdefault(path.rpartition("/")[0], []).append(number)
        return found

    def file_at(self, place: int) -> str:
        """The path of the file that a place lies in."""
        return self.entries[bisect_right(self._starts, place) - 1].path

    def write(self, folder: Path, kind: str) -> None:
        """Puts it on disk, in place of others of its kind; raises OSError.

        The name tells the content: who has a file mapped, or knows it by its name, never meets another one.
        """
        store = self.store
        about = {
            "key": self.key,
            "layer": self.layer,
            "files": [list(asdict(entry).values()) for entry in self.entries],
            "starts": self._starts,
            "below": self.below,
            "gone": sorted(self.gone),
            "counts": [len(store.tokens), len(store.places), len(store.begins)],
        }
        head = json.dumps(about, separators=(",", ":")).encode("ascii")
        head += b" " * (-(len(head) + _FRONT.size) % _PAGE)
        parts = [head, *(_padded(array) for array in (store.tokens, store.places, store.begins))]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        self.digest = digest.hexdigest()
        path = folder / f"{kind}-{self.digest[:_NAMED]}{SUFFIX}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as made, made.open("wb") as file:
            file.write(_FRONT.pack(MAGIC, VERSION, len(head), digest.digest()))
            for part in parts:
                file.write(part)
        self.path = path
        for other in kept_files(folder, kind):
            if other != path:
                other.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path, key: str) -> Memory:
        """The memory in a file; raises MemoryFileError where anything is not as it was written, or is not of `key`."""
        try:
            data = np.asarray(np.memmap(path, np.uint8, "r"))  # operations on the subclass take several times as long
            found = _parse(data, key)
            found.path = path
            return found
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError, struct.error) as error:
            raise MemoryFileError(f"{path.name} is not a usable memory", why=str(error)) from error


def read_kept(folder: Path, kind: str, key: str) -> Memory | None:
    """The memory of a kind that a folder keeps; one that is not sound is taken away."""
    for path in kept_files(folder, kind):
        try:
            return Memory.read(path, key)
        except MemoryFileError as error:
            log.info("%s; it is made anew", error)
            path.unlink(missing_ok=True)
    return None


def kept_files(folder: Path, kind: str) -> list[Path]:
    """The memories of a kind in a folder."""
    return sorted(folder.glob(f"{kind}-*{SUFFIX}"))


def _parse(data: NDArray[np.uint8], key: str) -> Memory:
    magic, version, size, digest = _FRONT.unpack(bytes(data[: _FRONT.size]))
    if (magic, version) != (MAGIC, VERSION) or size > _MOST_HEAD:
        raise ValueError("it has another format")
    if hashlib.sha256(data[_FRONT.size :].data).digest() != digest:
        raise ValueError("its content is not what was written")
    about: dict[str, Any] = json.loads(bytes(data[_FRONT.size : _FRONT.size + size]))
    if about["key"] != key:
        raise ValueError("it belongs to another model or version")
    at = _FRONT.size + size
    arrays = []
    for count, kind in zip(about["counts"], (np.int32, np.int32, np.int64), strict=True):
        width = count * np.dtype(kind).itemsize
        arrays.append(data[at : at + width].view(kind))
        at += width + -width % _PAGE
    if at != len(data):
        raise ValueError("its size is not what it says")
    entries = [MemoryFile(*values) for values in about["files"]]
    store = MemoryStore(arrays[0], arrays[1], arrays[2])
    starts = np.array(about["starts"], np.int64)
    if len(starts) != len(entries) + 1:
        raise ValueError("its files do not fit its text")
    found = Memory(key, entries, starts, store, about["below"], about["gone"], Layer(about["layer"]))
    found.digest = digest.hex()
    return found


def _padded(array: NDArray[Any]) -> bytes:
    data = array.tobytes()
    return data + b"\0" * (-len(data) % _PAGE)
