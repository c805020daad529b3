"""`python -m quantize imatrix`: which inputs of each matrix matter, gathered over every pass.

A Loop model's weights are used once per pass, with different inputs; their squares are gathered apart and added with a
weight for each pass, so that quantization can be made for both.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import IQuestError, ModelError
from iquest_lsp.runtime.llama import Model
from iquest_lsp.runtime.loop import LoopContext
from quantize import outputs
from quantize.corpus import token_rows
from quantize.importance import Importance
from quantize.meter import meter
from quantize.observe import Observer


@click.command("imatrix")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--text", "sources", multiple=True, required=True, type=click.Path(exists=True, path_type=Path),
    help="A file, a folder, or a git repository (its tracked text files).",
)  # fmt: skip
@click.option("--chunks", type=click.IntRange(min=1), default=100, show_default=True, help="Most rows of text.")
@click.option("--chunk-size", type=click.IntRange(min=32), default=512, show_default=True, help="Tokens of a row.")
@click.option("--pass-weights", default="", metavar="W1,W2", help="How much each pass counts; default: equally.")
@click.option("--output-matrix", is_flag=True, help="Gather for output.weight too.")
@click.option("--seed", default=0, show_default=True)
def command(
    model: Path, out: Path, sources: tuple[Path, ...], chunks: int, chunk_size: int, pass_weights: str,
    output_matrix: bool, seed: int,
) -> None:  # fmt: skip
    """Gather an importance matrix for MODEL from text, into the GGUF file OUT for `quantize quantize --imatrix`."""
    try:
        weights = [float(text) for text in pass_weights.split(",")] if pass_weights else []
    except ValueError as error:
        raise click.UsageError("--pass-weights takes numbers, such as 1,2") from error
    try:
        outputs.check(out)
        loaded = Model.load(model)
        try:
            rows = token_rows(loaded, sources, chunk_size, chunks, seed)
            with meter("imatrix", "tokens") as progress:
                gathered = gather(loaded, rows, weights, output_matrix, progress)
        finally:
            loaded.close()
        found = combine(gathered, weights, tuple(str(path) for path in sources), len(rows), chunk_size)
        found.write(out)
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    passes = max((at for _, at in gathered), default=0) + 1
    click.echo(f"{out}: {len(found.sums)} matrices, {len(rows)} rows of {chunk_size} tokens, {passes} passes", err=True)


#: Sums of squares [columns] and number of rows, by matrix and pass (from 0).
Gathered = dict[tuple[str, int], tuple[NDArray[np.float64], int]]


def gather(
    model: Model,
    rows: Sequence[NDArray[np.int32]],
    weights: Sequence[float] = (),
    output_matrix: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> Gathered:
    """Evaluates each row of tokens from an empty cache and adds up the squares of what every matrix is given.

    Within one evaluation a matrix is used once in each pass, in order, which tells the passes apart.
    """
    if weights and (len(weights) != model.passes or min(weights) < 0 or sum(weights) <= 0):
        raise ModelError(f"{len(weights)} weights were given for {model.passes} passes")
    longest = max(len(row) for row in rows)
    found: Gathered = {}
    uses: collections.Counter[str] = collections.Counter()

    def on_input(name: str, values: NDArray[np.float32]) -> None:
        if not (name.startswith("blk.") or (output_matrix and name == "output.weight")) or ".loop_gate" in name:
            return
        key = (name, uses[name])
        uses[name] += 1
        wide = values.astype(np.float64)
        sums, count = found.get(key, (np.zeros(values.shape[1]), 0))
        found[key] = (sums + np.einsum("ij,ij->j", wide, wide), count + len(values))

    observer = Observer(on_input)
    context = LoopContext(
        model, longest, n_batch=longest, n_ubatch=longest, swa_full=True, observer=observer.callback, flash_attn=False,
        type_k="f32", type_v="f32",
    )  # fmt: skip
    try:
        total = sum(len(row) for row in rows)
        done = 0
        for row in rows:
            uses.clear()
            context.clear()
            with outputs.deferred_interrupts():
                context.decode(row, np.arange(len(row)), 0, "all")
            observer.check()
            done += len(row)
            if progress is not None:
                progress(done, total, f"{len(found)} inputs")
    finally:
        context.close()
    return found


def combine(
    gathered: Gathered, weights: Sequence[float], datasets: tuple[str, ...], chunks: int, chunk_size: int
) -> Importance:
    """One matrix over all passes, each with its weight (default 1)."""
    sums: dict[str, NDArray[np.float32]] = {}
    counts: dict[str, float] = {}
    for name in sorted({name for name, _ in gathered}):
        passes = sorted(at for other, at in gathered if other == name)
        total = np.zeros_like(gathered[name, passes[0]][0])
        count = 0.0
        for at in passes:
            weight = weights[at] if at < len(weights) else 1.0
            squares, rows = gathered[name, at]
            total += weight * squares
            count += weight * rows
        sums[name], counts[name] = total.astype(np.float32), count
    return Importance(sums, counts, datasets, chunks, chunk_size)
