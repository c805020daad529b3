"""What is measured on the held-out packages for the model card; figures.py makes the figures of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from quantize.pretrain import contestants, places
from quantize.pretrain.contestants import Author, Scorer
from quantize.pretrain.floor import Floor
from quantize.pretrain.kept import Kept, Say
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.places import ALONE, WITH, Cursors, Place, Stretch, Window
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import EvaluateRecipe

#: Windows that llama.cpp scores as well.
CHECKED = 20
#: Raised whenever this code changes what comes out of the same inputs.
VERSION = 1
#: Shares of all parts that are measured one after the other: an interruption leaves something of each.
ROUNDS = (0.1, 0.25, 0.5, 1.0)
#: More of these go on from those that were measured before, since cursors are drawn one after another.
_GROWING = ("positions", "blocks", "names", "long_prompt")
_SLUGS = {WITH: "related", ALONE: "alone"}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of measurement: its name, how many items it has, and how one is made."""

    name: str
    count: int
    make: Callable[[int], Any]


@dataclass(frozen=True)
class Trials:
    """All that a model is tried on, drawn once from the held-out files; every list is in random order."""

    held_out: Sequence[SourceFile]
    file: ModelFile
    recipe: EvaluateRecipe

    @cached_property
    def windows(self) -> list[Window]:
        """Pieces whose bits are counted."""
        return places.windows(self.held_out, self.file, self.recipe)

    @cached_property
    def lines(self) -> list[Place]:
        """Rests of lines."""
        return self._cursors.lines()

    @cached_property
    def long_lines(self) -> list[Place]:
        """The same with longer prompts; none where the recipe has no length for them."""
        return self._cursors.lines(self.recipe.long_prompt) if self.recipe.long_prompt else []

    @cached_property
    def copying(self) -> str:
        """What the file says of copying, shortened; "" where the engine decodes by the model alone."""
        return hashlib.sha256(self.file.copying.encode()).hexdigest()[:8] if self.file.copying else ""

    @cached_property
    def blocks(self) -> list[Place]:
        """Whole bodies."""
        return self._cursors.blocks()

    @cached_property
    def names(self) -> list[Place]:
        """Names that only related files have."""
        return self._cursors.names()

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Pieces after long windows."""
        return self._cursors.stretches()

    @cached_property
    def _cursors(self) -> Cursors:
        return Cursors(self.held_out, self.file, self.recipe)


def kept_key(
    file: ModelFile, recipe: EvaluateRecipe, train: Sequence[SourceFile], held_out: Sequence[SourceFile]
) -> str:
    """Hash of all that a measured item depends on: of the model file its shape, weights and vocabulary."""
    fields = dataclasses.asdict(recipe)
    for name in _GROWING:
        del fields[name]
    inputs = [VERSION, fields, dataclasses.asdict(file.model.recipe), file.tokenizer.get_vocab()]
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for value in file.model.state_dict().values():
        digest.update(value.numpy().tobytes())
    for item in (*train, *held_out):
        digest.update(item.sha256.encode())
    return digest.hexdigest()[:16]


def measure(path: Path, trials: Trials, train: Sequence[SourceFile], kept: Kept, say: Say, *, engine: bool) -> None:
    """Measures what is missing, in rounds; `engine` adds what needs the ported llama.cpp.

    The floor is counted on `train` when it is needed, which takes a while and some gigabytes: its parts come last.
    """
    with ExitStack() as stack:
        parts = [*_model_bits(trials), *(_engine_parts(path, trials, stack) if engine else ())]
        for share in ROUNDS:
            say(f"evaluate: {share:.0%} of everything")
            for part in parts:
                kept.each(part.name, math.ceil(part.count * share), part.make)
    for part in _floor_parts(trials, train, say):
        kept.each(part.name, part.count, part.make)


def first_answers(path: Path, trials: Trials, kept: Kept, count: int) -> list[tuple[Place, str]]:
    """The model's answers at the first of the rests of lines, with related files in the prompt."""
    with ExitStack() as stack:
        author = stack.enter_context(Author(path))
        part = _writing(author, "line", trials.lines, WITH, 1, trials.copying)
        made = kept.each(part.name, min(count, part.count), part.make)
    return [(place, item["text"]) for place, item in zip(trials.lines, made, strict=False)]


def answers(part: str, setting: str, copying: str = "") -> str:
    """The name of the part that holds what somebody wrote at cursors; `copying` is that of Trials, if it was on."""
    return f"{part}-{_SLUGS[setting]}" + (f"-copying-{copying}" if copying else "")


def _model_bits(trials: Trials) -> Iterator[Part]:
    windows = trials.windows
    yield Part("bits-model", len(windows), lambda at: contestants.model_bits(trials.file, windows[at]))


def _engine_parts(path: Path, trials: Trials, stack: ExitStack) -> Iterator[Part]:
    author = stack.enter_context(Author(path))
    long = f"line-{trials.recipe.long_prompt}"
    for copying in dict.fromkeys(("", trials.copying)):
        for setting in (WITH, ALONE):
            yield _writing(author, "line", trials.lines, setting, 1, copying)
        for setting in (WITH, ALONE):
            yield _writing(author, "names", trials.names, setting, 1, copying)
        yield _writing(author, "blocks", trials.blocks, WITH, 0, copying)
        for setting in (WITH, ALONE) if trials.long_lines else ():
            yield _writing(author, long, trials.long_lines, setting, 1, copying)

    stretches = trials.stretches
    for length in trials.recipe.lengths if stretches else ():
        scorer = stack.enter_context(Scorer(path, length + contestants.BATCH + trials.recipe.scored))

        def after(at: int, scorer: Scorer = scorer, length: int = length) -> float:
            return scorer.bits(stretches[at].before[-length:], stretches[at].scored)

        yield Part(f"length-{length}", len(stretches), after)

    windows = trials.windows[:CHECKED]
    exact = stack.enter_context(Scorer(path, 2048, "f32", flash=False))
    yield Part("bits-engine", len(windows), lambda at: exact.bits(windows[at].header, windows[at].tokens))


def _writing(author: Author, part: str, cursors: Sequence[Place], setting: str, max_lines: int, copying: str) -> Part:
    def make(at: int) -> dict[str, Any]:
        made = author.answer(cursors[at], setting, max_lines, copying=bool(copying))
        text, count = made.text, len(made.logprobs)
        if max_lines == 1:
            # The engine goes on where a bracket is open; what counts is the line itself.
            text = text.split("\n")[0]
            count = sum(begin < len(text) for begin in (0, *made.ends[:-1]))
        return {"text": text, "probability": float(np.exp(np.sum(made.logprobs[:count]))) if text else 0.0}

    return Part(answers(part, setting, copying), len(cursors), make)


def _floor_parts(trials: Trials, train: Sequence[SourceFile], say: Say) -> Iterator[Part]:
    counted: list[Floor] = []

    def floor() -> Floor:
        if not counted:
            say("evaluate: counting the floor")
            counted.append(Floor(item.text for item in train))
        return counted[0]

    windows, lines = trials.windows, trials.lines
    yield Part("bits-floor", len(windows), lambda at: contestants.floor_bits(floor(), windows[at]))
    for setting in (WITH, ALONE):

        def write(at: int, setting: str = setting) -> str:
            return contestants.floor_line(floor(), lines[at], setting)

        yield Part(answers("line-floor", setting), len(lines), write)
