"""All figures of the model card, on the held-out packages: what the model writes, what it costs, how sure it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from quantize.pretrain import contestants, places, scores
from quantize.pretrain.contestants import Author, Scorer
from quantize.pretrain.floor import Floor
from quantize.pretrain.kept import Kept, Say
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.places import ALONE, WITH, Cursors, Place
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import EvaluateRecipe

#: Windows that llama.cpp scores as well.
CHECKED = 20
#: Raised whenever this code changes what comes out of the same inputs.
VERSION = 1
#: More of these go on from those that were measured before, since cursors are drawn one after another.
_GROWING = ("positions", "blocks", "names")
_SLUGS = {WITH: "related", ALONE: "alone"}


def kept_key(path: Path, recipe: EvaluateRecipe, train: Sequence[SourceFile], held_out: Sequence[SourceFile]) -> str:
    """Hash of all that a measured item depends on."""
    fields = dataclasses.asdict(recipe)
    for name in _GROWING:
        del fields[name]
    digest = hashlib.sha256(json.dumps([VERSION, fields]).encode() + path.read_bytes())
    for item in (*train, *held_out):
        digest.update(item.sha256.encode())
    return digest.hexdigest()[:16]


class Evaluation:
    """The figures of one model file; each part is made when it is asked for and kept item by item."""

    def __init__(
        self,
        path: Path,
        file: ModelFile,
        train: Sequence[SourceFile],
        held_out: Sequence[SourceFile],
        recipe: EvaluateRecipe,
        kept: Kept,
        say: Say,
    ) -> None:
        self._path, self._file, self._train, self._held_out = path, file, train, held_out
        self._recipe, self._kept, self._say = recipe, kept, say

    def run(self, *, engine: bool) -> dict[str, Any]:
        """All figures; `engine` adds those that need the ported llama.cpp."""
        result = self.bits(engine=engine) | self.lines(engine=engine)
        if engine:
            result["blocks"] = self.blocks()
            result["names"] = self.names()
            result["by_length"] = self.lengths()
        return result

    @cached_property
    def _floor(self) -> Floor:
        self._say("counting the floor")
        return Floor(item.text for item in self._train)

    @cached_property
    def _cursors(self) -> Cursors:
        return Cursors(self._held_out, self._file, self._recipe)

    def bits(self, *, engine: bool) -> dict[str, Any]:
        """Bits per byte of the model and of the floor, by package too, and how pass 1 agrees with the last."""
        windows = places.windows(self._held_out, self._file, self._recipe)
        sizes = [len(item.text) for item in windows]
        made = self._kept.each("bits-model", len(windows), lambda at: contestants.model_bits(self._file, windows[at]))
        bits = {name: [item["bits"][name] for item in made] for name in (made[0]["bits"] if made else ())}
        model = list(bits)
        bits["floor"] = self._kept.each(
            "bits-floor", len(windows), lambda at: contestants.floor_bits(self._floor, windows[at])
        )
        table = {name: scores.per_byte(values, sizes) for name, values in bits.items()}
        self._say("bits per byte: " + ", ".join(f"{name} {value['value']:.4f}" for name, value in table.items()))
        by_package: dict[str, dict[str, Any]] = {}
        for package in sorted({item.package for item in windows}):
            at = [index for index, item in enumerate(windows) if item.package == package]
            part = [sizes[index] for index in at]
            by_package[package] = {
                name: scores.per_byte([values[index] for index in at], part) for name, values in bits.items()
            } | {"windows": len(at)}
        sure, agreed = (np.array([item[name] for item in made]).sum(0) for name in ("sure", "agreed"))
        result: dict[str, Any] = {
            "bytes": sum(sizes),
            "windows": len(windows),
            "bits_per_byte": table,
            "fewer_than_floor": scores.saving(bits[model[-1]], bits["floor"]),
            "by_package": by_package,
            "first_pass": {
                "agreement": float(agreed.sum() / max(1, sure.sum())),
                "gain_of_last": scores.saving(bits[model[-1]], bits[model[0]]),
                "by_confidence": [
                    {"from": low, "positions": int(sure[at:].sum()), "share": float(sure[at:].sum() / sure.sum()),
                     "agreed": float(agreed[at:].sum() / max(1, sure[at:].sum()))}
                    for at, low in enumerate((0.0, *contestants.SURE))
                ],
            },
        }  # fmt: skip
        if engine:
            with Scorer(self._path, 2048, "f32", flash=False) as scorer:
                checked = self._kept.each(
                    "bits-engine",
                    min(CHECKED, len(windows)),
                    lambda at: scorer.bits(windows[at].header, windows[at].tokens),
                )
            count = len(checked)
            result["engine_bits_per_byte"] = {
                "llama.cpp": scores.per_byte(checked, sizes[:count])["value"],
                "torch": scores.per_byte(bits[model[-1]][:count], sizes[:count])["value"],
            }
        return result

    def lines(self, *, engine: bool) -> dict[str, Any]:
        """The rest of the line, with related files in the prompt and without, and how far its confidence is right."""
        cursors = self._cursors.lines()
        targets = [place.target for place in cursors]
        table: dict[str, dict[str, Any]] = {}
        result: dict[str, Any] = {"positions": len(cursors), "rest_of_line": table}
        right: dict[str, list[bool]] = {}
        for setting in (WITH, ALONE):
            written = {
                "floor": self._written("line-floor", cursors, setting),
                "copier": [contestants.copied_line(place, setting) for place in cursors],
            }
            if engine:
                made = self._answers("line-model", cursors, setting, 1)
                written["model"] = [item["text"].split("\n")[0] for item in made]
                right[setting] = [
                    scores.same(text, target) for text, target in zip(written["model"], targets, strict=True)
                ]
                if setting == WITH:
                    sure = [item["probability"] for item in made]
                    result["calibration"] = scores.calibration(sure, right[setting])
                    result["reliability"] = scores.reliability(sure, right[setting])
            table[setting] = {name: scores.exact(lines, targets) for name, lines in written.items()}
            self._say(f"{setting}: " + ", ".join(f"{k} {v['value']:.3f}" for k, v in table[setting].items()))
        if engine:
            result["related_files"] = scores.difference(right[WITH], right[ALONE])
        return result

    def blocks(self) -> dict[str, Any]:
        """Whole bodies of several lines."""
        cursors = self._cursors.blocks()
        written = [item["text"] for item in self._answers("blocks", cursors, WITH, 0)]
        found: dict[str, Any] = scores.exact(written, [place.target for place in cursors])
        first = [
            scores.same(text.split("\n")[0], place.target.split("\n")[0])
            for text, place in zip(written, cursors, strict=True)
        ]
        found |= {"positions": len(cursors), "first_line": scores.share(first)}
        self._say(f"whole blocks {found['value']:.3f}, similarity {found['edit_similarity']:.3f}")
        return found

    def names(self) -> dict[str, Any]:
        """Names that only related files have."""
        cursors = self._cursors.names()
        right = {
            setting: [
                _begins(item["text"], place.target)
                for item, place in zip(self._answers("names", cursors, setting, 1), cursors, strict=True)
            ]
            for setting in (WITH, ALONE)
        }
        copied = [_begins(contestants.copied_line(place, WITH), place.target) for place in cursors]
        result: dict[str, Any] = {setting: scores.share(hits) for setting, hits in right.items()}
        result |= {"copier": scores.share(copied), "gain": scores.difference(right[WITH], right[ALONE])}
        self._say(f"names: {result[WITH]['value']:.3f} with related files, {result[ALONE]['value']:.3f} without")
        return result | {"positions": len(cursors)}

    def lengths(self) -> dict[str, Any]:
        """Bits per byte of the same pieces after windows of growing length, and the change against the shortest."""
        stretches = self._cursors.stretches()
        if not stretches:
            return {}
        sizes = [item.size for item in stretches]
        result: dict[str, Any] = {}
        shortest: list[float] = []
        for length in self._recipe.lengths:
            with Scorer(self._path, length + contestants.BATCH + self._recipe.scored) as scorer:

                def make(at: int, scorer: Scorer = scorer, length: int = length) -> float:
                    return scorer.bits(stretches[at].before[-length:], stretches[at].scored)

                bits = self._kept.each(f"length-{length}", len(stretches), make)
            shortest = shortest or bits
            result[str(length)] = scores.per_byte(bits, sizes) | {"saved": scores.saving(bits, shortest)}
            self._say(f"after {length} tokens: {result[str(length)]['value']:.4f} bits per byte")
        return {"pieces": len(stretches), "scored": self._recipe.scored, "lengths": result}

    def _written(self, part: str, cursors: Sequence[Place], setting: str) -> list[str]:
        return self._kept.each(
            f"{part}-{_SLUGS[setting]}",
            len(cursors),
            lambda at: contestants.floor_line(self._floor, cursors[at], setting),
        )

    def _answers(self, part: str, cursors: Sequence[Place], setting: str, max_lines: int) -> list[dict[str, Any]]:
        """The engine's answers: text, and the probability of the whole of it, which is what the server goes by."""
        with Author(self._path) as author:

            def make(at: int) -> dict[str, Any]:
                made = author.answer(cursors[at], setting, max_lines)
                probability = float(np.exp(np.sum(made.logprobs))) if made.logprobs else 0.0
                return {"text": made.text, "probability": probability, "tokens": len(made.tokens)}

            return self._kept.each(f"{part}-{_SLUGS[setting]}", len(cursors), make)


def _begins(text: str, name: str) -> bool:
    """Whether a text begins with the whole name."""
    rest = text[len(name) : len(name) + 1]
    return text.startswith(name) and not (rest.isalnum() or rest == "_")
