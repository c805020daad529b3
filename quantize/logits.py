"""`python -m quantize logits`: the logits of a sequence of tokens, for comparison with any other implementation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import IQuestError
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize import outputs


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
    except ValueError as error:
        raise click.UsageError("--schedule takes sizes of batches, such as 40,1,1") from error
    try:
        outputs.check(out)
        ids = read_tokens(tokens)
        if min(sizes) < 1:
            raise click.UsageError("--schedule takes positive sizes")
        loaded = Model.load(model)
        try:
            if ids.min() < 0 or ids.max() >= loaded.n_vocab:
                odd = int(ids.min() if ids.min() < 0 else ids.max())
                raise click.UsageError(f"--tokens holds {odd}; the model has the tokens 0 to {loaded.n_vocab - 1}")
            if depth is not None and not 1 <= depth <= loaded.passes:
                raise click.UsageError(f"--depth is {depth}; the model has {loaded.passes} passes")
            found = evaluate(loaded, ids.astype(np.int32), sizes, depth, second_pass)
        finally:
            loaded.close()
        with outputs.writing(out), out.open("wb") as stream:  # by its own name: numpy would add an ending
            np.save(stream, found)
    except IQuestError as error:
        raise click.ClickException(str(error)) from error


def read_tokens(path: Path) -> NDArray[np.integer[Any]]:
    """The ids in an .npy file. Raises click.UsageError for a file that holds anything else."""
    try:
        ids = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise click.UsageError(f"{path} cannot be read as an array of integers (.npy)") from error
    if not isinstance(ids, np.ndarray) or ids.ndim != 1 or not len(ids) or not np.issubdtype(ids.dtype, np.integer):
        raise click.UsageError(f"{path} does not hold a list of integers")
    return ids


def evaluate(
    model: Model, tokens: NDArray[np.int32], sizes: list[int], depth: int | None = None, second_pass: str = "full"
) -> NDArray[np.float32]:
    """The logits [n, vocab] of `tokens` [n], evaluated in batches of `sizes` (the last size repeats).

    With second_pass "window" the passes after the first start where the receptive field of the prompt's last token
    does; batches of one token at the end count as decoding after the prompt, so their rows are exact too.
    """
    batches = list(_batches(len(tokens), sizes))
    largest = max(stop - start for start, stop in batches)
    context = LoopContext(
        model,
        len(tokens),
        n_batch=largest,
        n_ubatch=largest,
        type_k="f32",
        type_v="f32",
        flash_attn=False,
        swa_full=second_pass == "full",
    )
    result = np.full((len(tokens), model.n_vocab), np.nan, np.float32)
    try:
        depth = context.passes if depth is None else depth
        prompt = len(tokens)
        for start, stop in reversed(batches):
            if stop - start > 1:
                break
            prompt = max(start, 1)
        begin = max(prompt - 1 - context.reach, 0) if second_pass == "window" and depth > 1 else 0
        for start, stop in batches:
            first = min(max(begin, start), stop)
            if first > start:
                context.decode_depth(tokens[start:first], np.arange(start, first), 0, 1)
            if first < stop:
                context.decode_depth(tokens[first:stop], np.arange(first, stop), 0, depth, "all")
                for i in range(first, stop):
                    result[i] = context.logits(i - first)
        return result
    finally:
        context.close()


def _batches(n: int, sizes: list[int]) -> Iterator[tuple[int, int]]:
    done = 0
    for size in itertools.chain(sizes, itertools.repeat(sizes[-1])):
        if done >= n:
            return
        yield done, min(done + size, n)
        done += size
