"""Scores a model file and its floor on held-out packages: bits per byte, and the rest of the line at random places."""

from __future__ import annotations

import difflib
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iquest_lsp.datatypes import ChunkKind, Part
from quantize.pretrain import spans
from quantize.pretrain.floor import Floor
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import EvaluateRecipe, PackRecipe
from quantize.pretrain.samples import FORMAT, Sampler

#: Tokens a completion may have; cursors whose rest of the line is longer are not drawn.
LONGEST = 64
#: Windows that llama.cpp scores as well.
CHECKED = 20
Say = Callable[[str], None]


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
    """A cursor in a held-out file: the prompt with and without related files, and the rest of the line."""

    package: str
    target: str
    head: str
    prompts: dict[str, list[int]]
    texts: dict[str, str]


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


def places(files: Sequence[SourceFile], file: ModelFile, recipe: EvaluateRecipe) -> list[Place]:
    """Random cursors from the first character of a line's text on, words not spared; the rest is never blank."""
    draw = random.Random(recipe.seed + 1)
    sampler = Sampler(files, file.tokenizer, PackRecipe())
    by_size = [len(item.text) for item in files]
    result: list[Place] = []
    while len(result) < recipe.positions:
        index = draw.choices(range(len(files)), weights=by_size)[0]
        item = files[index]
        lines = spans.outline(item.text, item.path)
        line = draw.randrange(len(lines.starts))
        text = lines.lines(line, line + 1).rstrip("\n")
        indent = len(text) - len(text.lstrip())
        if len(text.strip()) < 2:
            continue
        column = draw.randint(indent, len(text) - 1)
        a, b = lines.starts[line] + column, lines.starts[line] + len(text)
        target = item.text[a:b]
        if not target.strip() or len(file.tokenizer.encode(target).ids) > LONGEST:
            continue
        room = int(recipe.prompt * 2.6)
        prompts, texts = {}, {}
        for setting, share in (("with related files", 0.5), ("file alone", 1.0)):
            cursor = spans.cursor_text(draw, lines, item.path, a, b, int(room * share * 0.75), int(room * share * 0.25))
            parts: list[Part] = FORMAT.repository(item.package)
            if share < 1.0:
                used = len(cursor.prefix) + len(cursor.suffix) + len(cursor.head)
                for path, piece in sampler.pieces(draw, index, cursor, "", room - used):
                    parts += FORMAT.chunk(ChunkKind.RELATED, path, piece)
            parts += FORMAT.current(cursor)
            prompts[setting] = sampler.encode(parts)
            texts[setting] = "".join(part.text for part in parts if not part.special)
        result.append(Place(item.package, target, text[:column], prompts, texts))
    return result


@torch.no_grad()
def model_bits(file: ModelFile, scored: Sequence[Window]) -> dict[str, list[float]]:
    """Bits of each window's text after each pass ("pass 1", ...), in float32 by torch."""
    passes = file.model.recipe.passes
    result: dict[str, list[float]] = {f"pass {number}": [] for number in range(1, passes + 1)}
    for window in scored:
        ids = torch.tensor([window.header + window.tokens])
        start = len(window.header) - 1
        for name, h in zip(result, file.model.hidden(ids[:, :-1], passes), strict=True):
            logits = file.model.logits(h[0, start:])
            loss = torch.nn.functional.cross_entropy(logits, ids[0, start + 1 :], reduction="sum")
            result[name].append(float(loss) / math.log(2))
    return result


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


def engine_lines(path: Path, cursors: Sequence[Place], setting: str) -> list[str]:
    """What the model writes greedily through the ported llama.cpp up to the line's end."""
    from iquest_lsp.runtime.llama import Model

    model = Model.load(path)
    context = model.context(n_ctx=4096, n_batch=512, n_ubatch=512, type_k="f16", type_v="f16")
    result = []
    for place in cursors:
        context.clear()
        prompt = place.prompts[setting][-3500:]
        for at in range(0, len(prompt), 512):
            batch = prompt[at : at + 512]
            context.decode(batch, list(range(at, at + len(batch))), logits="last")
        row = context.logits(len(batch) - 1)
        written = b""
        for at in range(len(prompt), len(prompt) + LONGEST + 1):
            token = int(np.argmax(row))
            if model.is_eog(token):
                break
            written += model.piece(token)
            if b"\n" in written:
                break
            context.decode([token], [at], logits="last")
            row = context.logits(0)
        result.append(written.split(b"\n")[0].decode("utf-8", "replace"))
    context.close()
    model.close()
    return result


