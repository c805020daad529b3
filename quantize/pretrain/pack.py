"""Rows of tokens for training, written once and mapped into memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.recipe import PackRecipe
from quantize.pretrain.samples import Sampler


def pack(files: Sequence[SourceFile], tokenizer: Tokenizer, recipe: PackRecipe, seed: int, folder: Path) -> None:
    """Writes rows-LENGTH.npy, uint16 [rows, LENGTH + 1], for every length of the recipe."""
    sampler = Sampler(files, tokenizer, recipe)
    for length, count in zip(recipe.lengths, recipe.rows, strict=True):
        draw = random.Random(f"{seed}/{length}")
        rows = np.empty((count, length + 1), np.uint16)
        for at in range(count):
            rows[at] = sampler.row(draw, length + 1)
        np.save(rows_path(folder, length), rows)


def pack_plain(
    files: Sequence[SourceFile], tokenizer: Tokenizer, length: int, count: int, seed: int
) -> NDArray[np.uint16]:
    """[count, length + 1] tokens of whole held-out files from their beginning, for the curve drawn while training."""
    draw = random.Random(seed)
    order = [item for item in files if len(item.text) > 6 * length]
    draw.shuffle(order)
    rows = [tokenizer.encode(item.text).ids[: length + 1] for item in order[: 2 * count]]
    return np.array([row for row in rows if len(row) == length + 1][:count], np.uint16)


def rows_path(folder: Path, length: int) -> Path:
    """Where the rows of one length lie in a pack's folder."""
    return folder / f"rows-{length}.npy"
