"""Reading and writing with a context alone, without the engine around it, at any depth."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iquest_lsp.errors import UsageError
from iquest_lsp.runtime.backends.loading import gpu_use, on_devices, settled
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.context import Context, LogitsWanted
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.llama.stock_loop import StockLoop
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.runtime.models.planner import cores


def check_model(options: EngineOptions) -> None:
    """Raises UsageError where no model would be measured."""
    if options.kind != "llama":
        raise UsageError("Without a model there is nothing to measure", fix="Leave --engine out")


@contextlib.contextmanager
def loaded(options: EngineOptions) -> Iterator[tuple[Model, EngineOptions, str]]:
    """The model, the options with all that they leave to the planner chosen, and why so.

    Raises UsageError where no model would be measured, and what loading raises.
    """
    check_model(options)
    header = read_header(Path(options.model_path))
    options, _ = on_devices(options, header)
    model = Model.load(header.path, gpus=gpu_use(options))
    try:
        chosen, made = settled(options, header, model)
        yield model, chosen, made.reason
    finally:
        model.close()


def planned(options: EngineOptions) -> EngineOptions:
    """The options as `loaded` chooses them, so that a benchmark can have cells of its own count."""
    with loaded(options) as (_, chosen, _):
        return chosen


@contextlib.contextmanager
def stock_loops(
    model: Model, options: EngineOptions, cells: int, library: Any = None
) -> Iterator[dict[str, StockLoop]]:
    """llama.cpp's calls alone with the options' batch, threads and KV type, by the case's name; `library` are the
    bindings of another llama.cpp."""
    threads = options.threads or cores()
    with contextlib.ExitStack() as stack:
        loops = {}
        libraries = {"stock": None} | ({} if library is None else {"stock_build": library})
        for name, given in libraries.items():
            loops[name] = StockLoop(
                model,
                cells,
                batch=options.batch_tokens,
                threads=threads,
                batch_threads=options.batch_threads or threads,
                kv_type=options.kv_type,
                library=given,
            )
            stack.callback(loops[name].close)
        yield loops


def read(context: Context, tokens: Sequence[int], depth: int, start: int = 0) -> None:
    """Evaluates tokens from position `start` on with `depth` passes each; the last one's logits are kept."""
    for at in range(0, len(tokens), context.n_batch):
        piece = tokens[at : at + context.n_batch]
        last: LogitsWanted = "last" if at + len(piece) == len(tokens) else None
        context.decode_depth(piece, start + np.arange(at, at + len(piece)), 0, depth, last)


def write(context: Context, start: int, count: int, depth: int) -> None:
    """Writes so many tokens from position `start` on, one a call; the first one by the logits that are there."""
    for at in range(start, start + count - 1):
        token = int(np.argmax(context.logits(-1)))
        context.decode_depth([token], [at], 0, depth, "last")


@contextlib.contextmanager
def skipping(context: Context, share: float | None) -> Iterator[None]:
    """Attention inside may leave out this share of a row's weights (None: the default, 0: nothing)."""
    attention.set_skip(context, share)
    try:
        yield
    finally:
        attention.set_skip(context, None)
