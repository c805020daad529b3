"""Published checkpoints: sharded safetensors files, read in pieces of rows so that no tensor need be held whole.

Format: safetensors, eight bytes of header length, a JSON header, then the data. Read by hand since numpy has no
bfloat16 and a memory map would count every page that was read as ours. Every number of a header is checked against the
file's size.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import CheckpointError

#: Bytes per element of the types that weights come in.
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_MAX_HEADER = 256 * 1024 * 1024
_LFS = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor lies: `shape` outermost first, `offset` from the start of the file."""

    name: str
    file: Path
    kind: str
    shape: tuple[int, ...]
    offset: int

    @property
    def rows(self) -> int:
        """Number of rows; a vector is one row."""
        return self.shape[0] if len(self.shape) > 1 else 1

    @property
    def row_elements(self) -> int:
        """Elements of one row."""
        elements = 1
        for size in self.shape[1:] if len(self.shape) > 1 else self.shape:
            elements *= size
        return elements

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self.rows * self.row_elements * WIDTHS[self.kind]


@dataclass(frozen=True)
class Checkpoint:
    """A model folder: its configuration and where each tensor lies."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, StoredTensor]
    left_out: tuple[str, ...] = ()  # safetensors files that the index does not name

    @classmethod
    def open(cls, folder: Path) -> Checkpoint:
        """Reads config.json and the headers of all shards. Raises CheckpointError."""
        config = read_json(folder / "config.json")
        index = folder / "model.safetensors.index.json"
        tensors: dict[str, StoredTensor] = {}
        files = sorted(folder.glob("*.safetensors"))
        left_out: tuple[str, ...] = ()
        wanted: dict[str, str] | None = None
        if index.exists():
            wanted = read_json(index).get("weight_map")
            if not isinstance(wanted, dict) or not all(isinstance(value, str) for value in wanted.values()):
                raise CheckpointError(f"{index} has no weight_map")
            names = sorted(set(wanted.values()))
            if any(Path(name).name != name for name in names):
                raise CheckpointError(f"{index} names files outside the folder")
            missing = [name for name in names if not (folder / name).is_file()]
            if missing:
                raise CheckpointError(
                    f"The checkpoint {folder} is incomplete",
                    why=f"{len(missing)} of {len(names)} files are missing: {', '.join(missing[:5])}",
                    fix="Fetch the missing files",
                )
            left_out = tuple(file.name for file in files if file.name not in names)
            files = [folder / name for name in names]
        if not files:
            raise _no_weights(folder)
        for file in files:
            for tensor in _read_header(file):
                if tensor.name in tensors:
                    other = tensors[tensor.name].file.name
                    raise CheckpointError(f"The tensor {tensor.name} is in both {other} and {file.name}")
                tensors[tensor.name] = tensor
        if wanted is not None and set(wanted) != set(tensors):
            odd = sorted(set(wanted) ^ set(tensors))
            raise CheckpointError(
                f"The index of {folder} and its files disagree", why=f"{len(odd)} tensors, such as {odd[0]}"
            )
        return cls(folder, config, tensors, left_out)

    def rows(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """Rows [start, stop) of a tensor as float32 [stop - start, row_elements]."""
        tensor = self.tensors[name]
        width = WIDTHS[tensor.kind] * tensor.row_elements
        data = np.empty((stop - start) * width, np.uint8)
        try:
            self._read(tensor, start * width, data)
        except OSError as error:
            raise CheckpointError(f"{tensor.file} cannot be read", why=error.strerror or str(error)) from error
        return as_float32(data, tensor.kind).reshape(stop - start, tensor.row_elements)

    @staticmethod
    def _read(tensor: StoredTensor, start: int, data: NDArray[np.uint8]) -> None:
        """Fills `data` from byte `start` of the tensor on."""
        with tensor.file.open("rb", buffering=0) as stream:
            stream.seek(tensor.offset + start)
            view = data.data
            while view:
                count = stream.readinto(view)
                if not count:
                    raise CheckpointError(f"{tensor.file.name} ended while {tensor.name} was read")
                view = view[count:]
            if hasattr(os, "posix_fadvise"):  # a checkpoint is read once; other programs want the page cache
                os.posix_fadvise(stream.fileno(), tensor.offset + start, data.size, os.POSIX_FADV_DONTNEED)

    def fingerprint(self) -> list[list[Any]]:
        """What identifies the files without reading them: names, sizes and times of change."""
        files = sorted({tensor.file for tensor in self.tensors.values()})
        return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def as_float32(data: NDArray[np.uint8], kind: str) -> NDArray[np.float32]:
    """The elements of a piece of a file."""
    if kind == "F32":
        return data.view(np.float32)
    if kind == "BF16":
        return (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return data.view(np.float16 if kind == "F16" else np.float64).astype(np.float32)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises CheckpointError that names the file."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no {path.name} in {path.parent}", fix="Give a model's folder") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read", why=str(error), fix="Fetch the file again") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is not a JSON object")
    return value


def check_fetched(path: Path) -> None:
    """Raises CheckpointError for what a clone without Git LFS leaves in the place of a large file."""
    try:
        with path.open("rb") as stream:
            is_pointer = stream.read(len(_LFS)) == _LFS
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    if is_pointer:
        raise CheckpointError(
            f"{path} was not fetched", why="it is only a pointer of Git LFS", fix="Run `git lfs pull` in the folder"
        )


def _no_weights(folder: Path) -> CheckpointError:
    others = sorted(path.name for suffix in ("bin", "pth", "pt", "gguf") for path in folder.glob(f"*.{suffix}"))
    if not others:
        return CheckpointError(f"There are no safetensors files in {folder}", fix="Give a model's folder")
    return CheckpointError(
        f"There are no safetensors files in {folder}",
        why=f"the weights are in another form ({', '.join(others[:3])}{', ...' if len(others) > 3 else ''})",
        fix="Use the GGUF as it is"
        if others[0].endswith(".gguf")
        else "Fetch the safetensors files, or save the model again with transformers (safe_serialization)",
    )


def _read_header(file: Path) -> list[StoredTensor]:
    def broken(why: str) -> CheckpointError:
        return CheckpointError(f"{file} is not a usable safetensors file", why=why, fix="Fetch the file again")

    check_fetched(file)
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or length > min(size - 8, _MAX_HEADER):
                told = f"its header claims {length:,} bytes, " if size >= 8 else ""
                raise broken(f"{told}the file has {size:,}")
            header = json.loads(stream.read(length))
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read", why=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise broken(f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise broken("its header is not a JSON object")
    found = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            kind, shape = str(entry["dtype"]), tuple(int(n) for n in entry["shape"])
            start, stop = (int(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as error:
            raise broken(f"the entry of {name} makes no sense") from error
        if kind not in WIDTHS:
            raise CheckpointError(
                f"The tensor {name} has the type {kind}",
                why="only F32, F16, BF16 and F64 weights can be converted",
                fix="Give the original checkpoint, not a quantized one",
            )
        if not shape or any(n <= 0 for n in shape):
            raise CheckpointError(
                f"The tensor {name} of {file} has the shape {list(shape)}", why="weights are vectors and matrices"
            )
        tensor = StoredTensor(name, file, kind, shape, 8 + length + start)
        if start < 0 or stop - start != tensor.size or 8 + length + stop > size:
            raise broken(f"{name} needs {tensor.size:,} bytes at {start:,}; the file has {size:,}")
        found.append(tensor)
    return found
