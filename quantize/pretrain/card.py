"""The model card, written from what was measured."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantize.pretrain import sections
from quantize.pretrain.clean import Cleaned
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.model import LoopModel
from quantize.pretrain.recipe import Recipe

LIMITS = """\
- It completes; it cannot explain, reason, follow instructions or chat.
- It is small and was trained for some hours on two shared CPU cores. Names it has not seen in the window are often
  wrong, and so is anything that needs knowledge of a library.
- {languages}
- It was trained on rows of up to {longest} tokens; what more is worth to it is only known where a table says so.
- Long answers drift: the rest of a line is what it is for, blocks of several lines are a bonus.
- Its text comes from code under the licences listed below and may repeat pieces of it.
"""


#: Languages as people write them.
TITLES = {
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "tsx": "TSX",
    "java": "Java",
    "go": "Go",
    "rust": "Rust",
    "c": "C",
    "cpp": "C++",
}


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


@dataclass(frozen=True, slots=True)
class Further:
    """What the card tells besides, as Markdown that ends with an empty line, or ""; and pictures of the figures."""

    notes: str = ""
    speeds: str = ""
    search: str = ""
    pictures: Sequence[str] = ()


def read_curve(path: Path) -> list[Point]:
    """The rows that the trainer wrote; of steps made twice after a kill, the later."""
    points: dict[int, Point] = {}
    with path.open(newline="") as stream:
        for row in list(csv.reader(stream))[1:]:
            step = int(row[0])
            points[step] = Point(step, int(row[1]), float(row[2]), int(row[3]), *map(float, row[4:8]))
    return [points[step] for step in sorted(points)]


def render(
    recipe: Recipe,
    model: Path,
    figures: dict[str, Any],
    cleaned: Cleaned,
    curve: Sequence[Point],
    picture: str,
    further: Further,
    name: str,
) -> str:
    """The card as Markdown; `name` is the recipe's file, without its ending."""
    m, last = recipe.model, curve[-1]
    manifest = recipe.data.manifest or f"{name}.manifest.csv"
    vocabulary = recipe.tokenizer.vocabulary
    parameters = sum(p.numel() for p in LoopModel(m, vocabulary).parameters())
    phases = "; ".join(
        f"{p.steps} steps of {p.batch} x {p.length} tokens with {p.passes} pass{'es' if p.passes > 1 else ''}"
        for p in recipe.train.phases
    )
    longest = max(p.length for p in recipe.train.phases)
    before = next((point for point in reversed(curve) if point.step <= last.step - 50), curve[0])
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

{sections.results(figures, further.pictures)}

{further.notes}{further.speeds}{further.search}## Training

{last.tokens / 1e6:.2f} million tokens{earlier}, in {last.seconds / 60:.0f} minutes on {recipe.train.threads} CPU \
threads shared with other work: {phases}.
Muon for the matrices, AdamW for the rest, flat learning rate and a linear anneal over the last {recipe.train.anneal} \
steps. From step {before.step} to the last, {last.step}, the curve went from {before.held_out:.3f} to \
{last.held_out:.3f}: time ended this run, not a flat curve. Recipe: `quantize/pretrain/{name}.toml`.

![held-out bits per byte while training]({picture})

The curve is taken on the first 512 tokens of some held-out files without any header, which are harder than the windows
of the table.

## Data

{_data(cleaned, recipe.data.archives)}

Every file with its licence and hash: `quantize/pretrain/{manifest}`. Left out: generated files, data,
minified and huge files, vendored copies, exact and near duplicates.

{_licences(cleaned.train)}

## Limits

{LIMITS.format(longest=longest, languages=_languages(recipe))}"""


def _languages(recipe: Recipe) -> str:
    """What it was taught, as one item of the list of limits."""
    taught = [TITLES[language] for language in recipe.data.languages if language != "python"]
    if not taught:
        return (
            "It knows Python, and a little JavaScript, TypeScript, C and C++; other languages only as far as they look "
            "alike.\n  Every figure above is of Python."
        )
    return (
        f"Half of what it was taught last is Python, half {', '.join(taught[:-1])} and {taught[-1]}; its tokens are "
        "still\n  those of Python, so that text of other languages takes more of them. The tables above are of Python "
        "where they name\n  no other language."
    )


def _data(cleaned: Cleaned, archives: str = "") -> str:
    train = sum(len(item.text.encode()) for item in cleaned.train)
    packages = len({item.package for item in cleaned.train})
    held = sum(len(item.text.encode()) for item in cleaned.held_out)
    return (
        f"{len(cleaned.train):,} files, {train / 1e6:.1f} MB of {packages} packages for training; "
        f"{len(cleaned.held_out):,} files, {held / 1e6:.1f} MB held out. They come from {_origin(archives)}."
    )


def _origin(archives: str) -> str:
    if archives:
        return (
            "archives of PyPI, npm and Debian,\npinned by hash in "
            f"`quantize/pretrain/{archives}`, and, for what was learned before, from the data of `nano.toml`"
        )
    return (
        "the Python standard library, the packages installed\nfor build and test, the JavaScript and TypeScript "
        "packages of the extension's build, and the C and C++ core of the pinned\nsource distribution of "
        "llama-cpp-python"
    )


def _licences(files: Sequence[SourceFile]) -> str:
    sizes: dict[str, int] = defaultdict(int)
    for item in files:
        sizes[item.licence] += len(item.text.encode())
    rows = [f"| {name} | {size / 1e6:.2f} |" for name, size in sorted(sizes.items(), key=lambda pair: -pair[1])]
    return "\n".join(["| licence as the package states it | MB |", "|---|---|", *rows])
