"""Training samples in the window's own layout (iquest_lsp/context/prompt.py), filled into rows of tokens."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from tokenizers import Tokenizer

from iquest_lsp.context.prompt import (
    FAMILIES,
    HISTORY_PATH,
    LAYOUT_VERSION,
    TREE_PATH,
    FileAtCursor,
    PromptFormat,
    encode_parts,
)
from iquest_lsp.datatypes import ChunkKind, Part
from quantize.pretrain import spans
from quantize.pretrain import tokenizer as vocabulary
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.recipe import PackRecipe

#: Characters a token stands for on average, rounded down: used to plan lengths before tokenizing.
CHARACTERS = 2.9
FORMAT = PromptFormat(FAMILIES[0], "spm", LAYOUT_VERSION)


class Outlines:
    """The outline of each file, made when it is first asked for."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._files = files
        self._made: dict[int, spans.Outline] = {}

    def __getitem__(self, index: int) -> spans.Outline:
        if index not in self._made:
            self._made[index] = spans.outline(self._files[index].text, self._files[index].path)
        return self._made[index]


class Sampler:
    """Draws samples from a set of files; packages are repositories, so related files come from the same package."""

    def __init__(self, files: Sequence[SourceFile], tokenizer: Tokenizer, recipe: PackRecipe) -> None:
        self._tokenizer = tokenizer
        self._recipe = recipe
        self._places = spans.Places(recipe.after_signs, recipe.line_starts, recipe.line_ends)
        self._special = vocabulary.special_ids(tokenizer)
        self._end = self._special[vocabulary.END]
        self._files = list(files)
        self._outlines = Outlines(self._files)
        self._weights = _cumulative([min(len(item.text), 20_000) for item in self._files])
        self._packages: dict[str, list[int]] = defaultdict(list)
        self._ranks: list[int] = []
        self._modules: dict[tuple[str, str], int] = {}
        for index, item in enumerate(self._files):
            self._ranks.append(len(self._packages[item.package]))
            self._packages[item.package].append(index)
            self._modules[item.package, PurePosixPath(item.path).stem] = index

    def row(self, draw: random.Random, length: int) -> list[int]:
        """Exactly `length` tokens: several samples, the last a plain piece of a file that fills what is left."""
        row: list[int] = []
        while length - len(row) > 48:
            left = length - len(row)
            kind = draw.random()
            if kind < self._recipe.plain:
                row += self._plain(draw, min(left, draw.randint(min(100, length), length)))
            elif kind < self._recipe.plain + self._recipe.related and left >= 320:
                row += self._fill(draw, draw.randint(300, left), related=True)
            else:
                row += self._fill(draw, draw.randint(64, max(65, min(left, length // 2))), related=False)
        return (row + self._plain(draw, length))[:length]

    def _choose(self, draw: random.Random) -> int:
        return draw.choices(range(len(self._files)), cum_weights=self._weights)[0]

    def encode(self, parts: Sequence[Part]) -> list[int]:
        """Token ids of parts, each tokenized by itself."""
        texts = [part.text for part in parts if not part.special]
        tokenized = [item.ids for item in self._tokenizer.encode_batch(texts, add_special_tokens=False)]
        return encode_parts(parts, self._special, tokenized)

    def _plain(self, draw: random.Random, budget: int) -> list[int]:
        index = self._choose(draw)
        item, lines = self._files[index], self._outlines[index]
        room = int(budget * CHARACTERS)
        first = 0
        if len(item.text) > room:
            first = lines.line_of(draw.randrange(len(item.text) - room))
        start = lines.starts[first]
        text = item.text[start : start + room]
        parts = FORMAT.chunk(ChunkKind.OPEN, item.path, text)
        return [*self.encode(parts)[:budget], self._end]

    def _fill(self, draw: random.Random, budget: int, related: bool) -> list[int]:
        """One fill-in-the-middle sample of about `budget` tokens; too long ones lose their beginning."""
        index = self._choose(draw)
        item, lines = self._files[index], self._outlines[index]
        a, b = spans.cut(draw, lines, self._places)
        room = int(budget * CHARACTERS)
        b = min(b, a + room // 2)
        around = int((room - (b - a)) * (draw.uniform(0.3, 0.6) if related else 0.9))
        share = draw.uniform(0.5, 0.9)
        cursor = spans.cursor_text(draw, lines, item.path, a, b, int(around * share), int(around * (1 - share)))
        middle = item.text[a:b].removesuffix("\n")
        head: list[Part] = []
        if related:
            left = room - sum(map(len, (cursor.prefix, cursor.head, cursor.tail, cursor.suffix, middle)))
            head = self._context(draw, index, cursor, middle, left)
        elif draw.random() < 0.3:
            head = FORMAT.repository(item.package)
        current = [*FORMAT.current(cursor), *([Part(middle)] if middle else [])]
        tokens = [*self.encode(head), *self.encode(current), self._end]
        over = len(tokens) - budget
        return tokens[over:] if 0 < over < len(tokens) // 3 else tokens

    def _context(self, draw: random.Random, index: int, cursor: FileAtCursor, middle: str, room: int) -> list[Part]:
        item = self._files[index]
        parts = FORMAT.repository(item.package)
        if draw.random() < 0.2:
            paths = sorted(self._files[at].path for at in draw.sample(*self._near(index, 12)))
            text = "\n".join(paths) + "\n"
            parts += FORMAT.chunk(ChunkKind.TREE, TREE_PATH, text)
            room -= len(text)
        pieces = self.pieces(draw, index, cursor, middle, room)
        if pieces and draw.random() < 0.12:
            parts += FORMAT.chunk(ChunkKind.FLOW, HISTORY_PATH, self._history(draw, pieces))
        for path, text in pieces:
            kind = ChunkKind.EDIT if draw.random() < 0.12 else ChunkKind.RELATED
            parts += FORMAT.chunk(kind, path, text)
        return parts

    def _near(self, index: int, most: int) -> tuple[list[int], int]:
        family = self._packages[self._files[index].package]
        at = self._ranks[index]
        near = family[max(0, at - 20) : at + 20]
        return near, min(most, len(near))

    def pieces(
        self, draw: random.Random, index: int, cursor: FileAtCursor, middle: str, room: int
    ) -> list[tuple[str, str]]:
        """Spans of other files of the package, cut at definition borders, least relevant first."""
        item = self._files[index]
        wanted = spans.words(cursor.prefix[-1500:] + cursor.head + cursor.suffix[:400])
        if draw.random() < 0.5:
            wanted |= spans.words(middle)
        candidates = {
            found
            for name in self._outlines[index].imports
            if (found := self._modules.get((item.package, name.rpartition(".")[2]))) is not None
        }
        candidates.update(draw.sample(*self._near(index, 4)))
        candidates.discard(index)
        scored = []
        for at in sorted(candidates):
            for first, end in self._outlines[at].pieces:
                text = self._outlines[at].lines(first, end)
                if 40 < len(text) <= max(room, 0):
                    # Import lines share many names and say little.
                    worth = 0.3 if text.startswith(("import ", "from ", "#", '"""')) else 1.0
                    shared = len(wanted & spans.words(text)) * worth
                    scored.append((shared / (len(text) + 200) ** 0.5, at, first, text))
        scored.sort(reverse=True)
        chosen: list[tuple[str, str]] = []
        for _, at, _, text in scored:
            if len(text) <= room:
                room -= len(text) + len(self._files[at].path) + 8
                chosen.append((self._files[at].path, text))
            if room < 100 or len(chosen) == 6:
                break
        return chosen[::-1]

    def _history(self, draw: random.Random, pieces: Sequence[tuple[str, str]]) -> str:
        """Records in words for code that is shown further down: the layout's form, from what the code defines."""
        lines = []
        for path, text in pieces[-3:]:
            defined = [line for line in text.split("\n") if line.startswith(("def ", "class "))]
            names = [line.split()[1].split("(")[0].rstrip(":") for line in defined]
            subject = f"add {names[0]}" if names else f"update {PurePosixPath(path).stem}"
            lines.append(f"- {draw.choice(('feature', 'fix', 'refactor'))}: {subject} ({path})\n")
        return "".join(lines)


def _cumulative(weights: Sequence[int]) -> list[int]:
    total = 0
    result = []
    for weight in weights:
        total += weight
        result.append(total)
    return result
