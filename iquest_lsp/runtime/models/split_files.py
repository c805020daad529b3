"""A model in several files, as llama.cpp's `llama-gguf-split` writes them: which they are, what they hold together.

The files are called PREFIX-00001-of-00003.gguf and so on; llama.cpp finds the others by the first one's name. The first
holds the metadata, each its own tensors.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.models.gguf_header import Header, read_header

_NAME = re.compile(r"(?P<prefix>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


def part_name(prefix: str, number: int, count: int) -> str:
    """The name of a part; `number` is counted from 1."""
    return f"{prefix}-{number:05d}-of-{count:05d}.gguf"


def part_names(name: str) -> tuple[str, ...]:
    """The names of all parts of the model that a file is a part of, by its name; of a whole model its own."""
    found = _NAME.fullmatch(name)
    if found is None:
        return (name,)
    count = int(found["count"])
    return tuple(part_name(found["prefix"], number, count) for number in range(1, count + 1))


def is_later_part(name: str) -> bool:
    """Whether a file is called like a part, and not like the first one."""
    found = _NAME.fullmatch(name)
    return found is not None and int(found["number"]) > 1


def model_stem(name: str) -> str:
    """A model's name by its file's: without the number of the part, and without the suffix."""
    found = _NAME.fullmatch(name)
    return found["prefix"] if found is not None else Path(name).stem


def parts_of(path: Path) -> tuple[Path, ...]:
    """The files of the model at `path` that are there, by their names."""
    there = tuple(part for name in part_names(path.name) if (part := path.with_name(name)).is_file())
    return there or (path,)


def read_model(path: Path) -> Header:
    """The header of a whole model, which any of its parts may name: all tensors, the bytes of all files.

    Raises ModelFileError that says which parts are missing.
    """
    header = read_header(path)
    count = header.metadata.get("split.count", 0)
    if not isinstance(count, int) or count <= 1:
        return header
    names = part_names(path.name)
    if len(names) != count:
        raise ModelFileError(
            f"{path.name} is one of {count} parts of a model",
            why="its name does not say so, and llama.cpp finds the others by it",
            fix=f"Call them {part_name('NAME', 1, count)} and so on",
        )
    missing = [name for name in names if not path.with_name(name).is_file()]
    if missing:
        raise ModelFileError(
            f"{path.name} is one of {count} parts of a model",
            why=f"missing beside it: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}",
            fix=f"Put all {count} parts into one folder",
        )
    parts = tuple(path.with_name(name) for name in names)
    headers = [header if part == path else read_header(part) for part in parts]
    tensors = tuple(tensor for one in headers for tensor in one.tensors)
    told = headers[0].metadata.get("split.tensors.count", len(tensors))
    if told != len(tensors) or len({tensor.name for tensor in tensors}) != len(tensors):
        raise ModelFileError(
            f"{path.name} and its other parts do not make one model",
            why=f"they hold {len(tensors)} tensors, and should hold {told} different ones",
            fix="Fetch the parts again, all of the same version",
        )
    return replace(headers[0], tensors=tensors, file_size=sum(one.file_size for one in headers), parts=parts)
