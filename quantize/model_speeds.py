"""Speed and memory of a model: prefill, and decoding with one pass, all passes, and drafts of one pass verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model

DRAFT = 4
CASES = ("prefill", "decode", "decode_one_pass", "decode_drafted")


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of a model: tokens a second by case, drafts taken and offered, bytes of weights and of KV cache."""

    rates: dict[str, float]
    taken: int
    offered: int
    weights: int
    kv: int


def compare(
    paths: Sequence[Path],
    tokens: NDArray[np.int32],
    rounds: int = 3,
    generated: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Speeds of models side by side: every round takes each of them in turn, so that what else the machine does
    disturbs all alike."""
    samples: list[list[Sample]] = [[] for _ in paths]
    for at in range(rounds):
        for number, path in enumerate(paths):
            model = Model.load(path)
            try:
                samples[number].append(measure(model, tokens, generated))
            finally:
                model.close()
            if progress is not None:
                progress(at * len(paths) + number + 1, rounds * len(paths))
    return [summary(found) | {"prompt_tokens": len(tokens)} for found in samples]


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Medians over rounds; None where a case does not exist: one pass and drafts need a model with several."""
    result: dict[str, Any] = {}
    for case in CASES:
        rates = [sample.rates[case] for sample in samples if case in sample.rates]
        result[f"{case}_tps"] = float(np.median(rates)) if rates else None
    offered = sum(sample.offered for sample in samples)
    return result | {
        "draft_acceptance": sum(sample.taken for sample in samples) / offered if offered else None,
        "weights_bytes": samples[0].weights,
        "kv_bytes": samples[0].kv,
        "rounds": len(samples),
    }


def measure(model: Model, tokens: NDArray[np.int32], generated: int = 32) -> Sample:
    """Each case once; `tokens` [n] is the prompt."""
    n = len(tokens)
    room = n + generated + DRAFT + 1
    context = LoopContext(model, room, margin=min(256, room), n_batch=512, n_ubatch=512)
    rates: dict[str, float] = {}
    taken = offered = 0
    try:
        for case in CASES:
            if (case == "decode_one_pass" and context.passes < 2) or (
                case == "decode_drafted" and not context.can_finish
            ):
                continue
            context.clear()
            begin = time.perf_counter()
            context.run(context.plan(0, 0, n), tokens)
            filled = time.perf_counter()
            if case == "prefill":
                rates[case] = n / (filled - begin)
            elif case == "decode_drafted":
                made, taken, offered = drafted(context, n, generated)
                rates[case] = len(made) / (time.perf_counter() - filled)
            else:
                plain(context, n, generated, 1 if case == "decode_one_pass" else context.passes)
                rates[case] = generated / (time.perf_counter() - filled)
        return Sample(rates, taken, offered, model.size_bytes, context.memory_bytes)
    finally:
        context.close()


def plain(context: LoopContext, n: int, generated: int, depth: int) -> list[int]:
    """Greedy decoding after a prompt of `n` tokens whose logits are there; returns the tokens."""
    made = []
    for at in range(n, n + generated):
        made.append(int(context.logits(-1).argmax()))
        context.decode_depth([made[-1]], [at], 0, depth, "last")
    return made


def drafted(context: LoopContext, n: int, generated: int) -> tuple[list[int], int, int]:
    """Greedy decoding: DRAFT tokens by one pass each, then the passes left of all of them in one batch.

    Returns at least `generated` tokens, those of plain decoding; how many drafts were taken; how many were offered.
    """
    context.keep_hidden(True)
    made: list[int] = []
    taken = offered = 0
    at, token = n, int(context.logits(-1).argmax())
    while len(made) < generated:
        chosen, rows = [token], []
        for step in range(DRAFT):
            context.decode_depth([chosen[-1]], [at + step], 0, 1, "last")
            rows.append(context.hidden(0))
            chosen.append(int(context.logits(-1).argmax()))
        context.finish(np.stack(rows), np.arange(at, at + DRAFT), 0, "all")
        exact = [int(context.logits(step).argmax()) for step in range(DRAFT)]
        good = 1
        while good < DRAFT and exact[good - 1] == chosen[good]:
            good += 1
        offered, taken = offered + DRAFT - 1, taken + good - 1
        made += chosen[:good]
        at, token = at + good, exact[good - 1]
        context.remove(0, at, -1)
    context.keep_hidden(False)
    return made, taken, offered
