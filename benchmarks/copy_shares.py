"""Fits how far a model is helped by what its prompt repeats, on code that it has not seen: this repository's own.

    python -m benchmarks.copy_shares [--model FILE.gguf] [--cursors 600] [--write]

Cursors are drawn in lines of the files, with windows of several sizes, half of each with related files. At each the
rest of the line is read token by token; for every token the model's probability is noted, what followed the longest
earlier occurrence of the text before it, and how many bytes agreed (runtime/decode/copy_mixture.py). The shares that
make these tokens likeliest are found by expectation maximization; a class of few tokens keeps to the one for shorter
matches. `--write` puts the table into the model's file. Needs the workshop's extras.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tuned import put
from iquest_lsp.runtime.decode.copy_mixture import COPYING_KEY, Copies, CopyShares
from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.sampling import only
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models import catalogue
from quantize.pretrain import reader
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.places import ALONE, WITH, Cursors
from quantize.pretrain.recipe import EvaluateRecipe

#: Bytes that agree, from which on each row of the table counts.
BORDERS = (3, 6, 9, 12, 16, 24, 40)
#: Tokens of the prompts.
WINDOWS = (640, 1200, 1800)
#: A class of fewer tokens says nothing by itself: so many of the row above are counted with it.
PRIOR = 20.0
ROUNDS = 60
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Event:
    """One token of a file: its probability by the model, its share of what followed the match, and the class."""

    model: float
    copy: float
    row: int
    kind: int


def files() -> list[SourceFile]:
    """The Python files of this repository, a package for each folder at the top."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = []
    for name in listed.stdout.splitlines():
        text = (ROOT / name).read_text("utf-8")
        if len(text) > 1500:
            found.append(SourceFile(Path(name).parts[0], "", "apache-2.0", name, text))
    return found


def events(path: Path, count: int) -> Iterator[Event]:
    """Reads the rests of lines at `count` cursors of each size of the window."""
    file = reader.read(path)
    unfitted = CopyShares(BORDERS, ((0.0, 0.0, 0.0),) * len(BORDERS))
    model = Model.load(path)
    context = LoopContext(model, 2 * max(WINDOWS))
    pieces = Pieces([model.piece(token) for token in range(model.n_vocab)])
    try:
        for window in WINDOWS:
            recipe = EvaluateRecipe(positions=count, prompt=window, seed=window)
            for number, place in enumerate(Cursors(files(), file, recipe).lines()):
                healed = pieces.heal(place.prompts[(WITH, ALONE)[number % 2]][-2 * window :])
                target = model.tokenize((healed.prefix + place.target.encode()).decode("utf-8", "replace"))
                yield from _read(context, pieces, list(healed.tokens), healed.prefix, target, unfitted)
                print(f"\r{window}: {number + 1} of {count}", end="", file=sys.stderr)
        print(file=sys.stderr)
    finally:
        context.close()
        model.close()


def _read(
    context: LoopContext, pieces: Pieces, prompt: list[int], must: bytes, target: Sequence[int], shares: CopyShares
) -> Iterator[Event]:
    context.clear()
    context.run(context.plan(0, 0, len(prompt)), prompt)
    copies = Copies(prompt, pieces.sizes)
    for at, token in enumerate(target):
        logits = context.logits(-1)
        allowed = pieces.allowed(must) if must else None
        if allowed is not None:
            if token not in allowed:
                return  # spelled otherwise than the engine would
            logits = only(logits, allowed)
        found = copies.find(allowed, len(must))
        row = shares.row(found.size) if found is not None else -1
        if found is not None and row >= 0:
            weights = np.exp((logits - logits.max()).astype(np.float64))
            right = (found.followers == token).mean()
            yield Event(float(weights[token] / weights.sum()), float(right), row, found.kind)
        if must:
            must = pieces.left(must, token)
        copies.add(token)
        if at + 1 < len(target):
            context.decode([token], [len(prompt) + at], 0, "last")


def fit(seen: Sequence[Event]) -> tuple[CopyShares, list[dict[str, float]]]:
    """The likeliest shares, and what there was to fit each."""
    values = np.zeros((len(BORDERS), 3))
    told = []
    for kind in range(3):
        above = 0.2
        for row in range(len(BORDERS)):
            here = [event for event in seen if (event.row, event.kind) == (row, kind)]
            model = np.array([event.model for event in here])
            copy = np.array([event.copy for event in here])
            share = above
            for _ in range(ROUNDS):
                mixed = share * copy + (1 - share) * model
                owed = np.divide(share * copy, mixed, out=np.zeros_like(mixed), where=mixed > 0)
                share = float((owed.sum() + PRIOR * above) / (len(here) + PRIOR))
            values[row, kind] = above = share
            told.append(
                {
                    "bytes": BORDERS[row],
                    "kind": kind,
                    "tokens": len(here),
                    "share": round(share, 3),
                    "copied": round(float(copy.mean()), 3) if here else math.nan,
                    "bits_saved": round(_bits(model, copy, 0.0) - _bits(model, copy, share), 3) if here else 0.0,
                }
            )
    rows = tuple((round(a, 3), round(b, 3), round(c, 3)) for a, b, c in values.tolist())
    return CopyShares(BORDERS, rows), told


def _bits(model: np.ndarray, copy: np.ndarray, share: float) -> float:
    """Bits of a token, in the mean."""
    return float(-np.log2(np.maximum(share * copy + (1 - share) * model, 1e-12)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--cursors", type=int, default=600, help="of each size of the window")
    parser.add_argument("--write", action="store_true", help="put the table into the model's file")
    given = parser.parse_args()
    path = catalogue.resolve(given.model)
    seen = list(events(path, given.cursors))
    shares, told = fit(seen)
    if given.write:
        put(path, COPYING_KEY, str(shares))
    print(json.dumps({"model": path.name, "tokens": len(seen), "classes": told, "table": str(shares)}, indent=1))


if __name__ == "__main__":
    main()
