"""A GGUF's header as it lies in the file: every key with its type, so that one can be changed and the rest kept.

Values stay bytes; only what is changed is encoded anew. The tensor data are copied, never interpreted, except where a
tensor is asked to become F32. Format: GGUF specification, ggml/docs/gguf.md, version 3, little-endian.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import gguf
import numpy as np
from gguf.quants import dequantize
from numpy.typing import NDArray

from iquest_lsp.atomic_file import put_in_place
from iquest_lsp.errors import ModelFileError, UnsupportedModelError
from iquest_lsp.runtime.models.gguf_header import TensorInfo, read_header
from quantize import outputs
from quantize.gguf_stream import Progress

_SCALARS = {
    gguf.GGUFValueType.UINT8: "B",
    gguf.GGUFValueType.INT8: "b",
    gguf.GGUFValueType.UINT16: "H",
    gguf.GGUFValueType.INT16: "h",
    gguf.GGUFValueType.UINT32: "I",
    gguf.GGUFValueType.INT32: "i",
    gguf.GGUFValueType.FLOAT32: "f",
    gguf.GGUFValueType.BOOL: "?",
    gguf.GGUFValueType.UINT64: "Q",
    gguf.GGUFValueType.INT64: "q",
    gguf.GGUFValueType.FLOAT64: "d",
}
_COPY = 16 * 1024 * 1024
#: Elements of a tensor that are in memory at once.
_PIECE_ELEMENTS = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One metadata value: `kind` its GGUF type, `data` its bytes without the type."""

    kind: int
    data: bytes

    @classmethod
    def of(cls, value: Any, kind: gguf.GGUFValueType | None = None) -> Entry:
        """Encodes a scalar, a string, or a list of one kind; integers become u32 unless `kind` says otherwise."""
        if kind is None:
            kind = gguf.GGUFValueType.UINT32 if type(value) is int else gguf.GGUFValueType.get_type(value)
        return cls(int(kind), _encode(value, kind))

    @property
    def value(self) -> Any:
        """The value, arrays as lists."""
        return _decode(gguf.GGUFValueType(self.kind), self.data, 0)[0]


