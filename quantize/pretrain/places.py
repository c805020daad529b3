"""Where a model is tried on held-out files: pieces to be predicted, and cursors with their prompts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.datatypes import ChunkKind, Part
from quantize import cursors
from quantize.pretrain import spans
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import EvaluateRecipe, PackRecipe
from quantize.pretrain.samples import FORMAT, Sampler

#: Tokens a completion may have; cursors whose target is longer are not drawn.
LONGEST = 64
#: Lines of a block that is to be filled in.
BLOCK_LINES = 6
#: Characters a token of the prompt is planned with.
CHARACTERS = 2.6
WITH, ALONE = "with related files", "file alone"
NAME = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]{4,}")


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a held-out file with its header in the window's layout: the header is given, the text is scored."""

    package: str
    header: list[int]
    tokens: list[int]
    title: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor in a held-out file: the prompt with and without related files, and the text that belongs there."""

    package: str
    target: str
    prompts: dict[str, list[int]]
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The end of a long run of one package's files: `scored` tokens follow the `before` ones; `size` bytes scored."""

    before: list[int]
    scored: list[int]
    size: int


def windows(files: Sequence[SourceFile], file: ModelFile, recipe: EvaluateRecipe) -> list[Window]:
    """Random pieces of files, each of at most `recipe.length` tokens."""
    draw = random.Random(recipe.seed)
    sampler = Sampler(files, file.tokenizer, PackRecipe())
    result = []
    for item in draw.choices(files, weights=[len(item.text) for item in files], k=recipe.windows):
        lines = spans.outline(item.text, item.path)
        room = recipe.length * 5  # more than fits: the tokens are cut below
        first = lines.line_of(draw.randrange(max(1, len(item.text) - room)))
        text = item.text[lines.starts[first] : lines.starts[first] + room]
        header = sampler.encode(FORMAT.chunk(ChunkKind.OPEN, item.path, "")[:2])
        tokens = file.tokenizer.encode(text).ids[: recipe.length - len(header)]
        scored = file.tokenizer.decode(tokens).encode("utf-8")
        result.append(Window(item.package, header, tokens, f"{item.path}\n".encode(), scored))
    return result


class Cursors:
    """Draws cursors from held-out files and writes their prompts."""

    def __init__(self, files: Sequence[SourceFile], file: ModelFile, recipe: EvaluateRecipe) -> None:
        self._files = files
        self._sizes = [len(item.text) for item in files]
        self._tokenizer = file.tokenizer
        self._recipe = recipe
        self._sampler = Sampler(files, file.tokenizer, PackRecipe())
        self._outlines = [spans.outline(item.text, item.path) for item in files]

    def lines(self, prompt: int = 0) -> list[Place]:
        """Random cursors from the first character of a line's text on, words not spared; the rest is never blank.

        Their prompts have about `prompt` tokens (0: those of the recipe).
        """
        draw = random.Random(self._recipe.seed + 1)
        result: list[Place] = []
        spots = cursors.rests(draw, self._outlines, self._sizes)
        while len(result) < self._recipe.positions:
            place = self._place(draw, *next(spots), prompt)
            if place is not None:
                result.append(place)
        return result

    def blocks(self) -> list[Place]:
        """Bodies of functions, classes and statements of two to BLOCK_LINES lines, the cursor where they begin."""
        draw = random.Random(self._recipe.seed + 2)
        result: list[Place] = []
        while len(result) < self._recipe.blocks:
            index = draw.choices(range(len(self._files)), weights=self._sizes)[0]
            outline = self._outlines[index]
            bodies = [body for body in outline.bodies if 2 <= body[1] - body[0] <= BLOCK_LINES]
            if not bodies:
                continue
            first, end = draw.choice(bodies)
            start = outline.starts[first]
            first_line = outline.lines(first, first + 1)
            a = start + len(first_line) - len(first_line.lstrip())
            place = self._place(draw, index, a, start + len(outline.lines(first, end).rstrip("\n")))
            if place is not None:
                result.append(place)
        return result

    def names(self) -> list[Place]:
        """Beginnings of names that the window of related files has, and the file itself has nowhere else."""
        draw = random.Random(self._recipe.seed + 3)
        result: list[Place] = []
        for _ in range(200 * self._recipe.names):  # held-out packages may have few such places
            if len(result) == self._recipe.names:
                break
            index, start, text = cursors.line(draw, self._outlines, self._sizes)
            found = list(NAME.finditer(text))
            if not found or text.lstrip().startswith(("#", "import", "from")):
                continue
            name = draw.choice(found)
            if len(re.findall(rf"\b{name.group()}\b", self._files[index].text)) > 1:
                continue
            place = self._place(draw, index, start + name.start(), start + name.end())
            if place is not None and re.search(rf"\b{name.group()}\b", place.texts[WITH]):
                result.append(place)
        return result

    def stretches(self) -> list[Stretch]:
        """A piece of a file, after its own beginning and, before that, whole other files of its package.

        Only files whose package fills the longest of `recipe.lengths` are drawn, each at most once.
        """
        draw = random.Random(self._recipe.seed + 4)
        longest = max(self._recipe.lengths, default=0)
        encoded = {
            index: self._sampler.encode(FORMAT.chunk(ChunkKind.OPEN, item.path, item.text))
            for index, item in enumerate(self._files)
        }
        order = [index for index in encoded if len(encoded[index]) > 2 * self._recipe.scored]
        draw.shuffle(order)
        result: list[Stretch] = []
        for index in order:
            if len(result) == self._recipe.stretches:
                break
            package = self._files[index].package
            others = [at for at, item in enumerate(self._files) if item.package == package and at != index]
            draw.shuffle(others)
            end = draw.randrange(2 * self._recipe.scored, len(encoded[index]) + 1)
            before = [token for at in others for token in encoded[at]] + encoded[index][: end - self._recipe.scored]
            scored = encoded[index][end - self._recipe.scored : end]
            if len(before) >= longest:
                size = len(self._tokenizer.decode(scored).encode("utf-8"))
                result.append(Stretch(before[len(before) - longest :], scored, size))
        return result

    def _place(self, draw: random.Random, index: int, a: int, b: int, prompt: int = 0) -> Place | None:
        item, lines = self._files[index], self._outlines[index]
        target = item.text[a:b]
        if not target.strip() or len(self._tokenizer.encode(target).ids) > LONGEST:
            return None
        room = int((prompt or self._recipe.prompt) * CHARACTERS)
        prompts, texts = {}, {}
        for setting, part in ((WITH, 0.5), (ALONE, 1.0)):
            cursor = spans.cursor_text(draw, lines, item.path, a, b, int(room * part * 0.75), int(room * part * 0.25))
            parts: list[Part] = FORMAT.repository(item.package)
            if part < 1.0:
                used = len(cursor.prefix) + len(cursor.suffix) + len(cursor.head)
                for path, piece in self._sampler.pieces(draw, index, cursor, "", room - used):
                    parts += FORMAT.chunk(ChunkKind.RELATED, path, piece)
            parts += FORMAT.current(cursor)
            prompts[setting] = self._sampler.encode(parts)
            texts[setting] = "".join(part.text for part in parts if not part.special)
        return Place(item.package, target, prompts, texts)
