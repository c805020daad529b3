"""`python -m quantize logits`: the logits of a sequence of tokens, for comparison with any other implementation."""

from __future__ import annotations

import itertools
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import IQuestError, UnsupportedModelError
from iquest_lsp.runtime.llama import Model


@click.command("logits")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--tokens", type=click.Path(exists=True, path_type=Path), required=True, help="int array [n], .npy")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="float32 array [n, vocab], .npy")
@click.option("--schedule", default="512", help="Batch sizes; the last one repeats.")
@click.option("--depth", type=int, help="Passes to run; default: all.")
@click.option(
    "--second-pass",
    type=click.Choice(["full", "window"]),
    default="full",
    help="Run the later passes everywhere, or over the last position's receptive field only (the rest is NaN).",
)
def command(model: Path, tokens: Path, out: Path, schedule: str, depth: int | None, second_pass: str) -> None:
    """Writes the logits of every position of a sequence, evaluated with F32 KV and without flash attention."""
    try:
        sizes = [int(size) for size in schedule.split(",")]
        ids = np.load(tokens)
        if ids.ndim != 1 or len(ids) == 0 or not np.issubdtype(ids.dtype, np.integer) or min(sizes) < 1:
            raise click.UsageError("--tokens must hold a list of integers, and --schedule positive sizes")
        loaded = Model.load(model)
        try:
            np.save(out, evaluate(loaded, ids.astype(np.int32), sizes, depth, second_pass))
        finally:
            loaded.close()
    except (IQuestError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def evaluate(
    model: Model, tokens: NDArray[np.int32], sizes: list[int], depth: int | None = None, second_pass: str = "full"
) -> NDArray[np.float32]:
    """The logits [n, vocab] of `tokens` [n], evaluated in batches of `sizes` (the last size repeats)."""
    if depth not in (None, model.passes):
        raise UnsupportedModelError(f"This runtime runs all {model.passes} passes of a model, not {depth}")
    sizes = [min(size, len(tokens)) for size in sizes]
    context = model.context(
        len(tokens), n_batch=max(sizes), n_ubatch=max(sizes), type_k="f32", type_v="f32", flash_attn=False,
        swa_full=second_pass == "full",
    )  # fmt: skip
    result = np.full((len(tokens), model.n_vocab), np.nan, np.float32)
    try:
        done = 0
        for size in itertools.chain(sizes, itertools.repeat(sizes[-1])):
            piece = tokens[done : done + size]
            context.decode(piece, np.arange(done, done + len(piece)), 0, "all")
            for i in range(len(piece)):
                result[done + i] = context.logits(i)
            done += len(piece)
            if done == len(tokens):
                return result
    finally:
        context.close()
    raise AssertionError("unreachable")