def engine_bits(path: Path, scored: Sequence[Window]) -> list[float]:
    """Bits of each window's text by the ported llama.cpp, F32 cache."""
    from iquest_lsp.runtime.llama import Model

    model = Model.load(path)
    context = model.context(n_ctx=2048, n_batch=2048, n_ubatch=512, type_k="f32", type_v="f32", flash_attn=False)
    result = []
    for window in scored:
        context.clear()
        ids = window.header + window.tokens
        context.decode(ids, list(range(len(ids))), logits="all")
        bits = 0.0
        for at in range(len(window.header), len(ids)):
            row = context.logits(at - 1).astype(np.float64)
            bits += (np.logaddexp.reduce(row) - row[ids[at]]) / math.log(2)
        result.append(float(bits))
    context.close()
    model.close()
    return result


def per_byte(bits: Sequence[float], scored: Sequence[Window], seed: int = 0) -> dict[str, float]:
    """Bits per byte over all windows, with a 95% interval from resampling windows."""
    costs, sizes = np.array(bits), np.array([len(item.text) for item in scored], float)
    draw = np.random.default_rng(seed)
    picks = draw.integers(0, len(costs), (2000, len(costs)))
    spread = costs[picks].sum(1) / sizes[picks].sum(1)
    low, high = np.percentile(spread, (2.5, 97.5))
    return {"value": float(costs.sum() / sizes.sum()), "low": float(low), "high": float(high)}


def exact(lines: Sequence[str], cursors: Sequence[Place]) -> dict[str, float]:
    """Share of cursors whose rest of line is met exactly, trailing blanks aside, with Wilson's 95% interval."""
    hits = sum(line.rstrip() == place.target.rstrip() for line, place in zip(lines, cursors, strict=True))
    similar = [
        difflib.SequenceMatcher(None, line.rstrip(), place.target.rstrip(), autojunk=False).ratio()
        for line, place in zip(lines, cursors, strict=True)
    ]
    low, high = wilson(hits, len(cursors))
    return {"value": hits / len(cursors), "low": low, "high": high, "edit_similarity": float(np.mean(similar))}


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95% score interval of a share."""
    z = 1.96
    share = hits / count
    centre = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (centre - half) / scale, (centre + half) / scale


def evaluate(
    path: Path,
    file: ModelFile,
    train: Sequence[SourceFile],
    held_out: Sequence[SourceFile],
    recipe: EvaluateRecipe,
    say: Say,
    engine: bool,
) -> dict[str, Any]:
    """All figures of the card; `engine` adds those that need the ported llama.cpp."""
    scored = windows(held_out, file, recipe)
    cursors = places(held_out, file, recipe)
    say(f"evaluate: {len(scored)} windows, {sum(len(item.text) for item in scored)} bytes; {len(cursors)} cursors")
    bits = model_bits(file, scored)
    full = f"pass {file.model.recipe.passes}"
    say(f"evaluate: model {per_byte(bits[full], scored)['value']:.4f} bits per byte; counting the floor")
    floor = Floor(item.text for item in train)
    bits["floor"] = floor_bits(floor, scored)
    say(f"evaluate: floor {per_byte(bits['floor'], scored)['value']:.4f} bits per byte")
    lines: dict[str, dict[str, Any]] = {}
    for setting in ("with related files", "file alone"):
        contestants = {"floor": floor_lines(floor, cursors, setting), "copier": copied_lines(cursors, setting)}
        if engine:
            contestants["model"] = engine_lines(path, cursors, setting)
        lines[setting] = {name: exact(written, cursors) for name, written in contestants.items()}
        say(f"evaluate: {setting}: " + ", ".join(f"{k} {v['value']:.3f}" for k, v in lines[setting].items()))
    result: dict[str, Any] = {
        "bytes": sum(len(item.text) for item in scored),
        "windows": len(scored),
        "positions": len(cursors),
        "bits_per_byte": {name: per_byte(values, scored) for name, values in bits.items()},
        "by_package": {},
        "rest_of_line": lines,
    }
    for package in sorted({item.package for item in scored}):
        at = [index for index, item in enumerate(scored) if item.package == package]
        size = sum(len(scored[index].text) for index in at)
        result["by_package"][package] = {
            name: sum(values[index] for index in at) / size for name, values in bits.items()
        }
    if engine:
        some = slice(0, CHECKED)
        result["engine_bits_per_byte"] = {
            "llama.cpp": per_byte(engine_bits(path, scored[some]), scored[some])["value"],
            "torch": per_byte(bits[full][some], scored[some])["value"],
        }
    return result
