"""What a window's size is worth: bits that the rest of a line costs the model, at the same cursors, window by window.

    python -m benchmarks.window_bits [--model FILE.gguf] [--windows 2048,4096,8192] [--positions 40]

Cursors lie in lines of the held-out packages' files. Each window is the one a completion there would send; "none" after
a colon leaves out everything but the current file (2048:none). Intervals are those of the difference to the last window
named, paired by cursor. Besides the bits: the tokens that a window really holds, since that is what reading it costs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.confidence import cursors
from iquest_lsp.assistant import Assistant
from iquest_lsp.bench.report import machine
from iquest_lsp.datatypes import Position
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.settings import Configuration
from iquest_lsp.token_ids import TokenIds
from quantize.scoring import log_softmax

BATCH = 512
RESAMPLED = 1000


async def prompts(model: str, window: str, places: list[tuple[Path, int, int]]) -> list[TokenIds]:
    """The window of each cursor, the line cut there; empty where the file may not be shown."""
    size, _, context = window.partition(":")
    values = {"model": model, "window_tokens": int(size), "context": context or "all"}
    assistant = Assistant(Configuration(values), watch=False)
    found = []
    try:
        await assistant.engine.ready()
        for file, number, column in places:
            lines = file.read_text("utf-8").split("\n")
            lines[number] = lines[number][:column]
            assistant.session().buffers.open(file, "\n".join(lines), 1, "python")
            await assistant.session().view(file).project.index()
            found.append((await assistant.session().context(file, Position(number, column))).tokens)
            assistant.session().buffers.close(file)
    finally:
        await assistant.close()
    return found


def bits(model: Model, prompt: TokenIds, text: str) -> float:
    """What `text` costs after a prompt, all passes."""
    rest = model.tokenize(text)
    tokens = np.array([*prompt, *rest[:-1]], np.int32)
    context = LoopContext(model, len(tokens) + 1, n_batch=BATCH, n_ubatch=BATCH)
    try:
        begin = len(prompt) - 1
        for start in range(0, begin, BATCH):
            stop = min(start + BATCH, begin)
            context.decode_depth(tokens[start:stop], np.arange(start, stop), 0, context.passes)
        context.decode_depth(tokens[begin:], np.arange(begin, len(tokens)), 0, context.passes, "all")
        nats = -sum(float(log_softmax(context.logits(at))[token]) for at, token in enumerate(rest))
        return nats / math.log(2)
    finally:
        context.close()


def interval(differences: NDArray[np.float64]) -> list[float]:
    """The mean's 95% interval, by resampling the cursors."""
    source = np.random.default_rng(0)
    drawn = source.integers(0, len(differences), (RESAMPLED, len(differences)))
    return [round(float(value), 2) for value in np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--windows", default="2048,2048:none,4096,8192")
    parser.add_argument("--positions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    windows = given.windows.split(",")
    with tempfile.TemporaryDirectory(prefix="iquest-window-") as folder:
        places = cursors(Path(folder), given.positions, given.seed)
        texts = [path.read_text("utf-8").split("\n")[line][column:].rstrip() + "\n" for path, line, column in places]
        asked = {window: asyncio.run(prompts(given.model, window, places)) for window in windows}
    shown = [at for at in range(len(places)) if all(asked[window][at] for window in windows)]
    model = Model.load(catalogue.resolve(given.model))
    costs = {window: np.array([bits(model, asked[window][at], texts[at]) for at in shown]) for window in windows}
    size = sum(len(texts[at].encode()) for at in shown)
    rows: list[dict[str, Any]] = []
    for window in windows:
        difference = costs[window] - costs[windows[-1]]
        rows.append(
            {
                "window": window,
                "tokens": round(sum(len(asked[window][at]) for at in shown) / len(shown)),
                "bits_per_byte": round(float(costs[window].sum()) / size, 3),
                "bits_a_cursor_more": round(float(difference.mean()), 2),
                "interval": interval(difference),
            }
        )
    print(json.dumps({"machine": machine(), "model": model.path.name, "positions": len(shown), "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
