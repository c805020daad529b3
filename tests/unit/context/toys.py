"""A tokenizer, a format and a workspace for tests of the window; the tokenizer counts its calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.inputs import WindowInputs
from iquest_lsp.context.prompt import FAMILIES, FimTokens, PromptFormat
from iquest_lsp.datatypes import Document, Position, Snapshot
from iquest_lsp.dropped import DropKind, Dropped, DropReason

# Splits as byte-level pre-tokenizers do (words with the sign before them, line ends with their blanks), then into
# pieces of at most six letters, so that about three characters make a token.
_PIECES = re.compile(r"[^\r\n\w]?[^\W\d_]{1,6}|\d| ?[^\s\w]{1,3}[\r\n]*|_|\s*[\r\n]+|\s+(?!\S)|\s+|.")


class ToyTokenizer:
    """Lossless: every id stands for one text."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.texts: list[str] = []
        self.calls = 0
        self.characters = 0

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        self.calls += 1
        self.characters += sum(map(len, texts))
        return [[self._id(piece) for piece in _PIECES.findall(text)] for text in texts]

    def _id(self, piece: str) -> int:
        if piece not in self.ids:
            self.ids[piece] = len(self.ids) + 1000
            self.texts.append(piece)
        return self.ids[piece]

    def decode(self, ids: Sequence[int], special: Mapping[str, int]) -> str:
        names = {number: text for text, number in special.items()}
        return "".join(names[number] if number in names else self.texts[number - 1000] for number in ids)


def special_tokens(family: FimTokens) -> dict[str, int]:
    named = (family.prefix, family.suffix, family.middle, family.repository, family.file, family.tail, family.head)
    return {text: number for number, text in enumerate(filter(None, named))}


SPM = PromptFormat(FAMILIES[0], "spm", 1)
PSM = PromptFormat(FAMILIES[1], "psm", 0)
STOCK_SPM = PromptFormat(FAMILIES[1], "spm", 0)
PLAIN = PromptFormat(None)
SECRET = DropReason(DropKind.SECRET_CONTENT, ("a token", "1"))
NAMED = DropReason(DropKind.SECRET_NAME, ("*.key",))


class ToyWorkspace:
    """Files in memory, with an index and open buffers over them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)
        self.refused: dict[str, DropReason] = {}
        self.buffers: dict[str, Document] = {}
        self.clock = 0.0
        self.index = WorkspaceIndex()
        self.index.build(sorted(files), self.load)

    def load(self, path: str) -> Document | Dropped:
        if path in self.refused:
            return Dropped(path, self.refused[path])
        return Document(path, self.files[path]) if path in self.files else Dropped(path, DropReason(DropKind.MISSING))

    def read(self, path: str) -> str:
        loaded = self.load(path)
        return loaded.text if isinstance(loaded, Document) else ""

    def sources(self, **changes: object) -> WindowInputs:
        values: dict[str, object] = {"index": self.index, "read": self.read, "repository": "toy"}
        return WindowInputs(**(values | changes))  # type: ignore[arg-type]  # values of several types by name

    def open(self, path: str, text: str | None = None) -> None:
        self.clock += 1
        self.buffers[path] = Document(
            path, self.files[path] if text is None else text, 1, "", is_open=True, viewed_at=self.clock
        )

    def edit(self, path: str, text: str) -> None:
        self.clock += 1
        old = self.buffers[path]
        self.buffers[path] = Document(
            path, text, old.version + 1, "", is_open=True, edited_at=self.clock, viewed_at=self.clock
        )

    def save(self, path: str) -> None:
        self.files[path] = self.buffers[path].text
        self.index.update(path, self.load)

    def snapshot(self, path: str, line: int, character: int) -> Snapshot:
        buffers = tuple(self.buffers[name] for name in sorted(self.buffers))
        document = self.buffers.get(path) or Document(path, self.files[path])
        return Snapshot(Path("/toy"), document, Position(line, character), buffers)


def module(name: str, uses: Sequence[str] = (), functions: int = 6) -> str:
    """A Python module that defines functions of its own and calls those it imports."""
    lines = [f'"""Module {name}."""', ""]
    lines += [f"from toy.{other} import {other}_function_1" for other in uses]
    for number in range(functions):
        lines += ["", "", f"def {name}_function_{number}(first, second):", f'    """Does {name} {number}."""']
        lines += [f"    value_{step} = first + second * {step + number}" for step in range(8)]
        lines += [f"    value_0 += {other}_function_1(first, {number})" for other in uses]
        lines += ["    return value_0"]
    return "\n".join(lines) + "\n"


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
