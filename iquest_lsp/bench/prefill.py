"""How fast prompts are read: by llama.cpp's own calls alone (stock), with one pass, both passes everywhere, and the
second pass over the receptive field only; with every block of attention and without those below rounding, where the
model has such; and what a prompt costs the engine that has it cold, warm, or on disk.

The cases of one length run in turns on contexts of the same size and type; every run of the first kind starts from
an empty cache.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.bench.passes import loaded, read, skipping, stock_loops
from iquest_lsp.bench.report import BenchProgress, Report, Row, Sample, compared, interleaved, timed
from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions, StateLabel
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.llama.stock_loop import StockLoop
from iquest_lsp.token_ids import TokenIds

LENGTHS = (512, 4096, 16384, 32768)
LONG = 131072
#: Tokens that a warm and a restored prompt have more than what is held: what a keystroke adds.
TYPED = 2
#: Tokens written after a warm and after a restored prompt, to compare them.
ANSWER = 16
ROOM = 256


def run(
    options: EngineOptions,
    lengths: Sequence[int] = LENGTHS,
    repeats: int = 3,
    progress: BenchProgress | None = None,
    cases: str = "all",
    library: Any = None,
) -> Report:
    """Measures the model of `options`, with its batch, threads and KV type; `cases` are all, passes or engine.

    `library` are the bindings of another llama.cpp, which is one more case (see StockLoop).

    Lengths from 65536 tokens on run once. Raises UsageError and the engine's errors.
    """
    with loaded(options) as (model, options, reason):
        report = Report("prefill", model.metadata.get("general.name") or Path(options.model_path).stem)
        report.notes.append(
            f"KV {options.kv_type}, batch {options.batch_tokens}, {options.threads} and {options.batch_threads} threads"
            f" ({reason})"
        )
        tokens = code_tokens(model.tokenize, max(lengths) + TYPED)
        for length in lengths if cases != "engine" else ():
            report.rows += _passes(model, options, tokens[:length], _times(length, repeats), progress, library)
    for length in lengths if cases != "passes" else ():
        report.rows += engine_rows(options, tokens[: length + TYPED], _times(length, repeats), progress)
    return report


def _times(length: int, repeats: int) -> int:
    return 1 if length >= LONG // 2 else repeats


# ------------------------------------------------------------------------------------------- what passes cost


def _passes(
    model: Model, options: EngineOptions, tokens: list[int], repeats: int, progress: BenchProgress | None, library: Any
) -> list[Row]:
    with stock_loops(model, options, len(tokens) + ROOM, library) as loops:
        return _passes_beside(loops, model, options, tokens, repeats, progress)


def _passes_beside(
    loops: dict[str, StockLoop],
    model: Model,
    options: EngineOptions,
    tokens: list[int],
    repeats: int,
    progress: BenchProgress | None,
) -> list[Row]:
    context = LoopContext(
        model,
        len(tokens) + ROOM,
        margin=0,
        n_batch=options.batch_tokens,
        n_ubatch=options.batch_tokens,
        type_k=options.kv_type,
        type_v=options.kv_type,
        flash_attn=options.flash_attention,
        n_threads=options.threads or None,
        n_threads_batch=options.batch_threads or None,
    )
    ids = np.asarray(tokens, np.int32)
    try:
        cases: dict[str, Callable[[], Sample]] = {}
        for name, loop in loops.items():
            cases[name] = functools.partial(timed, functools.partial(loop.read, tokens))
        cases["one_pass"] = lambda: _measured(context, ids, 1)
        notes = dict.fromkeys(loops, "llama.cpp's calls alone, all passes over every token")
        alone = "the first pass alone; its logits are not the model's"
        notes["one_pass"] = alone if context.passes > 1 else "as the engine reads it; the model has one pass"
        counted: dict[str, attention.Blocks] = {}
        if context.passes > 1:
            plan = context.plan(0, 0, len(ids))
            cases["two_passes"] = lambda: _measured(context, ids, context.passes)
            cases["ours"] = lambda: _planned(context, ids)
            notes["two_passes"] = f"all {context.passes} passes over every token"
            notes["ours"] = f"later passes over {plan.later} tokens, receptive field {context.reach + 1}; exact"
        if attention.applies(context):
            cases["dense"] = lambda: _skipping(context, ids, 0.0, "dense", counted)
            cases["sparse"] = lambda: _skipping(context, ids, None, "sparse", counted)
        found = interleaved(cases, repeats, progress)
        notes |= {case: f"as ours; {blocks.sentence()}" for case, blocks in counted.items()}
        for case in found:
            if case != "stock":
                notes[case] += f"; {compared(found[case], found['stock'])}"
        return [Row(case, len(ids), samples, notes[case]) for case, samples in found.items()]
    finally:
        context.close()


def _skipping(
    context: LoopContext,
    ids: NDArray[np.int32],
    share: float | None,
    case: str,
    counted: dict[str, attention.Blocks],
) -> Sample:
    attention.blocks(context)
    with skipping(context, share):
        sample = _planned(context, ids)
    counted[case] = attention.blocks(context)
    return sample


def _measured(context: LoopContext, ids: NDArray[np.int32], depth: int) -> Sample:
    context.clear()
    return timed(lambda: read(context, ids.tolist(), depth))


def _planned(context: LoopContext, ids: NDArray[np.int32]) -> Sample:
    context.clear()
    return timed(lambda: context.run(context.plan(0, 0, len(ids)), ids))


# -------------------------------------------------------------------------------------- what the engine pays


def engine_rows(
    options: EngineOptions, tokens: list[int], repeats: int = 1, progress: BenchProgress | None = None
) -> list[Row]:
    """Cold, saved, warm and restored: a prompt of all but the last TYPED of `tokens`, then one of all of them.

    The restored file is read from the disk: the system is asked to forget it first.
    """
    length = len(tokens) - TYPED
    with tempfile.TemporaryDirectory(prefix="iquest-bench-") as folder:
        engine = LlamaBackend(
            replace(options, context_tokens=len(tokens) + ROOM, sequences=1, state_folder=folder, state_limit=1 << 50)
        )
        engine.load(lambda share: None)
        try:
            found: dict[str, list[Sample]] = {name: [] for name in ("cold", "warm", "saved", "restored")}
            restored = saved = alike = 0
            cold: list[int] = []
            for turn in range(repeats):
                label = StateLabel(folder, str(turn))
                engine.forget(0)
                found["cold"].append(timed(lambda: cold.append(_complete(engine, tokens[:length]))))
                found["warm"].append(timed(lambda: _complete(engine, tokens)))
                saved = 0
                found["saved"].append(timed(lambda: engine.save(label, 0, True)))  # noqa: B023  runs at once
                saved = drop_from_memory(Path(folder))
                answer = _answer(engine, tokens)
                engine.forget(0)
                found["restored"].append(timed(lambda: engine.restore(label, 0, ())))  # noqa: B023  runs at once
                restored = _complete(engine, tokens)
                alike += _answer(engine, tokens) == answer
                if progress is not None:
                    progress(turn + 1, repeats)
        finally:
            engine.close()
    share = sum(s.seconds for s in found["restored"]) / sum(s.seconds for s in found["cold"])
    notes = {
        "cold": f"an empty cache, {min(cold)} tokens evaluated; one answer token",
        "warm": f"{TYPED} more tokens after it; one answer token",
        "saved": f"to the disk, {saved / 1e6:.1f} MB, hash and sync included",
        "restored": f"from the disk: {100 * share:.2f}% of the cold time; then {restored} of the tokens evaluated,"
        f" and {alike} of {repeats} answers of {ANSWER} tokens as before it was saved",
    }
    sizes = {"cold": length, "warm": TYPED, "saved": len(tokens), "restored": len(tokens)}
    return [Row(case, sizes[case], tuple(samples), notes[case]) for case, samples in found.items()]


def _complete(engine: LlamaBackend, tokens: list[int]) -> int:
    """Answers with one token; returns how many of the prompt's were evaluated."""
    return engine.complete(Prompt(TokenIds(tokens)), Limits(max_tokens=1), lambda: False).counts.prefilled


def _answer(engine: LlamaBackend, tokens: list[int]) -> tuple[int, ...]:
    return engine.complete(Prompt(TokenIds(tokens)), Limits(max_tokens=ANSWER), lambda: False).tokens


def drop_from_memory(folder: Path) -> int:
    """Asks the system to forget the files' content; returns their bytes."""
    total = 0
    for path in folder.glob("*.kv"):
        total += path.stat().st_size
        if hasattr(os, "posix_fadvise"):
            file = os.open(path, os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)
    return total
