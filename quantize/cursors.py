"""Completion at random cursors in real files: the rest of the line, with and without what follows the cursor."""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iquest_lsp.context.prompt import CursorText, PromptFormat, encode
from iquest_lsp.datatypes import Part
from iquest_lsp.runtime.llama import Model
from iquest_lsp.runtime.loop import LoopContext

#: Characters of the file before and after the cursor that a prompt may have.
BEFORE, AFTER = 3000, 1000
LONGEST = 48


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor: what stands before and after it, and the rest of its line."""

    cursor: CursorText
    target: str


def draw(texts: Sequence[str], count: int, seed: int = 0) -> list[Place]:
    """Cursors within lines that have something before and after them."""
    random_ = random.Random(seed)
    places: list[Place] = []
    usable = [text for text in texts if text.count("\n") > 5]
    while usable and len(places) < count:
        text = random_.choice(usable)
        lines = text.split("\n")
        at = random_.randrange(1, len(lines))
        line = lines[at].rstrip()
        begin = len(line) - len(line.lstrip())
        if not 4 <= len(line) - begin <= 100:
            continue
        column = random_.randrange(begin + 1, len(line))
        before, after = "\n".join(lines[:at]) + "\n", "\n".join(lines[at + 1 :])
        cut = max(len(before) - BEFORE, 0)
        cut = before.find("\n", cut) + 1 if cut else 0
        cursor = CursorText("file", before[cut:], line[:column], "", after[:AFTER].rpartition("\n")[0])
        places.append(Place(cursor, line[column:]))
    return places


def complete(
    model: Model, places: Sequence[Place], progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Exact rests of lines and their mean similarity, greedily decoded: `line` sees only what is before the cursor,
    `fim` what follows it as well (None where the model has no tokens for that)."""
    special = model.special_tokens()
    style = PromptFormat.detect(model.metadata, special)
    ways = {"line": None} | ({"fim": style} if style.tokens is not None else {})
    result: dict[str, Any] = {"line_exact": None, "line_similarity": None, "fim_exact": None, "fim_similarity": None}
    context = LoopContext(model, 4096, n_batch=512, n_ubatch=512)
    done = 0
    try:
        for name, chosen in ways.items():
            exact, similar = [], []
            for place in places:
                prompt = _prompt(model, place.cursor, chosen, special)
                answer = _greedy(model, context, prompt[-(4096 - LONGEST) :])
                exact.append(answer.rstrip() == place.target)
                similar.append(difflib.SequenceMatcher(None, answer, place.target, autojunk=False).ratio())
                done += 1
                if progress is not None:
                    progress(done, len(places) * len(ways))
            result[f"{name}_exact"], result[f"{name}_similarity"] = float(np.mean(exact)), float(np.mean(similar))
    finally:
        context.close()
    return result | {"cursors": len(places)}


def _prompt(model: Model, cursor: CursorText, style: PromptFormat | None, special: dict[str, int]) -> list[int]:
    if style is None:
        return model.tokenize(cursor.prefix + cursor.head)
    parts: list[Part] = [*style.begin(""), *style.current(cursor)]
    return encode(parts, special, [model.tokenize(part.text) for part in parts if not part.special])


def _greedy(model: Model, context: LoopContext, prompt: list[int]) -> str:
    """The model's text up to the end of the line."""
    context.clear()
    context.run(context.plan(0, 0, len(prompt)), prompt)
    found = b""
    for at in range(len(prompt), len(prompt) + LONGEST):
        token = int(context.logits(-1).argmax())
        if model.is_eog(token):
            break
        found += model.piece(token)
        if b"\n" in found:
            break
        context.decode([token], [at], 0, "last")
    return found.partition(b"\n")[0].decode("utf-8", "replace")
