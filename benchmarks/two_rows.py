"""The Parallel Loop Transformer's decoding: both passes of a token as two rows of one batch.

    python -m quantize synth plt.gguf --geometry 7b-plt --layers 3
    python -m benchmarks.two_rows plt.gguf [--threads 1] [--turns 9] [--length 64]

Per token, the cases in turns: one pass alone, both passes in their two-row batch, and, for what a second row costs on
this processor, one pass of two tokens in one call. Prints one JSON object: medians in milliseconds, and their ratios
to one pass.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from iquest_lsp.bench.report import Sample, interleaved, machine, timed
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model


def measure(path: Path, threads: int, turns: int, length: int) -> dict[str, Any]:
    """The figures of one model over `length` tokens."""
    model = Model.load(path)
    context = LoopContext(model, length + 64, n_threads=threads)
    ids = np.random.default_rng(0).integers(0, model.n_vocab, length + 2).astype(np.int32)
    context.run(context.plan(0, 0, length), ids[:length])

    def step(rows: int, depth: int) -> Callable[[], Sample]:
        def work() -> None:
            piece = ids[length : length + rows]
            context.decode_depth(piece, np.arange(length, length + rows), 0, depth, "all")

        def turn() -> Sample:
            work()  # builds the graph
            context.remove(0, length, -1)
            sample = timed(work)
            context.remove(0, length, -1)
            return sample

        return turn

    cases = {"one pass": step(1, 1), "both passes": step(1, model.passes), "one pass of two tokens": step(2, 1)}
    found = interleaved(cases, turns)
    context.close()
    model.close()
    wall = {case: statistics.median(sample.seconds for sample in samples) * 1000 for case, samples in found.items()}
    work = {case: statistics.median(sample.cpu_seconds for sample in samples) * 1000 for case, samples in found.items()}
    return {
        "machine": machine(),
        "bytes": path.stat().st_size,
        "threads": threads,
        "length": length,
        "ms": {case: round(value, 1) for case, value in wall.items()},
        "cpu_ms": {case: round(value, 1) for case, value in work.items()},
        "ratio": {case: round(value / wall["one pass"], 2) for case, value in wall.items()},
        "cpu_ratio": {case: round(value / work["one pass"], 2) for case, value in work.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--length", type=int, default=64)
    given = parser.parse_args()
    print(json.dumps(measure(given.model, given.threads, given.turns, given.length), indent=1))


if __name__ == "__main__":
    main()
