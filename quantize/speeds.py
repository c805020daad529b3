"""Speed and memory of a model: prefill, and decoding with one pass, all passes, and drafts of one pass verified."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.llama import Model
from iquest_lsp.runtime.loop import LoopContext

DRAFT = 4


def measure(model: Model, tokens: NDArray[np.int32], generated: int = 32, repeats: int = 3) -> dict[str, Any]:
    """Tokens a second (medians, the cases taken in turn), and bytes of weights and KV cache.

    `tokens` [n] is the prompt. None where a case does not exist: one pass and drafts need a model with several.
    """
    n = len(tokens)
    room = n + generated + DRAFT + 1
    context = LoopContext(model, room, margin=min(256, room), n_batch=512, n_ubatch=512)
    cases = ["prefill", "decode"] + (["decode_one_pass"] if context.passes > 1 else [])
    if context.can_finish:
        cases.append("decode_drafted")
    times: dict[str, list[float]] = {case: [] for case in cases}
    accepted = offered = 0
    try:
        for _ in range(repeats):
            for case in cases:
                context.clear()
                begin = time.perf_counter()
                context.run(context.plan(0, 0, n), tokens)
                filled = time.perf_counter()
                if case == "prefill":
                    times[case].append(n / (filled - begin))
                elif case == "decode_drafted":
                    made, taken, tried = drafted(context, n, generated)
                    accepted, offered = accepted + taken, offered + tried
                    times[case].append(len(made) / (time.perf_counter() - filled))
                else:
                    depth = 1 if case == "decode_one_pass" else context.passes
                    plain(context, n, generated, depth)
                    times[case].append(generated / (time.perf_counter() - filled))
        memory = context.memory_bytes
    finally:
        context.close()
    result: dict[str, Any] = {
        f"{case}_tps": None for case in ("prefill", "decode", "decode_one_pass", "decode_drafted")
    }
    result |= {f"{case}_tps": float(np.median(values)) for case, values in times.items()}
    return result | {
        "prompt_tokens": n, "draft_acceptance": accepted / offered if offered else None,
        "weights_bytes": model.size_bytes, "kv_bytes": memory,
    }  # fmt: skip


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
