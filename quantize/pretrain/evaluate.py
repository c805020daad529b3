"""All figures of the model card, on the held-out packages: what the model writes, what it costs, how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from quantize.pretrain import contestants, places, scores
from quantize.pretrain.floor import Floor
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.places import ALONE, WITH, Cursors, Place
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import EvaluateRecipe

#: Windows that llama.cpp scores as well.
CHECKED = 20
Say = Callable[[str], None]


def evaluate(
    path: Path,
    file: ModelFile,
    train: Sequence[SourceFile],
    held_out: Sequence[SourceFile],
    recipe: EvaluateRecipe,
    say: Say,
    engine: bool,
) -> dict[str, Any]:
    """The figures of the file at `path`, read as `file`; `engine` adds those that need the ported llama.cpp."""
    cursors = Cursors(held_out, file, recipe)
    say("evaluate: counting the floor")
    floor = Floor(item.text for item in train)
    result = _bits(path, file, held_out, recipe, floor, say, engine)
    result["rest_of_line"] = _lines(path, cursors.lines(), floor, say, result, engine)
    if engine:
        result["blocks"] = _blocks(path, cursors.blocks(), say)
        result["names"] = _names(path, cursors.names(), say)
        result["by_length"] = _lengths(path, cursors, recipe, say)
    return result


def _bits(
    path: Path,
    file: ModelFile,
    held_out: Sequence[SourceFile],
    recipe: EvaluateRecipe,
    floor: Floor,
    say: Say,
    engine: bool,
) -> dict[str, Any]:
    windows = places.windows(held_out, file, recipe)
    sizes = [len(item.text) for item in windows]
    scored = contestants.model_bits(file, windows)
    bits = scored.bits | {"floor": contestants.floor_bits(floor, windows)}
    table = {name: scores.per_byte(values, sizes) for name, values in bits.items()}
    say("evaluate: bits per byte " + ", ".join(f"{name} {value['value']:.4f}" for name, value in table.items()))
    by_package: dict[str, dict[str, float]] = {}
    for package in sorted({item.package for item in windows}):
        at = [index for index, item in enumerate(windows) if item.package == package]
        size = sum(sizes[index] for index in at)
        by_package[package] = {name: sum(values[index] for index in at) / size for name, values in bits.items()}
    result: dict[str, Any] = {
        "bytes": sum(sizes),
        "windows": len(windows),
        "bits_per_byte": table,
        "by_package": by_package,
        "first_pass_agreement": scored.agreement,
    }
    if engine:
        full = bits[f"pass {file.model.recipe.passes}"]
        result["engine_bits_per_byte"] = {
            "llama.cpp": scores.per_byte(contestants.engine_bits(path, windows[:CHECKED]), sizes[:CHECKED])["value"],
            "torch": scores.per_byte(full[:CHECKED], sizes[:CHECKED])["value"],
        }
    return result


def _lines(
    path: Path, cursors: Sequence[Place], floor: Floor, say: Say, result: dict[str, Any], engine: bool
) -> dict[str, Any]:
    targets = [place.target for place in cursors]
    table: dict[str, dict[str, Any]] = {}
    for setting in (WITH, ALONE):
        written = {
            "floor": contestants.floor_lines(floor, cursors, setting),
            "copier": contestants.copied_lines(cursors, setting),
        }
        if engine:
            made = contestants.answers(path, cursors, setting, 1)
            written["model"] = [item.text.split("\n")[0] for item in made]
            if setting == WITH:
                sure = [float(np.exp(np.mean(item.logprobs))) if item.logprobs else 0.0 for item in made]
                right = [scores.same(text, target) for text, target in zip(written["model"], targets, strict=True)]
                result["calibration"] = scores.calibration(sure, right)
        table[setting] = {name: scores.exact(lines, targets) for name, lines in written.items()}
        say(f"evaluate: {setting}: " + ", ".join(f"{k} {v['value']:.3f}" for k, v in table[setting].items()))
    result["positions"] = len(cursors)
    return table


def _blocks(path: Path, cursors: Sequence[Place], say: Say) -> dict[str, Any]:
    written = [item.text for item in contestants.answers(path, cursors, WITH, 0)]
    found = scores.exact(written, [place.target for place in cursors]) | {"positions": len(cursors)}
    say(f"evaluate: whole blocks {found['value']:.3f}, similarity {found['edit_similarity']:.3f}")
    return found


def _names(path: Path, cursors: Sequence[Place], say: Say) -> dict[str, Any]:
    result: dict[str, Any] = {"positions": len(cursors)}
    for setting in (WITH, ALONE):
        made = contestants.answers(path, cursors, setting, 1)
        result[setting] = scores.share(
            [_begins(item.text, place.target) for item, place in zip(made, cursors, strict=True)]
        )
        say(f"evaluate: names, {setting}: {result[setting]['value']:.3f}")
    return result


def _begins(text: str, name: str) -> bool:
    """Whether a text begins with the whole name."""
    rest = text[len(name) : len(name) + 1]
    return text.startswith(name) and not (rest.isalnum() or rest == "_")


def _lengths(path: Path, cursors: Cursors, recipe: EvaluateRecipe, say: Say) -> dict[str, Any]:
    stretches = cursors.stretches()
    if not stretches:
        return {}
    sizes = [item.size for item in stretches]
    return {
        str(length): scores.per_byte(contestants.stretch_bits(path, stretches, length, say), sizes)
        for length in recipe.lengths
    }
