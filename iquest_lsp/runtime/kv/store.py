"""Saved KV on disk: one file per workspace, branch and model, checked to the last byte before it is believed.

    head    magic, format version, head size, SHA-256 of the rest of the head; the key and the counts as JSON, padded
    tokens  int32 [n]
    state   what the runtime wrote of the sequence

The head holds the SHA-256 of everything behind it. A file is written beside its place and renamed, so that a reader
finds the old one, the new one, or none. Both directions map the file: a state of gigabytes is never in memory twice.
llama.cpp's own state files check neither the model nor the content, hence all this.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import mmap
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from iquest_lsp import file_lock
from iquest_lsp.atomic_file import put_in_place
from iquest_lsp.errors import IQuestError
from iquest_lsp.token_ids import WIDTH, TokenIds

log = logging.getLogger(__name__)

MAGIC = b"IQKVSAVE"
VERSION = 1
_FRONT = struct.Struct("<8sII32s")
_PAGE = 4096
_MAX_HEAD = 1 << 20
#: Bytes of the disk that saving leaves free.
DISK_RESERVE = 1 << 30
#: A half-written file is swept away after so many seconds without a write.
ABANDONED_S = 600.0
SUFFIX = ".kv"


@dataclass(frozen=True, slots=True)
class StateKey:
    """What a saved KV belongs to; it may be used only where every part is the same.

    `model` identifies the file's content, `layout` the order of the window, `runtime` the library's build, `memory`
    the KV cache's types and arrangement.
    """

    workspace: str
    branch: str
    model: str
    layout: str
    runtime: str
    memory: str

    @property
    def file_name(self) -> str:
        """The file of a workspace, branch and model; the other parts are compared when it is read."""
        place = "\0".join((self.workspace, self.branch, self.model))
        return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32] + SUFFIX


@dataclass(frozen=True, slots=True)
class StateEntry:
    """One file of the store as `cache info` shows it; `problem` says why it could not be read."""

    path: Path
    bytes: int
    used: float
    tokens: int = 0
    workspace: str = ""
    branch: str = ""
    problem: str = ""


class StateMismatchError(Exception):
    """A saved state may not be used; says why. Never leaves this module."""


class PendingState:
    """A state under way to the disk: `buffer` takes what the runtime writes, `finish` makes the file valid."""

    def __init__(self, store: StateStore, key: StateKey, tokens: Sequence[int], size: int) -> None:
        self._store = store
        self._key = key
        self._count = len(tokens)
        head = _head(key, self._count, size, b"\0" * 32)
        body = len(head) + 4 * self._count
        store.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = store.folder / f".{key.file_name}.{os.getpid()}.{time.monotonic_ns()}.tmp"
        self._size = size
        self._start = len(head)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            allocate(self._file, body + size)  # a full disk must show here, not as a fault in the mapping
            self._map = mmap.mmap(self._file, body + size)
        except BaseException:
            self.discard()
            raise
        self._map[len(head) : body] = np.asarray(tokens, np.int32).tobytes()
        self.buffer: NDArray[np.uint8] | None = np.frombuffer(self._map, np.uint8, size, body)

    def finish(self) -> int:
        """Hashes, writes through to the disk and renames; returns the file's bytes. Raises OSError."""
        try:
            self.buffer = None
            digest = hashlib.sha256(memoryview(self._map)[self._start :]).digest()
            self._map[: self._start] = _head(self._key, self._count, self._size, digest)
            self._map.flush()
            total = len(self._map)
            self._map.close()
            put_in_place(self._path, self._store.folder / self._key.file_name, fsync=True)
        except BaseException:
            self.discard()
            raise
        os.close(self._file)
        self._store.make_room(0, keep=self._key.file_name)
        return total

    def discard(self) -> None:
        """Leaves nothing behind."""
        self.buffer = None
        with contextlib.suppress(OSError, BufferError):
            if hasattr(self, "_map"):
                self._map.close()
        with contextlib.suppress(OSError):
            os.close(self._file)
        self._path.unlink(missing_ok=True)


