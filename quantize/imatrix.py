"""`python -m quantize imatrix`: which inputs of each matrix matter, gathered over every pass.

A Loop model's weights are used once per pass, with different inputs; their squares are gathered apart and added with a
weight for each pass, so that quantization can be made for both.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import math
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.atomic_file import put_in_place
from iquest_lsp.errors import IQuestError, ModelError
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.gguf_header import fingerprint, read_header
from quantize import outputs
from quantize.corpus import token_rows
from quantize.importance import Importance
from quantize.meter import meter
from quantize.observe import Observer


@click.command("imatrix")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--text",
    "sources",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A file, a folder, or a git repository (its tracked text files).",
)
@click.option("--chunks", type=click.IntRange(min=1), default=100, show_default=True, help="Most rows of text.")
@click.option("--chunk-size", type=click.IntRange(min=32), default=512, show_default=True, help="Tokens of a row.")
@click.option("--pass-weights", default="", metavar="W1,W2", help="How much each pass counts; default: equally.")
@click.option("--output-matrix", is_flag=True, help="Gather for output.weight too.")
@click.option("--seed", default=0, show_default=True)
def command(
    model: Path,
    out: Path,
    sources: tuple[Path, ...],
    chunks: int,
    chunk_size: int,
    pass_weights: str,
    output_matrix: bool,
    seed: int,
) -> None:
    """Gather an importance matrix for MODEL from text, into the GGUF file OUT for `quantize quantize --imatrix`.

    Stopped halfway, the same command goes on where it was.
    """
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
                shelf = Shelf.of(out, loaded, rows, output_matrix)
                gathered = gather(loaded, rows, weights, output_matrix, progress, shelf)
        finally:
            loaded.close()
        found = combine(gathered, weights, tuple(str(path) for path in sources), len(rows), chunk_size)
        found.write(out)
        shelf.clear()
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    passes = max((at for _, at in gathered), default=0) + 1
    click.echo(f"{out}: {len(found.sums)} matrices, {len(rows)} rows of {chunk_size} tokens, {passes} passes", err=True)


#: Seconds between two times that an unfinished run is kept.
_KEEP_EVERY = 60.0
#: Sums of squares [columns] and number of rows, by matrix and pass (from 0).
Gathered = dict[tuple[str, int], tuple[NDArray[np.float64], int]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where an unfinished run is kept: a file beside the matrix, and what it is of."""

    path: Path
    identity: str

    @classmethod
    def of(cls, out: Path, model: Model, rows: Sequence[NDArray[np.int32]], output_matrix: bool = False) -> Shelf:
        """For a model and rows of tokens; another model or other text begins anew."""
        digest = hashlib.sha256(fingerprint(read_header(model.path)).encode())
        digest.update(f"{output_matrix} {[len(row) for row in rows]}".encode())
        for row in rows:
            digest.update(row.tobytes())
        return cls(out.with_name(out.name + ".part.npz"), digest.hexdigest())

    def keep(self, gathered: Gathered, done: int) -> None:
        """Keeps what `done` rows gave. Raises ModelFileError."""
        arrays: dict[str, Any] = {"identity": np.array(self.identity), "done": np.array(done)}
        arrays |= {f"{at} {name}": np.append(sums, count) for (name, at), (sums, count) in gathered.items()}
        part = self.path.with_name(self.path.name + ".new")
        with outputs.writing(self.path, part):
            with part.open("wb") as stream:
                np.savez(stream, **arrays)
            put_in_place(part, self.path)

    def take(self) -> tuple[Gathered, int]:
        """What was gathered and from how many rows; nothing where it is of something else or cannot be read."""
        try:
            with np.load(self.path) as content:
                if str(content["identity"]) != self.identity:
                    return {}, 0
                done = int(content["done"])
                keys = [key for key in content.files if key not in ("identity", "done")]
                values = {key: content[key] for key in keys}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}, 0
        split = {key: key.partition(" ") for key in keys}
        return {(split[key][2], int(split[key][0])): (values[key][:-1], int(values[key][-1])) for key in keys}, done

    def clear(self) -> None:
        """Forgets it."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def gather(
    model: Model,
    rows: Sequence[NDArray[np.int32]],
    weights: Sequence[float] = (),
    output_matrix: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
    shelf: Shelf | None = None,
) -> Gathered:
    """Evaluates each row of tokens from an empty cache and adds up the squares of what every matrix is given.

    Within one evaluation a matrix is used once in each pass, in order, which tells the passes apart. With a shelf, a
    run that is stopped goes on after the last row that it kept; the caller clears the shelf. Raises ModelError.
    """
    if weights and len(weights) != model.passes:
        raise ModelError(f"{len(weights)} weights were given for {model.passes} passes")
    if weights and not (all(0 <= weight < math.inf for weight in weights) and sum(weights) > 0):
        raise ModelError("Weights of passes are numbers from 0 on, of which one is more than 0")
    longest = max(len(row) for row in rows)
    _check_length(model, longest)
    found, begin = shelf.take() if shelf is not None else ({}, 0)
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
        model,
        longest,
        n_batch=longest,
        n_ubatch=longest,
        swa_full=True,
        observer=observer.callback,
        flash_attn=False,
        type_k="f32",
        type_v="f32",
    )
    whole = begin  # rows that `found` is over, where no evaluation was cut short
    kept = time.monotonic()
    try:
        total = sum(len(row) for row in rows)
        done = sum(len(row) for row in rows[:begin])
        for row in rows[begin:]:
            uses.clear()
            context.clear()
            before = dict(found)
            try:
                with outputs.deferred_interrupts():
                    context.decode(row, np.arange(len(row)), 0, "all")
                observer.check()
            except BaseException:
                found = before
                raise
            whole += 1
            done += len(row)
            if shelf is not None and time.monotonic() - kept > _KEEP_EVERY:
                shelf.keep(found, whole)
                kept = time.monotonic()
            if progress is not None:
                progress(done, total, f"{len(found)} inputs")
    except KeyboardInterrupt:
        if shelf is not None and whole:
            shelf.keep(found, whole)
        raise
    finally:
        context.close()
    if shelf is not None:
        shelf.keep(found, whole)  # until the matrix is written
    return found


def _check_length(model: Model, length: int) -> None:
    trained = int(read_header(model.path).get("context_length", 0))
    if 0 < trained < length:
        raise ModelError(
            f"{model.path.name} was made for {trained} tokens",
            why=f"rows of {length} were asked for",
            fix="Use a smaller --chunk-size",
        )


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
