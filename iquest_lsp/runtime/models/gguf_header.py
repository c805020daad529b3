"""Reads a GGUF's header without loading the model: metadata, tensor list, and whether the file is whole.

Format: GGUF specification, ggml/docs/gguf.md (versions 2 and 3, little-endian). Arrays are skipped, so that the
header of a model with a large vocabulary is read in milliseconds. Every length is checked against the file, since a
damaged file must end in an error and not in an allocation of its imagined size.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from iquest_lsp.errors import ModelFileError

MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
#: Ends of the keys of a model's shape, which are numbers (or lists of them, one for each layer).
_NUMBERS = (
    ".block_count",
    ".context_length",
    ".embedding_length",
    ".feed_forward_length",
    ".attention.head_count",
    ".attention.head_count_kv",
    ".attention.key_length",
    ".attention.value_length",
    ".loop.num",
    ".loop.window_size",
    ".attention.max_alibi_bias",
)
_MAX_STRING = 64 * 1024 * 1024
_MAX_COUNT = 1_000_000
_HASHED_WHOLE = 256 * 1024 * 1024
_SAMPLE = 4096

#: Block size and bytes per block of the ggml types (ggml/src/ggml.c, type traits).
_BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: `shape` innermost first (ggml's order), `kind` ggml's type number, `offset` into the data."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        product = 1
        for size in self.shape:
            product *= size
        return product

    @property
    def size(self) -> int | None:
        """Bytes of data; None for a type this reader does not know."""
        block = _BLOCKS.get(self.kind)
        return None if block is None else self.elements // block[0] * block[1]


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF says of itself; `metadata` holds scalars and strings only.

    Of a model in several files (split_files.py) `parts` are these, and the tensors' offsets count in their own ones.
    """

    path: Path
    metadata: dict[str, str | int | float | bool]
    tensors: tuple[TensorInfo, ...]
    data_start: int
    file_size: int
    parts: tuple[Path, ...] = ()

    @property
    def architecture(self) -> str:
        """general.architecture."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def name(self) -> str:
        """The model's own name, else the file's."""
        return str(self.metadata.get("general.name") or self.path.stem)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(tensor.elements for tensor in self.tensors)

    def get(self, key: str, default: int | float | str = 0) -> str | int | float | bool:
        """A value below the architecture's prefix."""
        return self.metadata.get(f"{self.architecture}.{key}", default)

    @property
    def passes(self) -> int:
        """How often the layers run for one token."""
        return int(self.get("loop.num", 1))

    @property
    def needs_port(self) -> bool:
        """Whether a stock llama.cpp cannot run it."""
        return self.architecture == "iquestloopcoder" or self.passes > 1


def read_header(path: Path, *, any_values: bool = False) -> Header:
    """Reads and checks; raises ModelFileError that says what is wrong with the file.

    `any_values` lets a shape that is told in texts pass, for who means to put it right.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            return _Reader(stream, path, size).header(any_values)
    except FileNotFoundError as error:
        raise ModelFileError(
            f"There is no model file {path}", fix="Give the path of a GGUF file; see `iquest-lsp models list`"
        ) from error
    except OSError as error:
        raise ModelFileError(f"The model file {path} cannot be read", why=error.strerror or str(error)) from error


def check_language_model(header: Header) -> None:
    """Raises ModelFileError for a sound GGUF that is something else: a part, an importance matrix, an adapter."""
    parts = header.metadata.get("split.count", 0)
    if isinstance(parts, int) and parts > 1 and not header.parts:
        raise ModelFileError(
            f"{header.path.name} is one of {parts} parts of a model",
            why="a model in one file is needed",
            fix="Join them with llama.cpp's `llama-gguf-split --merge FIRST_PART OUT.gguf`",
        )
    if not header.architecture or not any(tensor.name == "token_embd.weight" for tensor in header.tensors):
        kind = header.metadata.get("general.type") or header.architecture
        why = f"it is of the kind {kind!r}" if kind and kind != "model" else "it has no token_embd.weight"
        raise ModelFileError(f"{header.path.name} is not a language model", why=why, fix="Give a model's GGUF file")


def check_magic(path: Path) -> None:
    """Raises ModelFileError where there is no such file, it cannot be read, or it is no GGUF at all."""
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}", fix="See `iquest-lsp models list`")
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    if magic != MAGIC:
        raise ModelFileError(f"{path.name} is not a GGUF file", why=f"it starts with {magic!r}")


def mentions_loop(path: Path) -> bool:
    """Whether a GGUF seems to hold a Loop model, judged by the keys near its start, however damaged the rest is."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 20)
    except OSError:
        return False
    return b"iquestloopcoder" in head or b"llama.loop.num" in head