class StateStore:
    """The folder of saved states, of at most `limit` bytes; several processes may share it."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit

    def begin(self, key: StateKey, tokens: Sequence[int], size: int) -> PendingState | None:
        """Makes room for a state of `size` bytes; None, with one log line, where there is none."""
        total = _PAGE + 4 * len(tokens) + size
        if total > self.limit:
            log.info("the KV cache is not saved: %d MB, and the limit is %d MB", total >> 20, self.limit >> 20)
            return None
        try:
            self.make_room(total, keep=key.file_name)
            pending = PendingState(self, key, tokens, size)
        except OSError as error:
            log.warning("the KV cache is not saved: %s", error.strerror or error)
            return None
        return pending

    def load(self, key: StateKey, use: Callable[[TokenIds, NDArray[np.uint8]], None]) -> int:
        """Gives the saved tokens and state to `use`, and returns the number of tokens; 0 where there are none.

        A file that differs from `key` in anything, or is damaged, is not used: one log line says why. An IQuestError
        of `use` counts as such a difference.
        """
        path = self.folder / key.file_name
        try:
            with _mapped(path) as data:
                tokens, state = _checked(data, key)
                try:
                    use(tokens, state)
                finally:
                    del state
        except FileNotFoundError:
            return 0
        except (StateMismatchError, IQuestError) as error:
            log.warning("the saved KV cache of %s is not used: %s", key.workspace, error)
            return 0
        except OSError as error:
            log.warning("the saved KV cache of %s is not used: %s", key.workspace, error.strerror or error)
            return 0
        with contextlib.suppress(OSError):
            os.utime(path)
        return len(tokens)

    def entries(self) -> list[StateEntry]:
        """All saved states, the last used first."""
        found = []
        for path, bytes_, used in self._files():
            try:
                with path.open("rb") as file:
                    meta = _read_head(file.read(_MAX_HEAD))[0]
                saved = StateKey(**meta["key"])
                found.append(StateEntry(path, bytes_, used, meta["tokens"], saved.workspace, saved.branch))
            except (OSError, StateMismatchError, TypeError, KeyError) as error:
                found.append(StateEntry(path, bytes_, used, problem=str(error)))
        return sorted(found, key=lambda entry: -entry.used)

    def clear(self) -> tuple[int, int]:
        """Removes everything; returns how many files and bytes. Raises OSError."""
        files = self._files()
        for path, _, _ in files:
            path.unlink(missing_ok=True)
        self._sweep(0.0)
        return len(files), sum(size for _, size, _ in files)

    def remove_damaged(self) -> int:
        """Removes the files that cannot be read as a saved state; returns how many. Raises OSError."""
        damaged = [entry.path for entry in self.entries() if entry.problem]
        for path in damaged:
            path.unlink(missing_ok=True)
        return len(damaged)

    def make_room(self, needed: int, keep: str = "") -> None:
        """Removes the least recently used files until `needed` more bytes fit; `keep` is spared.

        Raises OSError (no space left) where the disk itself has no room.
        """
        with self._locked():
            self._sweep(ABANDONED_S)
            files = self._files()
            replaced = sum(size for path, size, _ in files if path.name == keep) if needed else 0
            total = sum(size for _, size, _ in files) - replaced + needed
            oldest = sorted((used, path, size) for path, size, used in files if path.name != keep)
            for _, path, size in oldest:
                if total <= self.limit and self.free_bytes() - needed >= DISK_RESERVE:
                    break
                path.unlink(missing_ok=True)
                total -= size
            if needed and self.free_bytes() - needed < DISK_RESERVE:
                raise OSError(28, f"the disk is nearly full: saving {needed >> 20} MB would leave less than 1 GiB")

    def free_bytes(self) -> int:
        folder = self.folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def _files(self) -> list[tuple[Path, int, float]]:
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in self.folder.glob(f"*{SUFFIX}"):
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    found.append((path, status.st_size, status.st_mtime))
        return found

    def _sweep(self, age: float) -> None:
        for path in self.folder.glob(f".*{SUFFIX}.*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime >= age:
                    path.unlink()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            file_lock.lock(file, wait=True)
            yield
        finally:
            os.close(file)


def saved_kv_folder() -> Path:
    """Where the user's saved KV lies."""
    return user_cache_path("iquest-lsp") / "kv"


# ------------------------------------------------------------------------------------------------ the format


def _head(key: StateKey, tokens: int, size: int, digest: bytes) -> bytes:
    meta = {"key": asdict(key), "tokens": tokens, "state_bytes": size, "sha256": digest.hex()}
    text = json.dumps(meta, sort_keys=True).encode("ascii")
    length = -(-(_FRONT.size + len(text)) // _PAGE) * _PAGE
    rest = text.ljust(length - _FRONT.size, b"\0")
    return _FRONT.pack(MAGIC, VERSION, length, hashlib.sha256(rest).digest()) + rest


def _read_head(data: bytes | memoryview) -> tuple[dict[str, Any], int]:
    """The head's JSON and the head's length."""
    if len(data) < _FRONT.size:
        raise StateMismatchError("the file is cut off")
    magic, version, length, digest = _FRONT.unpack_from(data)
    if magic != MAGIC:
        raise StateMismatchError("the file is not a saved KV cache")
    if version != VERSION:
        raise StateMismatchError(f"its format version is {version}, not {VERSION}")
    if not _FRONT.size < length <= min(len(data), _MAX_HEAD) or length % _PAGE:
        raise StateMismatchError("the file is cut off or its head is damaged")
    rest = bytes(data[_FRONT.size : length])
    if hashlib.sha256(rest).digest() != digest:
        raise StateMismatchError("its head is damaged")
    try:
        meta: dict[str, Any] = json.loads(rest.rstrip(b"\0"))
    except ValueError as error:
        raise StateMismatchError("its head is damaged") from error
    return meta, length


def _checked(data: mmap.mmap, key: StateKey) -> tuple[TokenIds, NDArray[np.uint8]]:
    """Tokens and state of a mapped file; raises StateMismatchError."""
    view = memoryview(data)
    try:
        meta, head = _read_head(view)
        try:
            saved, count, size = StateKey(**meta["key"]), int(meta["tokens"]), int(meta["state_bytes"])
            digest = str(meta["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise StateMismatchError("its head is damaged") from error
        for part in fields(StateKey):
            if getattr(saved, part.name) != getattr(key, part.name):
                raise StateMismatchError(
                    f"it was made for another {part.name}"
                    f" ({_short(getattr(saved, part.name))}, now {_short(getattr(key, part.name))})"
                )
        if count < 0 or size < 0 or head + 4 * count + size != len(view):
            raise StateMismatchError("its length is not the one it was written with")
        if hashlib.sha256(view[head:]).hexdigest() != digest:
            raise StateMismatchError("its content is damaged")
        tokens = TokenIds.of_bytes(bytes(view[head : head + WIDTH * count]))
    finally:
        view.release()
    return tokens, np.frombuffer(data, np.uint8, size, head + 4 * count)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        if os.fstat(file).st_size == 0:
            raise StateMismatchError("the file is empty")
        data = mmap.mmap(file, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(file)
    try:
        yield data
    finally:
        with contextlib.suppress(BufferError):  # an exception's traceback may still hold a view
            data.close()


def allocate(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    zeros = bytes(1 << 20)
    for at in range(0, size, len(zeros)):
        os.write(file, zeros[: min(len(zeros), size - at)])
