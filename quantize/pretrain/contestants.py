"""Who is compared: the model in torch and in the ported llama.cpp, the byte model of floor.py, a copier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch

from iquest_lsp.datatypes import Generation
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model
from quantize.cursors import Completer
from quantize.pretrain.floor import Floor
from quantize.pretrain.places import LONGEST, Place, Window
from quantize.pretrain.reader import ModelFile

BATCH = 512
#: Borders of the probability that pass 1 gives its own choice, for counting how often pass 2 agrees with it.
SURE = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
#: Most tokens of a prompt that a cursor's answer is written after.
LONGEST_PROMPT = 3500
#: Tokens that the rest of a line may take beyond those of the longest target: it may be spelled otherwise.
ROOM = 16


@torch.no_grad()
def model_bits(file: ModelFile, window: Window) -> dict[str, Any]:
    """Bits of the window's text after each pass ("pass 1", ...), in float32 by torch.

    `sure` counts its positions by what probability pass 1 gives its choice (see SURE), `agreed` those of them where
    the last pass chooses the same token.
    """
    passes = file.model.recipe.passes
    ids = torch.tensor([window.header + window.tokens])
    start = len(window.header) - 1
    bits: dict[str, float] = {}
    rows = []
    for number, h in enumerate(file.model.hidden(ids[:, :-1], passes), 1):
        logits = file.model.logits(h[0, start:])
        loss = torch.nn.functional.cross_entropy(logits, ids[0, start + 1 :], reduction="sum")
        bits[f"pass {number}"] = float(loss) / math.log(2)
        rows.append(logits)
    sure, chosen = torch.softmax(rows[0], -1).max(-1)
    kinds = np.searchsorted(SURE, sure.numpy(), side="right")
    same = (chosen == rows[-1].argmax(-1)).numpy()
    return {
        "bits": bits,
        "sure": np.bincount(kinds, minlength=len(SURE) + 1).tolist(),
        "agreed": np.bincount(kinds[same], minlength=len(SURE) + 1).tolist(),
    }


def floor_bits(floor: Floor, item: Window) -> float:
    """The same of the floor, primed with the same header."""
    window = floor.window()
    window.read(item.title)
    return window.read(item.text)


def floor_line(floor: Floor, place: Place, setting: str) -> str:
    """What the floor writes up to the line's end after reading the same prompt."""
    window = floor.window()
    window.read(place.texts[setting].encode())
    return window.write(4 * LONGEST).decode("utf-8", "replace")


def copied_line(place: Place, setting: str) -> str:
    """What a copier writes: the rest of the line after the longest earlier occurrence of the text before the cursor."""
    text = place.texts[setting]
    for length in range(min(len(text), 200), 2, -1):
        at = text.rfind(text[-length:], 0, len(text) - 1)
        if at >= 0:
            return text[at + length :].split("\n")[0]
    return ""


class Author:
    """The model behind the engine's own decoding; it is loaded when the first answer is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()

    def __enter__(self) -> Author:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @cached_property
    def _completer(self) -> Completer:
        return self._stack.enter_context(Completer(self._path))

    def answer(self, place: Place, setting: str, max_lines: int, *, copying: bool = True) -> Generation:
        """What the model writes greedily, up to `max_lines` line ends (0: no limit); see Limits for `copying`."""
        most = LONGEST + ROOM if max_lines == 1 else 2 * LONGEST
        return self._completer.answer(place.prompts[setting][-LONGEST_PROMPT:], max_lines, most, copying=copying)


class Scorer:
    """The ported llama.cpp as a scorer of text; the model is loaded when the first text is scored."""

    def __init__(self, path: Path, room: int, kind: str = "f16", flash: bool | None = None) -> None:
        """`room` is the most tokens of one text; `kind` and `flash` are those of the cache and of attention."""
        self._path, self._room, self._kind, self._flash = path, room, kind, flash
        self._stack = ExitStack()

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @cached_property
    def _context(self) -> Context:
        model = Model.load(self._path)
        self._stack.callback(model.close)
        context = Context(
            model,
            n_ctx=self._room,
            n_batch=BATCH,
            n_ubatch=BATCH,
            type_k=self._kind,
            type_v=self._kind,
            flash_attn=self._flash,
        )
        self._stack.callback(context.close)
        return context

    def bits(self, before: Sequence[int], scored: Sequence[int]) -> float:
        """Bits of `scored` after `before`, which holds at least one token."""
        context, ids, bits = self._context, [*before, *scored], 0.0
        context.clear()
        for at in range(0, len(ids), BATCH):
            batch = ids[at : at + BATCH]
            needed = at + len(batch) >= len(before)
            context.decode(batch, list(range(at, at + len(batch))), logits="all" if needed else None)
            for place in range(max(at, len(before) - 1), min(at + len(batch), len(ids) - 1)):
                row = context.logits(place - at).astype(np.float64)
                bits += float(np.logaddexp.reduce(row) - row[ids[place + 1]]) / math.log(2)
        return bits
