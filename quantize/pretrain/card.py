"""The model card and the picture of the training curve, written from what was measured."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantize.pretrain.clean import Cleaned
from quantize.pretrain.evaluate import CHECKED
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.model import LoopModel
from quantize.pretrain.places import ALONE, BLOCK_LINES, WITH
from quantize.pretrain.recipe import Recipe

LIMITS = """\
- It completes; it cannot explain, reason, follow instructions or chat.
- It is small and was trained for some hours on two shared CPU cores. Names it has not seen in the window are often
  wrong, and so is anything that needs knowledge of a library.
- It knows Python, and a little JavaScript, TypeScript, C and C++; other languages only as far as they look alike.
  Every figure above is of Python.
- It was trained on rows of up to {longest} tokens; the table by length says what a longer window is worth to it.
- Long answers drift: the rest of a line is what it is for, blocks of several lines are a bonus.
- Its text comes from code under the licences listed below and may repeat pieces of it.
"""


@dataclass(frozen=True, slots=True)
class Point:
    """One row of the curve: tokens seen, mean loss in nats a token, held-out bits per byte (last pass, first pass)."""

    step: int
    tokens: int
    seconds: float
    passes: int
    rate: float
    loss: float
    held_out: float
    first_pass: float


def read_curve(path: Path) -> list[Point]:
    """The rows that the trainer wrote; of steps made twice after a kill, the later."""
    points: dict[int, Point] = {}
    with path.open(newline="") as stream:
        for row in list(csv.reader(stream))[1:]:
            step = int(row[0])
            points[step] = Point(step, int(row[1]), float(row[2]), int(row[3]), *map(float, row[4:8]))
    return [points[step] for step in sorted(points)]


def draw(path: Path, curve: Sequence[Point]) -> None:
    """Held-out bits per byte against tokens, as PNG; the dotted line marks where the second pass came in."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 3.6), dpi=100)
    millions = [point.tokens / 1e6 for point in curve]
    axes.plot(millions, [point.held_out for point in curve], label="all passes")
    looped = [point for point in curve if point.passes > 1]
    if looped and len(looped) < len(curve):
        axes.plot([p.tokens / 1e6 for p in looped], [p.first_pass for p in looped], label="first pass alone", lw=1)
        axes.axvline(looped[0].tokens / 1e6, ls=":", c="grey")
    annealed = [point for point in curve if point.rate < 1.0 and point.step > 100]
    if annealed:
        axes.axvspan(annealed[0].tokens / 1e6, millions[-1], alpha=0.1, color="grey", label="anneal")
    axes.set_xlabel("million tokens")
    axes.set_ylabel("bits per byte, starts of held-out files")
    top = sorted(point.held_out for point in curve)[-max(2, len(curve) // 12)]
    axes.set_ylim(min(point.held_out for point in curve) * 0.95, top * 1.05)
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def render(
    recipe: Recipe, model: Path, figures: dict[str, Any], cleaned: Cleaned, curve: Sequence[Point], picture: str
) -> str:
    """The card as Markdown."""
    m, last = recipe.model, curve[-1]
    vocabulary = recipe.tokenizer.vocabulary
    parameters = sum(p.numel() for p in LoopModel(m, vocabulary).parameters())
    phases = "; ".join(
        f"{p.steps} steps of {p.batch} x {p.length} tokens with {p.passes} pass{'es' if p.passes > 1 else ''}"
        for p in recipe.train.phases
    )
    longest = max(p.length for p in recipe.train.phases)
    before = curve[-2] if len(curve) > 1 else last
    earlier = f" after {recipe.train.before / 1e6:.2f} million of an earlier run" if recipe.train.before else ""
    return f"""\
# {recipe.name}

{recipe.description}

Licence: {recipe.licence}. File: `{model.name}`, {model.stat().st_size / 1e6:.1f} MB, Q8_0 (norms and gates F32).
Written by `python -m quantize pretrain`; every figure below was measured on this very file.

## Architecture

`iquestloopcoder`: {parameters:,} parameters, {m.layers} layers run {m.passes} times, width {m.width}, {m.heads} query \
and {m.kv_heads} key-value heads of size {m.head_size},
SwiGLU of {m.feed_forward}, RMSNorm, tied embeddings, ALiBi with max_bias {m.max_alibi_bias:g} (no rotation), local \
window {m.window}, a gate per head
from the query. Byte-level BPE of its own with {vocabulary} tokens (pre-tokenizer `qwen2` of llama.cpp),
prompt layout 1, suffix first.

## Results

On packages held out whole ({", ".join(recipe.data.held_out)}), of which no file and no near copy
(a tenth of its line triples) was trained on. Brackets are 95% intervals. The floor is an interpolated byte model of
order 5 counted on all of the training data and primed with the same window; the copier continues the longest earlier
match of the text before the cursor.

{_bits(figures)}

{_packages(figures)}

{_lines(figures)}

{_product(figures)}{_engine(figures)}
## Training

{last.tokens / 1e6:.2f} million tokens{earlier}, in {last.seconds / 60:.0f} minutes on {recipe.train.threads} CPU \
threads shared with other work: {phases}.
Muon for the matrices, AdamW for the rest, flat learning rate and a linear anneal over the last {recipe.train.anneal} \
steps. From step {before.step} to the last, {last.step}, the curve went from {before.held_out:.3f} to \
{last.held_out:.3f}: time ended this run, not a flat curve. Recipe: `quantize/pretrain/{model.stem}.toml`.

![held-out bits per byte while training]({picture})

The curve is taken on the first 512 tokens of some held-out files without any header, which are harder than the windows
of the table.

## Data

{_data(cleaned)}

Every file with its licence and hash: `quantize/pretrain/{model.stem}.manifest.csv`. Left out: generated files, data,
minified and huge files, vendored copies, exact and near duplicates.

{_licences(cleaned.train)}

## Limits

{LIMITS.format(longest=longest)}"""


def _bits(figures: dict[str, Any]) -> str:
    table = figures["bits_per_byte"]
    model = [name for name in table if name.startswith("pass")]
    rows = [f"| {'model, ' + name if name in model else name} | {_interval(table[name], 3)} |" for name in table]
    gain = 1 - table[model[-1]]["value"] / table["floor"]["value"]
    return "\n".join(
        [
            f"Bits per byte over {figures['windows']} windows ({figures['bytes']:,} bytes); the model needs "
            f"{gain:.0%} fewer than the floor:",
            "",
            "| | bits per byte |",
            "|---|---|",
            *rows,
        ]
    )


def _packages(figures: dict[str, Any]) -> str:
    table = figures["by_package"]
    names = list(next(iter(table.values())))
    rows = [f"| {package} | " + " | ".join(f"{table[package][name]:.3f}" for name in names) + " |" for package in table]
    return "\n".join([f"| package | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|", *rows])


def _lines(figures: dict[str, Any]) -> str:
    settings = figures["rest_of_line"]
    rows = [
        f"| {setting} | {name} | {_interval(value, 3)} | {value['edit_similarity']:.3f} |"
        for setting, contestants in settings.items()
        for name, value in contestants.items()
    ]
    behind = sorted(
        {
            name
            for contestants in settings.values()
            for name, value in contestants.items()
            if "model" in contestants and value["value"] > contestants["model"]["value"]
        }
    )
    verdict = f"Not yet beaten by the model: {', '.join(behind)}." if behind else "The model is ahead of both."
    return "\n".join(
        [
            f"Rest of the line at {figures['positions']} random cursors inside lines, in the middle of words too, "
            f"greedy. {verdict}",
            "",
            "| prompt | | exact match | edit similarity |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _product(figures: dict[str, Any]) -> str:
    """What only the engine itself can show, each as a paragraph or a table; "" where it was not there."""
    if "blocks" not in figures:
        return ""
    blocks, names, sure = figures["blocks"], figures["names"], figures["calibration"]
    paragraphs = [
        f"Whole bodies of 2 to {BLOCK_LINES} lines ({blocks['positions']} of them), with related files: "
        f"{_interval(blocks, 3)} exactly right, edit similarity {blocks['edit_similarity']:.3f}.",
        f"Names that stand in related files and nowhere else in the file ({names['positions']} cursors at their first "
        f"letter): {_interval(names[WITH], 3)} right with related files in the window, {_interval(names[ALONE], 3)} "
        "without.",
        f"Confidence (mean probability of the answer's tokens): those with at least {sure['threshold']:.3f}, "
        f"{sure['shown']:.0%} of all, were right in {sure['precision']:.0%} of cases.",
        f"Pass 1 alone chooses the same token as both passes at {figures['first_pass_agreement']:.1%} of positions.",
    ]
    text = "\n\n".join(paragraphs) + "\n\n"
    if figures["by_length"]:
        rows = [f"| {length} | {_interval(value, 3)} |" for length, value in figures["by_length"].items()]
        title = "Bits per byte of the same pieces of text after so many tokens of their file and package:"
        text += "\n".join([title, "", "| tokens before | bits per byte |", "|---|---|", *rows]) + "\n\n"
    return text


def _engine(figures: dict[str, Any]) -> str:
    pair = figures.get("engine_bits_per_byte")
    if pair is None:
        return ""
    return (
        f"The same file in the ported llama.cpp: {pair['llama.cpp']:.4f} bits per byte where torch has "
        f"{pair['torch']:.4f} (the first {CHECKED} windows); the rest of the line was written by llama.cpp.\n"
    )


def _data(cleaned: Cleaned) -> str:
    train = sum(len(item.text.encode()) for item in cleaned.train)
    packages = len({item.package for item in cleaned.train})
    held = sum(len(item.text.encode()) for item in cleaned.held_out)
    return (
        f"{len(cleaned.train):,} files, {train / 1e6:.1f} MB of {packages} packages for training; "
        f"{len(cleaned.held_out):,} files, {held / 1e6:.1f} MB held out. They come from the Python standard library, "
        "the packages installed\nfor build and test, the JavaScript and TypeScript packages of the extension's build, "
        "and the C and C++ core of the pinned\nsource distribution of llama-cpp-python."
    )


def _licences(files: Sequence[SourceFile]) -> str:
    sizes: dict[str, int] = defaultdict(int)
    for item in files:
        sizes[item.licence] += len(item.text.encode())
    rows = [f"| {name} | {size / 1e6:.2f} |" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1])]
    return "\n".join(["| licence as the package states it | MB |", "|---|---|", *rows])


def _interval(value: dict[str, float], digits: int) -> str:
    return f"{value['value']:.{digits}f} [{value['low']:.{digits}f}, {value['high']:.{digits}f}]"
