"""Open buffers over the disk: what the user sees, which is not always what is saved."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iquest_lsp.common_ends import common_start
from iquest_lsp.datatypes import Deletion, Document, Position, Snapshot, Span
from iquest_lsp.errors import DocumentError
from iquest_lsp.workspace.positions import LineIndex
from iquest_lsp.workspace.text_decoding import decode

#: One change of a buffer: the span it replaces (None: the whole text) and the new text.
TextChange = tuple[Span | None, str]

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_BUFFER_CHARACTERS = 32 * 1024 * 1024
_DISK_CACHE_FILES = 64
_LONGEST_DELETION = 20_000


@dataclass(slots=True)
class _Buffer:
    document: Document
    lines: LineIndex


@dataclass(frozen=True, slots=True)
class _OnDisk:
    stamp: tuple[int, int, int]
    document: Document


class DocumentStore:
    """The documents of one workspace, by POSIX path relative to its root (absolute for files outside).

    Several editors may have one file open: each `owner` (a client's name) has a buffer and a version of its own, sees
    it, and sees another owner's buffer only of files that it has not open itself. Without an owner the buffer looked
    at last counts. Safe to use from several threads. `clock` gives the wall-clock time of edits and views.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Callable[[], float] = time.time,
        max_file_bytes: int = MAX_FILE_BYTES,
        max_buffer_characters: int = MAX_BUFFER_CHARACTERS,
    ) -> None:
        self.root = root
        self._clock = clock
        self._max_file_bytes = max_file_bytes
        self._max_buffer_characters = max_buffer_characters
        self._open: dict[str, dict[str, _Buffer]] = {}  # path -> owner -> buffer
        self._disk: OrderedDict[str, _OnDisk] = OrderedDict()
        self._times: dict[str, tuple[float, float]] = {}
        self._lock = threading.RLock()
        self._latest = 0.0

    def _now(self) -> float:
        """The wall-clock time of something that happens now; later than all before it, also when the clock is set
        back."""
        self._latest = max(self._clock(), self._latest + 1e-6)
        return self._latest

    def open(self, path: str, text: str, version: int = 0, language: str = "", owner: str = "") -> Document:
        """Takes over a buffer the editor opened; opening it again replaces what was there."""
        self._check_size(path, text)
        with self._lock:
            edited_at, _ = self._times.get(path, (0.0, 0.0))
            document = Document(path, text, version, language, is_open=True, edited_at=edited_at, viewed_at=self._now())
            return self._keep(_Buffer(document, LineIndex(text)), owner)

    def change(
        self, path: str, changes: Sequence[TextChange], version: int, owner: str = "", *, in_order: bool = False
    ) -> Document:
        """Applies changes in order, each to the text that the one before left.

        Spans are in code points and clamped. Raises DocumentError when the buffer is not open, when the version
        does not grow, and when the text would grow past the limit; the buffer is then as it was before. With
        `in_order` the changes are known to come one after another, as over a stream: a version that does not grow is
        taken for the next one.
        """
        with self._lock:
            buffer = self._buffer(path, owner)
            if in_order:
                version = max(version, buffer.document.version + 1)
            if version <= buffer.document.version:
                raise DocumentError(
                    f"{path}: change to version {version} after version {buffer.document.version}",
                    why="changes arrived out of order",
                    fix="Close and open the file",
                )
            lines, start = buffer.lines, 0
            for span, text in changes:
                if span is None:
                    lines = LineIndex(text)
                    continue
                start, end = sorted((lines.offset(span.start), lines.offset(span.end)))
                lines = LineIndex(lines.text[:start] + text + lines.text[end:])
            self._check_size(path, lines.text)
            now, old = self._now(), buffer.document
            edited_at = now if lines.text != old.text else old.edited_at
            deletion = _deleted(old.text, lines.text, changes, start, old.deletion)
            document = replace(
                old, text=lines.text, version=version, edited_at=edited_at, viewed_at=now, deletion=deletion
            )
            return self._keep(_Buffer(document, lines), owner)

    def save(self, path: str, text: str | None = None, owner: str = "") -> Document:
        """Notes that the buffer was written; `text`, where the editor sends it, is what was written."""
        with self._lock:
            buffer = self._buffer(path, owner)
            self._disk.pop(path, None)
            if text is None or text == buffer.document.text:
                return buffer.document
            self._check_size(path, text)
            document = replace(buffer.document, text=text, edited_at=self._now())
            return self._keep(_Buffer(document, LineIndex(text)), owner)

    def close(self, path: str, owner: str = "") -> None:
        """Forgets the owner's buffer; without any the file on disk counts. Closing twice is no error."""
        with self._lock:
            buffers = self._open.get(path, {})
            buffers.pop(owner, None)
            if not buffers:
                self._open.pop(path, None)
            self._disk.pop(path, None)

    def release(self, owner: str) -> None:
        """Forgets every buffer of an owner that is gone."""
        with self._lock:
            for path in [path for path, buffers in self._open.items() if owner in buffers]:
                self.close(path, owner)

    def view(self, path: str) -> None:
        """Notes that the user looks at a document."""
        with self._lock:
            edited_at, _ = self._times.get(path, (0.0, 0.0))
            self._times[path] = (edited_at, self._now())
            for buffer in self._open.get(path, {}).values():
                buffer.document = replace(buffer.document, viewed_at=self._times[path][1])

    def is_open(self, path: str) -> bool:
        """Whether an editor has the document open."""
        return path in self._open

    def language(self, path: str, owner: str = "") -> str:
        """The language id of an open document, "" of one that is not open."""
        with self._lock:
            buffer = self._seen(path, owner)
            return buffer.document.language if buffer is not None else ""

    def get(self, path: str, owner: str = "") -> Document:
        """The open buffer, else the file on disk. Raises DocumentError."""
        with self._lock:
            buffer = self._seen(path, owner)
            return buffer.document if buffer is not None else self._read(path)

    def saved(self, path: str) -> Document:
        """The file on disk, whatever editors show of it. Raises DocumentError."""
        with self._lock:
            return self._read(path)

    def lines(self, path: str, owner: str = "") -> LineIndex:
        """The line index of an open buffer, or of the file on disk. Raises DocumentError."""
        with self._lock:
            buffer = self._seen(path, owner)
            return buffer.lines if buffer is not None else LineIndex(self._read(path).text)

    def open_documents(self, owner: str = "") -> tuple[Document, ...]:
        """All open files as the owner sees them, by path."""
        with self._lock:
            seen = (self._seen(path, owner) for path in sorted(self._open))
            return tuple(buffer.document for buffer in seen if buffer is not None)

    def buffers(self) -> list[tuple[str, Document]]:
        """Every owner's buffers, each with its owner."""
        with self._lock:
            return [(owner, buffer.document) for found in self._open.values() for owner, buffer in found.items()]

    def snapshot(self, path: str, cursor: Position, owner: str = "") -> Snapshot:
        """What a request sees, from now on unchanged; the cursor is clamped. Raises DocumentError."""
        with self._lock:
            document = self.get(path, owner)
            lines = self.lines(path, owner)
            return Snapshot(self.root, document, lines.clamp(cursor), self.open_documents(owner))

    def forget_disk(self, paths: Sequence[str] | None = None) -> None:
        """Drops what is remembered of files on disk (all of them without `paths`)."""
        with self._lock:
            if paths is None:
                self._disk.clear()
            else:
                for path in paths:
                    self._disk.pop(path, None)

    def _keep(self, buffer: _Buffer, owner: str) -> Document:
        document = buffer.document
        self._open.setdefault(document.path, {})[owner] = buffer
        self._times[document.path] = (document.edited_at, document.viewed_at)
        return document

    def _seen(self, path: str, owner: str) -> _Buffer | None:
        buffers = self._open.get(path, {})
        return buffers.get(owner) or max(buffers.values(), key=lambda item: item.document.viewed_at, default=None)

    def _buffer(self, path: str, owner: str) -> _Buffer:
        buffer = self._open.get(path, {}).get(owner)
        if buffer is None:
            raise DocumentError(f"{path} is not open", why="the editor sent a change before opening it")
        return buffer

    def _check_size(self, path: str, text: str) -> None:
        if len(text) > self._max_buffer_characters:
            raise DocumentError(f"{path} is too large", why=f"{len(text):,} characters in the buffer")

    def _read(self, path: str) -> Document:
        file = self.root / path
        try:
            with open(file, "rb", opener=_open_at_once) as stream:
                status = os.fstat(stream.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise DocumentError(f"{path} is not a regular file")
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                cached = self._disk.get(path)
                if cached is not None and cached.stamp == stamp:
                    self._disk.move_to_end(path)
                    return self._dated(cached.document)
                if status.st_size > self._max_file_bytes:
                    raise DocumentError(f"{path} is too large", why=f"{status.st_size:,} bytes")
                data: bytes | None = stream.read(self._max_file_bytes + 1)
                if data is None:  # one of the system's own files, which has nothing to say just now
                    raise DocumentError(f"{path} is not a regular file")
        except OSError as error:
            raise DocumentError(f"Cannot read {path}", why=error.strerror or str(error)) from error
        except ValueError as error:  # a NUL in the path
            raise DocumentError(f"Cannot read {path!r}", why=str(error)) from error
        document = Document(path, decode(data, path))
        self._disk[path] = _OnDisk(stamp, document)
        while len(self._disk) > _DISK_CACHE_FILES:
            self._disk.popitem(last=False)
        return self._dated(document)

    def _dated(self, document: Document) -> Document:
        edited_at, viewed_at = self._times.get(document.path, (0.0, 0.0))
        return replace(document, edited_at=edited_at, viewed_at=viewed_at)


def _open_at_once(path: str, flags: int) -> int:
    # A named pipe without a writer would block the open for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def workspace_path(root: Path, file: Path) -> str:
    """The path the house uses for a file: relative to `root` in POSIX form, absolute where it lies outside.

    Only the text of the paths counts; symbolic links are not followed.
    """
    absolute = Path(os.path.abspath(root / file))
    try:
        return absolute.relative_to(os.path.abspath(root)).as_posix()
    except ValueError:
        return absolute.as_posix()


def _deleted(old: str, new: str, changes: Sequence[TextChange], start: int, before: Deletion | None) -> Deletion | None:
    """What of a text is gone in the next one, where nothing else changed; `start` is where the only change begins.

    What was deleted `before`, at the same place, is a part of it.
    """
    if old == new:
        return before
    count = len(old) - len(new)
    if not 0 < count <= _LONGEST_DELETION:
        return None
    is_told = len(changes) == 1 and changes[0][0] is not None and not changes[0][1]
    at = start if is_told else common_start(old, new)
    if old[at + count :] != new[at:]:
        return None
    gone = old[at : at + count]
    if before is not None and at + count == before.offset:
        return Deletion(at, gone + before.text)
    if before is not None and at == before.offset:
        return Deletion(at, before.text + gone)
    return Deletion(at, gone)
