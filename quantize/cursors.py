"""Cursors in real files, and what a model writes there through the engine's own decoding."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iquest_lsp.context.prompt import FileAtCursor, PromptFormat, encode_parts
from iquest_lsp.datatypes import ChunkKind, Generation, Limits, Part, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.token_ids import TokenIds
from quantize.corpus import Document
from quantize.pretrain import spans
from quantize.pretrain.scores import exact, same
from quantize.pretrain.spans import Outline

#: Characters of the file before and after the cursor that a prompt may have.
BEFORE, AFTER = 3000, 1000
#: Characters of a target: longer lines are seldom code that somebody types.
LONGEST = 100
#: Tokens of the engine's window, and those that an answer may have.
WINDOW, ANSWER = 4096, 64
#: Lines that are tried for each cursor that is wanted.
_PATIENCE = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor: what stands before and after it, and the rest of its line."""

    cursor: FileAtCursor
    target: str


def line(draw: random.Random, outlines: Sequence[Outline], sizes: Sequence[int]) -> tuple[int, int, str]:
    """A random line of a file drawn by size: the file's index, where the line starts, its text."""
    index = draw.choices(range(len(outlines)), weights=sizes)[0]
    lines = outlines[index]
    at = draw.randrange(len(lines.starts))
    return index, lines.starts[at], lines.lines(at, at + 1).rstrip("\n")


def rests(draw: random.Random, outlines: Sequence[Outline], sizes: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Rests of random lines, without end: file, and characters [a, b) from a cursor on to the line's end.

    The cursor stands anywhere from the line's first character that is not blank; words are not spared.
    """
    while True:
        index, start, text = line(draw, outlines, sizes)
        if len(text.strip()) < 2:
            continue
        indent = len(text) - len(text.lstrip())
        yield index, start + draw.randint(indent, len(text) - 1), start + len(text)


def draw(documents: Sequence[Document], count: int, seed: int = 0) -> list[Place]:
    """Cursors in files of more than five lines, as many as there are within reason."""
    usable = [item for item in documents if item.text.count("\n") > 5]
    if not usable:
        return []
    random_ = random.Random(seed)
    outlines = [spans.outline(item.text, "") for item in usable]
    places: list[Place] = []
    if not any(len(text.strip()) > 1 for item in usable for text in item.text.split("\n")):
        return []
    spots = rests(random_, outlines, [len(item.text) for item in usable])
    for index, a, b in itertools.islice(spots, _PATIENCE * count):
        target = usable[index].text[a:b].rstrip()
        if target and len(target) <= LONGEST:
            cursor = spans.cursor_text(random_, outlines[index], usable[index].path, a, b, BEFORE, AFTER)
            places.append(Place(cursor, target))
        if len(places) == count:
            break
    return places


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model wrote at each place, up to the line's end; `fim` is None for a model without tokens for it."""

    line: list[str]
    fim: list[str] | None

    def summary(self, places: Sequence[Place], reference: Answers | None) -> dict[str, Any]:
        """Shares met exactly with 95% intervals, similarity, and the share of the reference's own answers."""
        result: dict[str, Any] = {"cursors": len(places)}
        for name in ("line", "fim"):
            made: list[str] | None = getattr(self, name)
            first: list[str] | None = getattr(reference, name, None)
            result[name] = None if made is None else exact(made, [place.target for place in places])
            result[f"{name}_same"] = (
                None
                if made is None or first is None
                else sum(same(a, b) for a, b in zip(made, first, strict=True)) / max(1, len(made))
            )
        return result


def complete(path: Path, places: Sequence[Place], progress: Callable[[int, int], None] | None = None) -> Answers:
    """Rests of lines by the model at `path`, greedily: seeing only what is before the cursor (`line`), and what
    follows it as well (`fim`). What the prompt repeats is not weighed in: it is the weights that are compared."""
    with Completer(path) as backend:
        style = PromptFormat.detect(backend.info.metadata, backend.info.special_tokens)
        ways = [_before, *([_around] if style.tokens is not None else [])]
        made: list[list[str]] = []
        for way in ways:
            made.append([])
            for place in places:
                parts = way(style, place.cursor)
                prompt = backend.encode(parts)[-(WINDOW - 2 * ANSWER) :]
                made[-1].append(backend.answer(prompt, 1, copying=False).text.split("\n")[0])
                if progress is not None:
                    progress(sum(map(len, made)), len(places) * len(ways))
    return Answers(made[0], made[1] if len(made) > 1 else None)


def _before(style: PromptFormat, cursor: FileAtCursor) -> list[Part]:
    text = cursor.prefix + cursor.head
    if style.tokens is None or not style.tokens.file:
        start = [Part(style.start, special=True)] if style.start else []
        return [*start, Part(text)]
    return [*style.begin(""), *style.chunk(ChunkKind.OPEN, cursor.path, "")[:-1], Part(text)]


def _around(style: PromptFormat, cursor: FileAtCursor) -> list[Part]:
    return [*style.begin(""), *style.current(cursor)]


class Completer:
    """The engine's own decoding of one model, without the process around it; loaded within a `with` block."""

    def __init__(self, path: Path) -> None:
        self._backend = LlamaBackend(EngineOptions(model_path=str(path), context_tokens=WINDOW))

    def __enter__(self) -> Completer:
        self.info = self._backend.load(lambda _: None)
        return self

    def __exit__(self, *_: object) -> None:
        self._backend.close()

    def encode(self, parts: Sequence[Part]) -> list[int]:
        """Token ids of parts, each tokenized by itself."""
        texts = [part.text for part in parts if not part.special]
        return encode_parts(parts, self.info.special_tokens, self._backend.tokenize(texts))

    def answer(self, prompt: Sequence[int], max_lines: int, most: int = ANSWER, *, copying: bool = True) -> Generation:
        """What the model writes greedily, up to `max_lines` line ends (0: no limit); see Limits for `copying`."""
        prompt_ = Prompt(TokenIds(prompt), max_lines=max_lines, heal=True)
        return self._backend.complete(prompt_, Limits(most, copying=copying), lambda: False)
