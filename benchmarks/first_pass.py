"""What tokens would lose that only the first pass of a Loop model gets: `python -m benchmarks.first_pass [FILE...]`.

At every position of some code the first pass's distribution is compared with that of all passes. For growing shares of
positions, those where the first pass is surest first, it is said how sure it is of the least sure of them, how many
bits more the text costs where they take the first pass's word, and how much faster that could be at the most, against
plain and against drafted answers, whose later passes verify several tokens in one call.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import lossless
from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.controller import Call, Costs
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.token_ids import TokenIds

CHUNK = 64
SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 1.0)
PROMPTS, PROMPT_TOKENS, ANSWER_TOKENS = 24, 512, 48


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


def compared(model: Model, texts: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """[n, 4]: how sure the first pass is, whether both like the same token best, and the bits that the text's next
    token costs by the first pass and by all."""
    context = LoopContext(model, max(map(len, texts)) + CHUNK, n_threads=1)
    found = []
    for ids in texts:
        first, exact = (log_probabilities(context, ids, depth)[:-1] for depth in (1, model.passes))
        at = np.arange(len(ids) - 1)
        bits = (-rows[at, ids[1:]] / np.log(2) for rows in (first, exact))
        found.append(np.stack([np.exp(first.max(axis=1)), first.argmax(axis=1) == exact.argmax(axis=1), *bits], axis=1))
    context.close()
    return np.concatenate(found)


class Noted(Costs):
    """Notes the calls: their kind, rows and length."""

    def __init__(self, like: Costs, passes: int) -> None:
        super().__init__(passes)
        self.calls: list[tuple[Call, int, int]] = []
        self.__dict__.update(vars(like))

    def add(self, call: Call, rows: int, length: int, seconds: float, elapsed: float | None = None) -> None:
        self.calls.append((call, rows, length))
        super().add(call, rows, length, seconds, elapsed)


def drafted(path: Path) -> tuple[Noted, int]:
    """The calls of drafted answers, with what each costs, and the number of passes."""
    engine = LlamaBackend(EngineOptions(model_path=str(path), context_tokens=1024, threads=1))
    engine.load(lambda share: None)
    controller = engine.parts.decoder.controller
    pieces = lossless.Prompts(engine, PROMPT_TOKENS, PROMPT_TOKENS)
    for turn in range(2):  # the first one learns what calls cost
        if turn:
            controller.costs = noted = Noted(controller.costs, engine.passes)
        for number in range(PROMPTS):
            prompt = Prompt(TokenIds(pieces.get(number)))
            engine.complete(prompt, Limits(max_tokens=ANSWER_TOKENS), lambda: False)
    passes = engine.passes
    engine.close()
    return noted, passes


def faster(noted: Noted, passes: int, share: float) -> float:
    """How much faster drafted answers would be if the later passes of so many of their rows were left out, each row as
    likely as another. A first pass's opinion of rows that were not drafted by it is had for nothing here."""
    later = (passes - 1) / passes
    before = saved = 0.0
    for call, rows, length in noted.calls:
        cost = noted.of(call, rows, length)
        before += cost
        part = {Call.FULL: later, Call.FIRST: 0.0, Call.LATER: 1.0}[call]
        left = sum(
            math.comb(rows, kept) * (1 - share) ** kept * share ** (rows - kept) * noted.of(call, kept, length)
            for kept in range(1, rows + 1)
        )
        saved += part * max(cost - left, 0.0)
    return before / (before - saved)


def table(rows: NDArray[np.float64], noted: Noted, passes: int) -> list[dict[str, float]]:
    """A line for each share."""
    rows = rows[np.argsort(-rows[:, 0], kind="stable")]
    exact = rows[:, 3].sum()
    lines = []
    for share in SHARES:
        count = round(share * len(rows))
        taken = rows[:count]
        lines.append(
            {
                "share": share,
                "least_sure": float(taken[-1, 0]),
                "same_best": float(taken[:, 1].mean()),
                "more_bits": float((taken[:, 2] - taken[:, 3]).sum() / exact),
                "faster_than_plain_at_most": 1 / (1 - share * (passes - 1) / passes),
                "faster_than_drafted_at_most": faster(noted, passes, share),
            }
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=embedded_path())
    parser.add_argument("--tokens", type=int, default=2048, help="most of one text")
    parser.add_argument("files", type=Path, nargs="*", help="code; default: this package's")
    given = parser.parse_args()
    model = Model.load(given.model)
    texts = [model.tokenize(file.read_text("utf-8"))[: given.tokens] for file in given.files]
    rows = compared(model, [np.asarray(ids) for ids in texts or [code_tokens(model.tokenize, given.tokens)]])
    model.close()
    shares = table(rows, *drafted(given.model))
    print(json.dumps({"positions": len(rows), "shares": shares}, indent=1))


if __name__ == "__main__":
    main()
