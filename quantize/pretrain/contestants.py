"""Who is compared: the model in torch and in the ported llama.cpp, the byte model of floor.py, a copier."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from iquest_lsp.datatypes import Generation
from iquest_lsp.runtime.llama import Context, Model
from quantize.cursors import Completer
from quantize.pretrain.floor import Floor
from quantize.pretrain.places import LONGEST, Place, Stretch, Window
from quantize.pretrain.reader import ModelFile

BATCH = 512


@dataclass(frozen=True, slots=True)
class Scored:
    """Bits of each window's text after each pass ("pass 1", ...), and how often pass 1 alone chooses as the last."""

    bits: dict[str, list[float]]
    agreement: float


@torch.no_grad()
def model_bits(file: ModelFile, scored: Sequence[Window]) -> Scored:
    """In float32 by torch."""
    passes = file.model.recipe.passes
    bits: dict[str, list[float]] = {f"pass {number}": [] for number in range(1, passes + 1)}
    agreed = total = 0
    for window in scored:
        ids = torch.tensor([window.header + window.tokens])
        start = len(window.header) - 1
        chosen = []
        for name, h in zip(bits, file.model.hidden(ids[:, :-1], passes), strict=True):
            logits = file.model.logits(h[0, start:])
            loss = torch.nn.functional.cross_entropy(logits, ids[0, start + 1 :], reduction="sum")
            bits[name].append(float(loss) / math.log(2))
            chosen.append(logits.argmax(-1))
        agreed += int((chosen[0] == chosen[-1]).sum())
        total += len(window.tokens)
    return Scored(bits, agreed / max(1, total))


def floor_bits(floor: Floor, scored: Sequence[Window]) -> list[float]:
    """The same of the floor, primed with the same header."""
    result = []
    for item in scored:
        window = floor.window()
        window.read(item.title)
        result.append(window.read(item.text))
    return result


def floor_lines(floor: Floor, cursors: Sequence[Place], setting: str) -> list[str]:
    """What the floor writes up to the line's end after reading the same prompt."""
    result = []
    for place in cursors:
        window = floor.window()
        window.read(place.texts[setting].encode())
        result.append(window.write(4 * LONGEST).decode("utf-8", "replace"))
    return result


def copied_lines(cursors: Sequence[Place], setting: str) -> list[str]:
    """What a copier writes: the rest of the line after the longest earlier occurrence of the text before the cursor."""
    result = []
    for place in cursors:
        text = place.texts[setting]
        best = ""
        for length in range(min(len(text), 200), 2, -1):
            at = text.rfind(text[-length:], 0, len(text) - 1)
            if at >= 0:
                best = text[at + length :].split("\n")[0]
                break
        result.append(best)
    return result


def answers(path: Path, cursors: Sequence[Place], setting: str, max_lines: int) -> list[Generation]:
    """What the model writes greedily through the engine's own decoding, up to `max_lines` line ends (0: no limit)."""
    with Completer(path) as completer:
        return [completer.answer(place.prompts[setting][-3500:], max_lines, 2 * LONGEST) for place in cursors]


def engine_bits(path: Path, scored: Sequence[Window]) -> list[float]:
    """Bits of each window's text by the ported llama.cpp, F32 cache."""
    result = []
    with _context(path, 2048, "f32", flash=False) as context:
        for window in scored:
            context.clear()
            result.append(_bits(context, window.header, window.tokens))
    return result


def stretch_bits(path: Path, stretches: Sequence[Stretch], length: int, say: Callable[[str], None]) -> list[float]:
    """Bits of each stretch's scored tokens after the last `length` tokens before them, as the engine computes them."""
    result = []
    with _context(path, length + BATCH + len(stretches[0].scored), "f16", flash=None) as context:
        for stretch in stretches:
            context.clear()
            result.append(_bits(context, stretch.before[-length:], stretch.scored))
    say(f"evaluate: {len(stretches)} stretches after {length} tokens")
    return result


@contextmanager
def _context(path: Path, room: int, kind: str, flash: bool | None) -> Iterator[Context]:
    model = Model.load(path)
    context = model.context(n_ctx=room, n_batch=BATCH, n_ubatch=BATCH, type_k=kind, type_v=kind, flash_attn=flash)
    try:
        yield context
    finally:
        context.close()
        model.close()


def _bits(context: Context, before: Sequence[int], scored: Sequence[int]) -> float:
    """Bits of `scored` after `before`, which holds at least one token."""
    ids = [*before, *scored]
    bits = 0.0
    for at in range(0, len(ids), BATCH):
        batch = ids[at : at + BATCH]
        needed = at + len(batch) >= len(before)
        context.decode(batch, list(range(at, at + len(batch))), logits="all" if needed else None)
        for place in range(max(at, len(before) - 1), min(at + len(batch), len(ids) - 1)):
            row = context.logits(place - at).astype(np.float64)
            bits += float(np.logaddexp.reduce(row) - row[ids[place + 1]]) / math.log(2)
    return bits
