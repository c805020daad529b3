"""How fast prompts are read: one pass, both passes everywhere, and the second pass over the receptive field only.

The cases of one length run in turns on contexts of the same size and type; every run starts from an empty cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.bench.report import Progress, Report, Row, Sample, interleaved, timed
from iquest_lsp.runtime.engine import EngineOptions
from iquest_lsp.runtime.llama import Model
from iquest_lsp.runtime.llama_context import Logits
from iquest_lsp.runtime.loop import LoopContext

LENGTHS = (512, 4096, 16384, 32768)
LONG = 131072


def run(
    options: EngineOptions, lengths: Sequence[int] = LENGTHS, repeats: int = 3, progress: Progress | None = None
) -> Report:
    """Measures the model of `options`, with its batch, threads and KV type; raises the engine's errors."""
    model = Model.load(Path(options.model_path), n_gpu_layers=options.gpu_layers)
    try:
        report = Report("prefill", model.metadata.get("general.name") or Path(options.model_path).stem)
        tokens = code_tokens(model.tokenize, max(lengths))
        for length in lengths:
            report.rows += _rows(model, options, tokens[:length], repeats, progress)
        return report
    finally:
        model.close()


def _rows(
    model: Model, options: EngineOptions, tokens: list[int], repeats: int, progress: Progress | None
) -> list[Row]:
    context = LoopContext(
        model, len(tokens) + 256, margin=0, n_batch=options.batch_tokens, n_ubatch=options.batch_tokens,
        type_k=options.kv_type, type_v=options.kv_type, flash_attn=options.flash_attention,
        n_threads=options.threads or None,
    )  # fmt: skip
    ids = np.asarray(tokens, np.int32)
    try:
        cases: dict[str, Callable[[], Sample]] = {"one_pass": lambda: _measured(context, ids, 1)}
        notes = {"one_pass": "the first pass alone; its logits are not the model's"}
        if context.passes > 1:
            plan = context.plan(0, 0, len(ids))
            cases["two_passes"] = lambda: _measured(context, ids, context.passes)
            cases["ours"] = lambda: _planned(context, ids)
            notes["two_passes"] = f"all {context.passes} passes over every token"
            notes["ours"] = f"later passes over {plan.later} tokens, receptive field {context.reach + 1}; exact"
        found = interleaved(cases, repeats, progress)
        return [Row(case, len(ids), samples, notes[case]) for case, samples in found.items()]
    finally:
        context.close()


def _measured(context: LoopContext, ids: NDArray[np.int32], depth: int) -> Sample:
    context.clear()

    def work() -> None:
        for start in range(0, len(ids), context.n_batch):
            piece = ids[start : start + context.n_batch]
            last: Logits = "last" if start + len(piece) == len(ids) else None
            context.decode_depth(piece, np.arange(start, start + len(piece)), 0, depth, last)

    return timed(work)


def _planned(context: LoopContext, ids: NDArray[np.int32]) -> Sample:
    context.clear()
    return timed(lambda: context.run(context.plan(0, 0, len(ids)), ids))
