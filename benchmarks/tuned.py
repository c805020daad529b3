"""Puts what was tuned into a model's file."""

from __future__ import annotations

from pathlib import Path

import gguf

from quantize.gguf_edit import Entry, RawFile


def put(path: Path, key: str, value: float | str) -> None:
    """Sets one key of the header; the file is replaced whole."""
    kind = gguf.GGUFValueType.STRING if isinstance(value, str) else gguf.GGUFValueType.FLOAT32
    made = path.with_suffix(".tuned")
    RawFile.read(path).with_entries({key: Entry.of(value, kind)}).write(made)
    made.replace(path)