@dataclass(frozen=True)
class RawFile:
    """Header of a file: keys in order, tensors in order, and where the data begin."""

    path: Path
    entries: dict[str, Entry]
    tensors: tuple[TensorInfo, ...]
    data_start: int
    file_size: int

    @classmethod
    def read(cls, path: Path) -> RawFile:
        """Raises ModelFileError for what is not a whole GGUF (read_header checks it first)."""
        header = read_header(path, any_values=True)
        entries: dict[str, Entry] = {}
        with path.open("rb") as stream:
            head = stream.read(header.data_start)
        _, count = struct.unpack_from("<QQ", head, 8)
        at = 24
        try:
            for _ in range(count):
                key, at = _decode(gguf.GGUFValueType.STRING, head, at)
                kind = gguf.GGUFValueType(struct.unpack_from("<I", head, at)[0])
                end = _skip(kind, head, at + 4)
                entries[key] = Entry(int(kind), head[at + 4 : end])
                at = end
        except (ValueError, struct.error, IndexError) as error:
            raise ModelFileError(f"{path.name} has a header that cannot be read", why=str(error)) from error
        return cls(path, entries, header.tensors, header.data_start, header.file_size)

    def get(self, key: str, default: Any = None) -> Any:
        """A metadata value."""
        entry = self.entries.get(key)
        return default if entry is None else entry.value

    def with_entries(self, changes: dict[str, Entry | None]) -> RawFile:
        """A copy with keys set, or removed where the value is None."""
        entries = {key: entry for key, entry in self.entries.items() if changes.get(key, entry) is not None}
        return replace(self, entries=entries | {key: entry for key, entry in changes.items() if entry is not None})

    def rows(self, tensor: TensorInfo, start: int, stop: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Rows [start, stop) of a tensor as float32 [stop - start, columns], read from the file now.

        Raises UnsupportedModelError for a type that cannot be read here.
        """
        try:
            kind = gguf.GGMLQuantizationType(tensor.kind)
            block, width = gguf.GGML_QUANT_SIZES[kind]
            row = tensor.shape[0] // block * width
            with self.path.open("rb") as stream:
                stream.seek(self.data_start + tensor.offset + start * row)
                data = np.frombuffer(stream.read((stop - start) * row), np.uint8).reshape(stop - start, row)
            return np.asarray(dequantize(data, kind), np.float32).reshape(stop - start, tensor.shape[0])
        except (KeyError, ValueError, NotImplementedError) as error:
            told = f"{tensor.name} of {self.path.name} cannot be read"
            raise UnsupportedModelError(told, why=f"its type is number {tensor.kind}") from error
        except OSError as error:
            raise ModelFileError(f"{self.path} cannot be read", why=error.strerror or str(error)) from error

    def header(self, tensors: tuple[TensorInfo, ...]) -> bytes:
        """The header for these tensors, padded to where their data begin."""
        parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(self.entries))]
        for key, entry in self.entries.items():
            parts += [_encode(key, gguf.GGUFValueType.STRING), struct.pack("<I", entry.kind), entry.data]
        for tensor in tensors:
            parts += [
                _encode(tensor.name, gguf.GGUFValueType.STRING),
                struct.pack("<I", len(tensor.shape)),
                struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape),
                struct.pack("<IQ", tensor.kind, tensor.offset),
            ]
        data = b"".join(parts)
        return data + bytes(-len(data) % self.alignment)

    @property
    def alignment(self) -> int:
        """Bytes to which tensors are aligned."""
        return int(self.get("general.alignment", 32)) or 32

    def write(self, path: Path, as_f32: frozenset[str] = frozenset(), progress: Progress | None = None) -> None:
        """Writes the file with this header: the data as they are, but tensors in `as_f32` dequantized.

        Under a temporary name first, so that `path` may be the file itself. Raises ModelFileError.
        """
        planned, offset = [], 0
        for tensor in self.tensors:
            kind = int(gguf.GGMLQuantizationType.F32) if tensor.name in as_f32 else tensor.kind
            planned.append(replace(tensor, kind=kind, offset=offset if as_f32 else tensor.offset))
            offset += -(-(planned[-1].size or 0) // self.alignment) * self.alignment
        part = path.with_name(path.name + ".part")
        outputs.check_room(path, self.file_size)
        with outputs.writing(path, part):
            self._write(part, planned, offset, as_f32, progress)
            put_in_place(part, path)

    def write_f32(
        self, path: Path, chosen: Mapping[TensorInfo, NDArray[np.int64] | None], step: Callable[[str], None]
    ) -> None:
        """Writes a file with this header and some of the tensors, dequantized; of those with row numbers these rows.

        `step` is called after each tensor. Raises ModelFileError.
        """
        planned, offset = [], 0
        for tensor, rows in chosen.items():
            shape = tensor.shape if rows is None else (*tensor.shape[:-1], len(rows))
            planned.append(replace(tensor, shape=shape, kind=int(gguf.GGMLQuantizationType.F32), offset=offset))
            offset += -(-(planned[-1].size or 0) // self.alignment) * self.alignment
        header = self.header(tuple(planned))
        outputs.check_room(path, len(header) + offset)
        with outputs.writing(path, path), path.open("wb") as target:
            target.write(header)
            for (tensor, rows), new in zip(chosen.items(), planned, strict=True):
                target.seek(len(header) + new.offset)
                parts = self.pieces(tensor) if rows is None else ((at, self.rows(tensor, at, at + 1)) for at in rows)
                for _, values in parts:
                    target.write(values.tobytes())
                step(f"excerpt, {tensor.name}")
            target.truncate(len(header) + offset)

    def pieces(self, tensor: TensorInfo) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """All rows of a tensor as float32, some of them at a time, with the number of the first one."""
        count = tensor.elements // tensor.shape[0]
        step = max(_PIECE_ELEMENTS // tensor.shape[0], 1)
        for start in range(0, count, step):
            yield start, self.rows(tensor, start, min(start + step, count))

    def _write(
        self, path: Path, planned: list[TensorInfo], offset: int, as_f32: frozenset[str], progress: Progress | None
    ) -> None:
        with self.path.open("rb") as source, path.open("wb") as target:
            target.write(self.header(tuple(planned)))
            start = target.tell()
            if not as_f32:
                _copy(source, self.data_start, self.file_size - self.data_start, target, progress)
            for tensor, new in zip(self.tensors, planned, strict=True) if as_f32 else ():
                target.seek(start + new.offset)
                if tensor.name in as_f32:
                    rows = tensor.elements // tensor.shape[0]
                    target.write(self.rows(tensor, 0, rows).tobytes())
                else:
                    _copy(source, self.data_start + tensor.offset, tensor.size or 0, target)
            if as_f32:
                target.truncate(start + offset)
            target.flush()
            os.fsync(target.fileno())


def _copy(source: BinaryIO, start: int, size: int, target: BinaryIO, progress: Progress | None = None) -> None:
    source.seek(start)
    left = size
    while left:
        piece = source.read(min(left, _COPY))
        if not piece:
            raise ModelFileError("The model file ended while it was copied")
        target.write(piece)
        left -= len(piece)
        if progress is not None:
            progress(size - left, size, "tensor data")


def _encode(value: Any, kind: gguf.GGUFValueType) -> bytes:
    if kind == gguf.GGUFValueType.STRING:
        data = value.encode("utf-8") if isinstance(value, str) else bytes(value)
        return struct.pack("<Q", len(data)) + data
    if kind == gguf.GGUFValueType.ARRAY:
        first = value[0] if value else 0
        inner = gguf.GGUFValueType.INT32 if type(first) is int else gguf.GGUFValueType.get_type(first)
        return struct.pack("<IQ", inner, len(value)) + b"".join(_encode(item, inner) for item in value)
    return struct.pack("<" + _SCALARS[kind], value)


def _decode(kind: gguf.GGUFValueType, data: bytes, at: int) -> tuple[Any, int]:
    end = _skip(kind, data, at)
    if kind == gguf.GGUFValueType.STRING:
        return data[at + 8 : end].decode("utf-8", "replace"), end
    if kind == gguf.GGUFValueType.ARRAY:
        inner, count = struct.unpack_from("<IQ", data, at)
        return list(_items(gguf.GGUFValueType(inner), count, data, at + 12)), end
    return struct.unpack_from("<" + _SCALARS[kind], data, at)[0], end


def _items(kind: gguf.GGUFValueType, count: int, data: bytes, at: int) -> Iterator[Any]:
    for _ in range(count):
        value, at = _decode(kind, data, at)
        yield value


def _skip(kind: gguf.GGUFValueType, data: bytes, at: int) -> int:
    if kind == gguf.GGUFValueType.STRING:
        end = at + 8 + int(struct.unpack_from("<Q", data, at)[0])
    elif kind == gguf.GGUFValueType.ARRAY:
        inner, count = struct.unpack_from("<IQ", data, at)
        end = at + 12
        if inner in _SCALARS:
            end += struct.calcsize("<" + _SCALARS[gguf.GGUFValueType(inner)]) * count
        else:
            for _ in range(count):
                end = _skip(gguf.GGUFValueType(inner), data, end)
    else:
        end = at + struct.calcsize("<" + _SCALARS[kind])
    if end > len(data):
        raise ValueError("a value is longer than the header")
    return end
