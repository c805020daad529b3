"""A model cut into several files, as `llama-gguf-split` does it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf

from iquest_lsp.runtime.models.split_files import part_name
from quantize.gguf_edit import Entry, RawFile


def split(model: Path, folder: Path, count: int, prefix: str = "split") -> list[Path]:
    """Writes the model's parts into the folder; the first holds the metadata."""
    raw = RawFile.read(model)
    told = {
        "split.count": Entry.of(count, gguf.GGUFValueType.UINT16),
        "split.tensors.count": Entry.of(len(raw.tensors), gguf.GGUFValueType.INT32),
    }
    paths = []
    for number in range(count):
        tensors, offset = [], 0
        for tensor in raw.tensors[number::count]:
            tensors.append(replace(tensor, offset=offset))
            offset += -(-(tensor.size or 0) // raw.alignment) * raw.alignment
        own = raw.entries if number == 0 else {}
        number_entry = {"split.no": Entry.of(number, gguf.GGUFValueType.UINT16)}
        header = replace(raw, entries={**own, **told, **number_entry}).header(tuple(tensors))
        path = folder / part_name(prefix, number + 1, count)
        with model.open("rb") as source, path.open("wb") as target:
            target.write(header)
            for old, new in zip(raw.tensors[number::count], tensors, strict=True):
                source.seek(raw.data_start + old.offset)
                target.seek(len(header) + new.offset)
                target.write(source.read(old.size or 0))
            target.truncate(len(header) + offset)
        paths.append(path)
    return paths
