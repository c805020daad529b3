"""The figures of the model card, made of what was measured so far; every figure tells of how many it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantize.pretrain import contestants, scores
from quantize.pretrain.evaluate import Trials, answers
from quantize.pretrain.kept import Kept
from quantize.pretrain.places import ALONE, WITH, Place, Window

#: Who writes: the model alone, and the engine, where it weighs in what the prompt repeats.
MODEL, COPYING = "model", "model and copying"
#: Rests of lines are told of from so many answers on, or when all are there: fewer say nothing.
LEAST = 100


def figures(trials: Trials, kept: Kept) -> dict[str, Any]:
    """All of them; a part that was not measured is left out."""
    return (
        _bits(trials.windows, kept)
        | _lines(trials, kept)
        | _blocks(trials.blocks, kept, trials.copying)
        | _names(trials.names, kept, trials.copying)
        | _lengths(trials, kept)
    )


def _bits(windows: Sequence[Window], kept: Kept) -> dict[str, Any]:
    """Bits per byte of the model and of the floor, by package too, and how pass 1 agrees with the last."""
    made = kept.read("bits-model")
    if not made:
        return {}
    bits = {name: [item["bits"][name] for item in made] for name in made[0]["bits"]}
    model = list(bits)
    last = bits[model[-1]]
    sizes = [len(item.text) for item in windows[: len(made)]]
    floor = kept.read("bits-floor")[: len(made)]
    result: dict[str, Any] = {"bytes": sum(sizes), "windows": len(made)}
    if floor:
        bits["floor"] = floor
        result["fewer_than_floor"] = scores.saving(last[: len(floor)], floor) | {"windows": len(floor)}
    result["bits_per_byte"] = {
        name: scores.per_byte(values, sizes[: len(values)]) | {"windows": len(values)} for name, values in bits.items()
    }
    by_package: dict[str, dict[str, Any]] = {}
    for package in sorted({item.package for item in windows[: len(made)]}):
        at = [index for index, item in enumerate(windows[: len(made)]) if item.package == package]
        part: dict[str, Any] = {"windows": len(at)}
        for name in model:
            part[name] = scores.per_byte([bits[name][index] for index in at], [sizes[index] for index in at])
        by_package[package] = part
    sure, agreed = (np.array([item[name] for item in made]).sum(0) for name in ("sure", "agreed"))
    result["by_package"] = by_package
    result["first_pass"] = {
        "positions": int(sure.sum()),
        "agreement": float(agreed.sum() / max(1, sure.sum())),
        "gain_of_last": scores.saving(last, bits[model[0]]),
        "by_confidence": [
            {
                "from": low,
                "share": float(sure[at:].sum() / max(1, sure.sum())),
                "agreed": float(agreed[at:].sum() / max(1, sure[at:].sum())),
            }
            for at, low in enumerate((0.0, *contestants.SURE))
        ],
    }
    checked = kept.read("bits-engine")[: len(made)]
    if checked:
        count = len(checked)
        result["engine_bits_per_byte"] = {
            "windows": count,
            "llama.cpp": scores.per_byte(checked, sizes[:count])["value"],
            "torch": scores.per_byte(last[:count], sizes[:count])["value"],
        }
    return result


def _lines(trials: Trials, kept: Kept) -> dict[str, Any]:
    """The rest of the line, with related files in the prompt and without, and how far its confidence is right; the
    same after longer prompts."""
    table, right, sure = _rests(trials.lines, kept, "line", trials.copying)
    result: dict[str, Any] = {"rest_of_line": table, "related_files": _gains(right)}
    if hits := right.get((list(_writers(trials.copying))[-1], WITH)):
        result["calibration"] = scores.calibration(sure, hits) | {"answers": len(hits)}
        result["reliability"] = scores.reliability(sure, hits)
    if trials.long_lines:
        table, right, _ = _rests(trials.long_lines, kept, f"line-{trials.recipe.long_prompt}", trials.copying)
        result["after_long_prompts"] = {
            "tokens": trials.recipe.long_prompt,
            "rest_of_line": table,
            "related_files": _gains(right),
        }
    return result


def _writers(copying: str) -> dict[str, str]:
    """Who writes, and what their answers are kept under (see evaluate.answers); the last one is what users see."""
    return {MODEL: ""} | ({COPYING: copying} if copying else {})


def _rests(
    cursors: Sequence[Place], kept: Kept, part: str, copying: str
) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], list[bool]], list[float]]:
    """Shares by setting and by who wrote; which answers are right; the probabilities of what the engine writes."""
    table: dict[str, dict[str, Any]] = {}
    right: dict[tuple[str, str], list[bool]] = {}
    sure: list[float] = []
    for setting in (WITH, ALONE):
        made = {name: kept.read(answers(part, setting, how)) for name, how in _writers(copying).items()}
        floor = kept.read(answers(f"{part}-floor", setting))[: len(cursors)]
        enough = min(LEAST, len(cursors))
        known = {name: items[: len(cursors)] for name, items in made.items() if len(items) >= enough}
        if setting == WITH:
            sure = [item["probability"] for item in known.get(list(made)[-1], [])]
        longest = max(map(len, known.values()), default=len(floor))
        written = {
            "floor": floor if len(floor) >= enough else [],
            "copier": [contestants.copied_line(place, setting) for place in cursors[:longest]],
        } | {name: [item["text"] for item in items] for name, items in known.items()}
        table[setting] = {
            name: scores.exact(lines, [place.target for place in cursors[: len(lines)]]) | {"positions": len(lines)}
            for name, lines in written.items()
            if lines
        }
        for name, lines in written.items():
            right[name, setting] = [
                scores.same(text, place.target) for text, place in zip(lines, cursors[: len(lines)], strict=True)
            ]
        for name in known:
            copied = right["copier", setting][: len(right[name, setting])]
            table[setting][name]["ahead_of_copier"] = scores.difference(right[name, setting], copied)
    return table, right, sure


def _gains(right: dict[tuple[str, str], list[bool]]) -> dict[str, Any]:
    """By who wrote: what related files change at the same cursors."""
    found = {}
    for name in dict.fromkeys(name for name, _ in right):
        pairs = min(len(right.get((name, setting), ())) for setting in (WITH, ALONE))
        if pairs and name != "floor":
            gain = scores.difference(right[name, WITH][:pairs], right[name, ALONE][:pairs])
            found[name] = gain | {"positions": pairs}
    return found


def _blocks(cursors: Sequence[Place], kept: Kept, copying: str) -> dict[str, Any]:
    """Whole bodies of several lines, as the engine writes them."""
    made = kept.read(answers("blocks", WITH, copying))[: len(cursors)]
    if not made:
        return {}
    written, targets = [item["text"] for item in made], [place.target for place in cursors[: len(made)]]
    first = [
        scores.same(text.split("\n")[0], target.split("\n")[0]) for text, target in zip(written, targets, strict=True)
    ]
    found: dict[str, Any] = scores.exact(written, targets)
    return {"blocks": found | {"positions": len(made), "first_line": scores.share(first)}}


def _names(cursors: Sequence[Place], kept: Kept, copying: str) -> dict[str, Any]:
    """Names that only related files have, by who wrote them."""
    found: dict[str, Any] = {}
    for name, how in _writers(copying).items():
        made = {setting: kept.read(answers("names", setting, how)) for setting in (WITH, ALONE)}
        count = min(len(cursors), *map(len, made.values()))
        if not count:
            continue
        right = {
            setting: [
                _begins(item["text"], place.target) for item, place in zip(items[:count], cursors[:count], strict=True)
            ]
            for setting, items in made.items()
        }
        shares: dict[str, Any] = {setting: scores.share(hits) for setting, hits in right.items()}
        found[name] = shares | {"gain": scores.difference(right[WITH], right[ALONE]), "positions": count}
    if found:
        copied = [_begins(contestants.copied_line(place, WITH), place.target) for place in cursors]
        found["copier"] = scores.share(copied)
    return {"names": found} if found else {}


def _begins(text: str, name: str) -> bool:
    """Whether a text begins with the whole name."""
    rest = text[len(name) : len(name) + 1]
    return text.startswith(name) and not (rest.isalnum() or rest == "_")


def _lengths(trials: Trials, kept: Kept) -> dict[str, Any]:
    """Bits per byte of the same pieces after windows of growing length, and the change against the shortest."""
    made = {length: kept.read(f"length-{length}") for length in trials.recipe.lengths}
    made = {length: bits for length, bits in made.items() if bits}
    if not made:
        return {}
    count = min(map(len, made.values()))
    sizes = [item.size for item in trials.stretches[:count]]
    shortest = next(iter(made.values()))[:count]
    lengths = {
        str(length): scores.per_byte(bits[:count], sizes) | {"saved": scores.saving(bits[:count], shortest)}
        for length, bits in made.items()
    }
    return {"by_length": {"pieces": count, "scored": trials.recipe.scored, "lengths": lengths}}
