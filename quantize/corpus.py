"""Text for measuring and for importance matrices: files, folders, or the tracked files of a git repository."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.context.prompt import PromptFormat, encode_parts
from iquest_lsp.datatypes import ChunkKind
from iquest_lsp.errors import ModelError
from iquest_lsp.runtime.llama.model import Model

_LARGEST = 1_000_000
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text; `path` is relative to the folder that was given, with forward slashes."""

    path: str
    text: str


def documents(sources: Sequence[Path], seed: int = 0) -> list[Document]:
    """The texts below `sources` in a random order; binaries, huge files and what is not UTF-8 are left out."""
    files = [(source, file) for source in sources for file in _files(source)]
    random.Random(seed).shuffle(files)
    found = []
    for source, file in files[:_MOST_FILES]:
        try:
            if file.stat().st_size > _LARGEST:
                continue
            text = file.read_text("utf-8")
        except (OSError, ValueError):
            continue
        if text.strip() and "\x00" not in text:
            path = file.relative_to(source).as_posix() if file != source else file.name
            found.append(Document(path, text))
    if not found:
        raise ModelError(f"There is no text in {', '.join(map(str, sources))}", fix="Give files of UTF-8 text")
    return found


def token_rows(model: Model, sources: Sequence[Path], length: int, most: int, seed: int = 0) -> list[NDArray[np.int32]]:
    """Rows of `length` tokens, one file after another.

    Files stand as they do in a prompt, each with its path before it, where the model has a token for that; otherwise
    the end-of-text token stands between them.
    """
    ids: list[int] = []
    special = model.special_tokens()
    style = PromptFormat.detect(model.metadata, special)
    end = model.token_eos
    for item in documents(sources, seed):
        if style.tokens is not None and style.tokens.file:
            parts = style.chunk(ChunkKind.OPEN, item.path, item.text)
            ids += encode_parts(parts, special, [model.tokenize(part.text) for part in parts if not part.special])
        else:
            ids += [*model.tokenize(item.text), *([end] if end >= 0 else [])]
        if len(ids) >= length * most:
            break
    rows = [np.array(ids[at : at + length], np.int32) for at in range(0, len(ids) - length + 1, length)][:most]
    if not rows:
        raise ModelError(f"The text has only {len(ids)} tokens", why=f"a row needs {length}", fix="Give more text")
    return rows


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    done = subprocess.run(
        ["git", "-C", str(source), "-c", "core.fsmonitor=false", "ls-files", "-z"], capture_output=True, check=False
    )
    if done.returncode == 0 and done.stdout:
        names = [source / name for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if name]
        return [path for path in sorted(names) if path.is_file() and not path.is_symlink()]
    hidden = {".git", ".venv", "node_modules", "__pycache__"}
    return sorted(
        path
        for path in source.rglob("*")
        if path.is_file() and not path.is_symlink() and not hidden & set(path.relative_to(source).parts)
    )
