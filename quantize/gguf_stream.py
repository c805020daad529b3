"""Writes a GGUF piece by piece: header first, then each tensor's data as it comes, resumable and renamed at the end.

While it is written the file is called NAME.part; NAME.part.json beside it says how many tensors are complete and what
they were made from. A second run with the same header and the same sources goes on where the first one stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.atomic_file import atomic_write, put_in_place
from iquest_lsp.errors import ModelFileError
from quantize import outputs

ALIGNMENT = 32
#: Seconds between two notes of what is complete; each waits for the disk.
NOTE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """A tensor to be written: `shape` outermost first, `kind` its GGUF type."""

    name: str
    shape: tuple[int, ...]
    kind: gguf.GGMLQuantizationType

    @property
    def size(self) -> int:
        """Bytes of data, without padding."""
        sizes: tuple[int, int] = gguf.GGML_QUANT_SIZES[self.kind]
        block, width = sizes
        return int(np.prod(self.shape, dtype=np.int64)) // block * width


#: The data of a tensor in order, in pieces of any size.
Source = Callable[[PlannedTensor], Iterator[NDArray[Any]]]
#: Called with bytes done (of tensors, this run and those before), bytes of all, and the tensor's name.
Progress = Callable[[int, int, str], None]


def write(
    path: Path,
    writer: gguf.GGUFWriter,
    tensors: list[PlannedTensor],
    source: Source,
    fingerprint: Any,
    progress: Progress | None = None,
) -> int:
    """Writes `path` from the metadata in `writer` and the pieces of `source`; returns how many tensors were kept.

    `fingerprint` (JSON) identifies what the data come from: an unfinished file made from something else is begun
    again. Raises ModelFileError where it cannot be written.
    """
    with outputs.writing(path):  # what is written already is kept: the next run goes on there
        return _write(path, writer, tensors, source, fingerprint, progress)


def _write(
    path: Path,
    writer: gguf.GGUFWriter,
    tensors: list[PlannedTensor],
    source: Source,
    fingerprint: Any,
    progress: Progress | None,
) -> int:
    part, note = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.json")
    header = header_bytes(writer, tensors, part.with_name(part.name + ".header"))
    starts, at = [], len(header)
    for tensor in tensors:
        starts.append(at)
        at += -(-tensor.size // ALIGNMENT) * ALIGNMENT
    total = sum(tensor.size for tensor in tensors)
    state = {"header": hashlib.sha256(header).hexdigest(), "from": fingerprint}
    outputs.check_room(path, at - (part.stat().st_size if part.exists() else 0))
    with _opened(part) as stream:
        kept = _kept(part, note, state, header, starts, tensors)
        if kept:
            stream.truncate(starts[kept] if kept < len(starts) else at)
            stream.seek(0, os.SEEK_END)
        else:
            stream.truncate(0)
            _write_all(stream, header)
        done = sum(tensor.size for tensor in tensors[:kept])
        noted = time.monotonic()
        for i in range(kept, len(tensors)):
            done = _write_tensor(stream, tensors[i], source, done, total, progress)
            if time.monotonic() - noted > NOTE_EVERY_S:
                os.fsync(stream.fileno())
                _write_note(note, state | {"done": i + 1})
                noted = time.monotonic()
        os.fsync(stream.fileno())
    put_in_place(part, path)
    note.unlink(missing_ok=True)
    return kept


def _opened(part: Path) -> Any:
    """The unfinished file, for this process alone. Raises ModelFileError where another one is writing it."""
    stream = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        stream.close()
        raise ModelFileError(
            f"{part} is being written by another process", fix="Wait for it, or write to another name"
        ) from error
    return stream


def header_bytes(writer: gguf.GGUFWriter, tensors: list[PlannedTensor], scratch: Path) -> bytes:
    """Everything before the data, padded, as gguf.GGUFWriter writes it."""
    for tensor in tensors:
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), tensor.size, raw_dtype=tensor.kind)
    try:
        writer.write_header_to_file(scratch)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        data = scratch.read_bytes()
    finally:
        scratch.unlink(missing_ok=True)
    return data + bytes(-len(data) % ALIGNMENT)


def _write_tensor(
    stream: Any, tensor: PlannedTensor, source: Source, done: int, total: int, progress: Progress | None
) -> int:
    written = 0
    for piece in source(tensor):
        data = np.ascontiguousarray(piece).view(np.uint8).reshape(-1)
        _write_all(stream, data.data)
        written += data.size
        if progress is not None:
            progress(done + written, total, tensor.name)
    if written != tensor.size:
        raise AssertionError(f"{tensor.name} gave {written} bytes instead of {tensor.size}")
    _write_all(stream, bytes(-written % ALIGNMENT))
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return done + written


def _kept(
    part: Path, note: Path, state: dict[str, Any], header: bytes, starts: list[int], tensors: list[PlannedTensor]
) -> int:
    """Tensors that an unfinished file holds already, 0 where it was made from something else."""
    try:
        found = json.loads(note.read_text("utf-8"))
        kept = int(found.pop("done"))
        with part.open("rb") as stream:
            same = stream.read(len(header)) == header
        long_enough = 0 < kept <= len(tensors) and part.stat().st_size >= starts[kept - 1] + tensors[kept - 1].size
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0
    return kept if same and long_enough and found == json.loads(json.dumps(state)) else 0


def _write_note(note: Path, content: dict[str, Any]) -> None:
    atomic_write(note, json.dumps(content))


def _write_all(stream: Any, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]
