"""What adaptive depth loses and gains on real code: `python -m benchmarks.adaptive [--tokens 1024] [--prompts 8]`.

At every position of a text the first pass's distribution is compared with that of all passes; where the first pass is
at least as sure as decoding asks for (ADAPTIVE_CONFIDENCE), adaptive depth would take its token. Reported are the share
of such positions, how often both passes like the same token best there and everywhere, and the mean KL divergence in
nats of the distribution that is used from the exact one. Then answers are written both ways: how many are alike, and
the processor seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import lossless
from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.datatypes import Depth, Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.writer import ADAPTIVE_CONFIDENCE
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.token_ids import TokenIds

CHUNK = 64


def log_probabilities(context: LoopContext, ids: NDArray[np.int64], depth: int) -> NDArray[np.float64]:
    """Of the next token at every position, [n, n_vocab]."""
    context.clear()
    rows = []
    for start in range(0, len(ids), CHUNK):
        piece = ids[start : start + CHUNK]
        context.decode_depth(piece, np.arange(start, start + len(piece)), 0, depth, "all")
        rows += [context.logits(row) for row in range(len(piece))]
    logits = np.stack(rows).astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    found: NDArray[np.float64] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return found


def positions(path: Path, count: int) -> dict[str, float]:
    """The comparison position by position."""
    model = Model.load(path)
    ids = np.asarray(code_tokens(model.tokenize, count))
    context = LoopContext(model, count + CHUNK, n_threads=1)
    first, exact = (log_probabilities(context, ids, depth) for depth in (1, model.passes))
    context.close()
    model.close()
    sure = np.exp(first.max(axis=1)) >= ADAPTIVE_CONFIDENCE
    alike = first.argmax(axis=1) == exact.argmax(axis=1)
    divergence = (np.exp(exact) * (exact - first)).sum(axis=1)
    return {
        "positions": count,
        "sure_share": float(sure.mean()),
        "same_best_where_sure": float(alike[sure].mean()),
        "same_best_adaptive": float(np.where(sure, alike, True).mean()),
        "same_best_first_pass": float(alike.mean()),
        "kl_where_sure": float(divergence[sure].mean()),
        "kl_adaptive": float(np.where(sure, divergence, 0.0).mean()),
        "kl_first_pass": float(divergence.mean()),
    }


def answers(path: Path, prompts: int, tokens: int) -> dict[str, float]:
    """Answers written token by token, exactly and adaptively."""
    engine = LlamaBackend(EngineOptions(model_path=str(path), context_tokens=1024, threads=1))
    engine.load(lambda share: None)
    seconds = {Depth.EXACT: 0.0, Depth.ADAPTIVE: 0.0}
    written = dict.fromkeys(seconds, 0)
    alike = early = 0
    pieces = lossless.Prompts(engine, 400, 400)
    for prompt in map(pieces.get, range(prompts)):
        made = {}
        for depth in seconds:
            engine.complete(Prompt(TokenIds(prompt)), Limits(max_tokens=1, draft=False), lambda: False)
            begin = time.process_time()
            limits = Limits(max_tokens=tokens, draft=False, depth=depth)
            made[depth] = engine.complete(Prompt(TokenIds(prompt)), limits, lambda: False)
            seconds[depth] += time.process_time() - begin
            written[depth] += len(made[depth].tokens)
        alike += made[Depth.EXACT].tokens == made[Depth.ADAPTIVE].tokens
        early += made[Depth.ADAPTIVE].counts.accepted
    engine.close()
    cost = {depth: 1000 * seconds[depth] / written[depth] for depth in seconds}
    return {
        "answers": prompts,
        "alike": alike,
        "written_after_pass_1": early / written[Depth.ADAPTIVE],
        "exact_ms": cost[Depth.EXACT],
        "adaptive_ms": cost[Depth.ADAPTIVE],
        "gain": cost[Depth.EXACT] / cost[Depth.ADAPTIVE],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=embedded_path())
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--prompts", type=int, default=8)
    given = parser.parse_args()
    print(json.dumps(positions(given.model, given.tokens) | answers(given.model, given.prompts, 48), indent=1))


if __name__ == "__main__":
    main()
