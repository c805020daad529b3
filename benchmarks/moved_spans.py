"""What moving a cached span costs in precision: real code, a chunk inserted or removed in the middle of the prompt.

    python -m benchmarks.moved_spans [--model FILE] [--trials N] [--tokens N]

Compares the next token's distribution after a move with that of a cold evaluation: Kullback-Leibler divergence in
nats, and whether the likeliest token is the same. Beside it, as a scale: the same prompt without the chunk at all.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.kv.prefill import Prefill
from iquest_lsp.runtime.models.catalogue import resolve

CHUNK = 200


def logprobs(prefill: Prefill) -> NDArray[np.float64]:
    """The log-probabilities after the prompt evaluated last."""
    row = prefill.context.logits(-1).astype(np.float64)
    row -= row.max()
    return np.asarray(row - np.log(np.exp(row).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=1600)
    chosen = parser.parse_args()
    engine = LlamaBackend(EngineOptions(model_path=str(resolve(chosen.model)), context_tokens=4 * chosen.tokens + 2048))
    engine.load(lambda share: None)
    prefill = engine.parts.prefill
    text = code_tokens(lambda text: engine.tokenize([text])[0], 400_000)
    choose = random.Random(1)
    found: dict[str, list[tuple[float, bool]]] = {"inserted": [], "removed": [], "chunk left out": []}

    def run(tokens: list[int], *, late: bool) -> NDArray[np.float64]:
        prefill.token_ms = 1000.0 if late else 0.0  # so slow that nothing but a move is done by the deadline
        prefill.run(tokens, 0, lambda: False, time.monotonic() + 120 if late else None, hurry=late)
        return logprobs(prefill)

    for _ in range(chosen.trials):
        start = choose.randrange(len(text) - chosen.tokens - CHUNK)
        piece = text[start : start + chosen.tokens]
        at = choose.randrange(chosen.tokens // 5, chosen.tokens // 2)
        other = choose.randrange(len(text) - CHUNK)
        without, full = piece, [*piece[:at], *text[other : other + CHUNK], *piece[at:]]
        engine.forget(0)
        cold_without = run(without, late=False)
        moved_full = run(full, late=True)
        engine.forget(0)
        cold_full = run(full, late=False)
        moved_without = run(without, late=True)
        for name, exact, got in (
            ("inserted", cold_full, moved_full),
            ("removed", cold_without, moved_without),
            ("chunk left out", cold_full, cold_without),
        ):
            divergence = float((np.exp(exact) * (exact - got)).sum())
            found[name].append((divergence, int(exact.argmax()) == int(got.argmax())))
    print(f"{Path(chosen.model or 'nano').stem}, {chosen.trials} prompts of {chosen.tokens} tokens, chunk of {CHUNK}")
    print(f"moved {prefill.moved} tokens in {2 * chosen.trials} edits")
    for name, values in found.items():
        divergences = sorted(value for value, _ in values)
        same = sum(agree for _, agree in values) / len(values)
        print(
            f"{name:15} KL median {statistics.median(divergences):.4f}, worst {divergences[-1]:.3f} nats;"
            f" same likeliest token {same:.0%}"
        )


if __name__ == "__main__":
    main()
