"""What a row beside a token costs, and how many verified rows are too close to call, for a model with rows of its own.

    iquest-lsp models add smollm2
    python -m benchmarks.close_calls ~/.local/share/iquest-lsp/models/smollm2.gguf [--prompts 12] [--threads 1]

Calls of one row and of two in turns, processor time. Then plain answers to pieces of real code are written again with
drafts forced on them, of which four in five are right: how many rows were evaluated again alone, and how many answers
are the same. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import lossless
from iquest_lsp.bench.report import Sample, interleaved, machine, timed
from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.controller import Controller, DraftSource, Move
from iquest_lsp.runtime.decode.drafting import Lookup, LookupDraft
from iquest_lsp.token_ids import TokenIds

RIGHT, LONGEST = 0.8, 6


class Known(Lookup):
    """Drafts from an answer that is known, with wrong tokens among them."""

    def __init__(self, answer: Sequence[int], wrong: int) -> None:
        super().__init__()
        self._answer, self._wrong, self._place = answer, wrong, 0
        self._random = np.random.default_rng(5)

    def add(self, token: int) -> None:
        self._place += 1

    def find(self, most: int) -> LookupDraft:
        rest = self._answer[self._place : self._place + min(most, LONGEST)]
        kept = self._random.random(len(rest)) < RIGHT
        return LookupDraft(tuple(t if right else self._wrong for t, right in zip(rest, kept, strict=True)), 5)


class Always(Controller):
    """Verifies whatever is offered."""

    def choose(self, offered: int, match: int, **_: object) -> Move:
        return Move(DraftSource.LOOKUP, offered) if offered else Move(DraftSource.PLAIN)


def measure(model: str, prompts: int, threads: int, tokens: int, turns: int) -> dict[str, Any]:
    """The figures of one model."""
    engine = LlamaBackend(EngineOptions(model_path=model, context_tokens=1024, batch_tokens=256, threads=threads))
    engine.load(lambda share: None)
    pieces = lossless.Prompts(engine, 150, 260)
    ratio, milliseconds = _rows(engine, pieces.get(0), turns)
    counts = dict.fromkeys(("answers", "same", "tokens", "drafted", "accepted", "rechecked"), 0)
    decoder = engine.parts.decoder
    decoder.controller = Always(1, can_split=False)
    for index in range(prompts):
        lossless.forget(engine)
        asked = Prompt(TokenIds(pieces.get(index)))
        engine.complete(asked, Limits(max_tokens=1), _never)
        plain = engine.complete(asked, Limits(max_tokens=tokens, draft=False), _never)
        decoder.lookups[0] = Known(plain.tokens, int(asked.tokens[0]))
        drafted = engine.complete(asked, Limits(max_tokens=tokens), _never)
        counts["answers"] += 1
        counts["same"] += drafted.tokens == plain.tokens
        counts["tokens"] += len(plain.tokens)
        for name in ("drafted", "accepted", "rechecked"):
            counts[name] += getattr(drafted.counts, name)
    engine.close()
    return {"machine": machine(), "cpu_ms": milliseconds, "second_row": ratio, **counts}


def _rows(engine: LlamaBackend, ids: Sequence[int], turns: int) -> tuple[float, dict[str, float]]:
    """What a call of two rows costs against one of one row, and both in milliseconds of processor time."""
    engine.complete(Prompt(TokenIds(ids)), Limits(max_tokens=1, draft=False), _never)
    context, end = engine.context, len(ids)

    def call(rows: int) -> Sample:
        context.remove(0, end, -1)
        return timed(lambda: context.decode(list(ids[:rows]), np.arange(end, end + rows), 0, "all"))

    found = interleaved({"1": lambda: call(1), "2": lambda: call(2)}, turns)
    context.remove(0, end, -1)
    work = {case: statistics.median(sample.cpu_seconds for sample in samples) for case, samples in found.items()}
    return round(work["2"] / work["1"], 2), {case: round(1000 * value, 1) for case, value in work.items()}


def _never() -> bool:
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--turns", type=int, default=15)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.model, asked.prompts, asked.threads, asked.tokens, asked.turns), indent=2))


if __name__ == "__main__":
    main()