def fingerprint(header: Header) -> str:
    """Identifies a model file's content: a hash of all of it up to 256 MiB; of a larger one the hash of its header and
    of samples of every tensor, with its size and date. Raises ModelFileError."""
    if header.parts:
        every = "\n".join(fingerprint(read_header(part)) for part in header.parts)
        return f"parts {hashlib.sha256(every.encode()).hexdigest()}"
    digest = hashlib.sha256()
    try:
        with header.path.open("rb") as file:
            if header.file_size <= _HASHED_WHOLE:
                while block := file.read(1 << 20):
                    digest.update(block)
                return f"whole {digest.hexdigest()}"
            digest.update(file.read(header.data_start))
            for tensor in header.tensors:
                size = tensor.size or 0
                for place in (0, size // 2, max(size - _SAMPLE, 0)):
                    file.seek(header.data_start + tensor.offset + place)
                    digest.update(file.read(_SAMPLE))
            status = header.path.stat()
    except OSError as error:
        raise ModelFileError(f"{header.path.name} cannot be read", why=error.strerror or str(error)) from error
    return f"sampled {digest.hexdigest()} {status.st_size} {status.st_mtime_ns}"


class _Reader:
    def __init__(self, stream: BinaryIO, path: Path, size: int) -> None:
        self._stream = stream
        self._path = path
        self._size = size

    def header(self, any_values: bool) -> Header:
        if self._stream.read(4) != MAGIC:
            raise self._broken("it does not begin with GGUF")
        version = self._number("I")
        if version not in (2, 3):
            raise self._broken(f"its format version is {version}; versions 2 and 3 are known")
        tensor_count, key_count = self._number("Q"), self._number("Q")
        if tensor_count > _MAX_COUNT or key_count > _MAX_COUNT:
            raise self._broken(f"it claims {tensor_count} tensors and {key_count} metadata keys")
        metadata: dict[str, str | int | float | bool] = {}
        for _ in range(key_count):
            key = self._string()
            value = self._value(self._number("I"))
            if value is not None:
                metadata[key] = value
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        for key in () if any_values else metadata:
            value = metadata[key]
            if key.endswith(_NUMBERS) and (isinstance(value, (str, bool)) or value < 0):
                raise self._broken(f"its key {key} is {value!r}")
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise self._broken(f"its key general.alignment is {alignment!r}")
        start = -(-self._stream.tell() // alignment) * alignment
        header = Header(self._path, metadata, tensors, start, self._size)
        self._check_whole(header)
        return header

    def _check_whole(self, header: Header) -> None:
        end = max((header.data_start + t.offset + t.size for t in header.tensors if t.size is not None), default=0)
        if end > self._size:
            raise self._broken(f"it is cut off: its tensors need {end:,} bytes, the file has {self._size:,}")

    def _tensor(self) -> TensorInfo:
        name = self._string()
        dimensions = self._number("I")
        if not 1 <= dimensions <= 4:
            raise self._broken(f"tensor {name!r} has {dimensions} dimensions")
        shape = tuple(self._number("Q") for _ in range(dimensions))
        if 0 in shape:
            raise self._broken(f"tensor {name!r} has the shape {list(shape)}")
        return TensorInfo(name, shape, self._number("I"), self._number("Q"))

    def _value(self, kind: int) -> str | int | float | bool | None:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner, count = self._number("I"), self._number("Q")
            self._skip_array(inner, count)
            return None
        if kind not in _SCALARS:
            raise self._broken(f"a metadata value has the unknown type {kind}")
        value: int | float | bool = self._number(_SCALARS[kind])
        return value

    def _skip_array(self, kind: int, count: int) -> None:
        if kind in _SCALARS:
            self._skip(struct.calcsize("<" + _SCALARS[kind]) * count)
        elif kind == _STRING:
            if count > self._size:
                raise self._broken(f"an array claims {count} strings")
            for _ in range(count):
                self._skip(self._number("Q"))
        else:
            raise self._broken(f"an array holds the unknown type {kind}")

    def _skip(self, count: int) -> None:
        if self._stream.tell() + count > self._size:
            raise self._broken("it is cut off within its header")
        self._stream.seek(count, 1)

    def _string(self) -> str:
        length = self._number("Q")
        if length > _MAX_STRING:
            raise self._broken(f"a string claims {length} bytes")
        return self._bytes(length).decode("utf-8", "replace")

    def _number(self, kind: str) -> int:
        form = struct.Struct("<" + kind)
        value: int = form.unpack(self._bytes(form.size))[0]
        return value

    def _bytes(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise self._broken("it is cut off within its header")
        return data

    def _broken(self, why: str) -> ModelFileError:
        return ModelFileError(
            f"{self._path.name} is not a usable model file",
            why=why,
            fix="Fetch the file again, or choose another model (`iquest-lsp models list`)",
        )
