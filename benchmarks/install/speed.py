"""A portable runtime against a native one on this machine: processor time to read a prompt and to write tokens.

    python -m benchmarks.install.speed NATIVE PORTABLE [--turns 15]

Each is a folder that holds an `iquest_lsp` (a checkout, or site-packages) with its runtime inside. They
take turns, each turn in a process of its own with one thread, so that what else the machine does falls on both alike;
what is compared are processor seconds, turn by turn, of the quickest of six repetitions: what disturbs only adds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from iquest_lsp.runtime.models.catalogue import embedded_path

#: Prints the library, and the seconds of processors to read 448 tokens at once and to write 96 one by one.
MEASURE = """
import json, sys, time
from iquest_lsp.runtime.llama import library
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model
model = Model.load(sys.argv[1])
tokens = model.tokenize("def area(width, height):\\n    return width * height\\n" * 60)[:512]
context = Context(model, 1024, n_threads=1)
read, written = [], []
for block in range(6):
    context.clear()
    context.decode(tokens[:64], list(range(64)), 0, "last")
    started = time.process_time()
    context.decode(tokens[64:], list(range(64, len(tokens))), 0, "last")
    read.append(time.process_time() - started)
    started = time.process_time()
    for at in range(96):
        context.decode([tokens[at]], [len(tokens) + at], 0, "last")
    written.append(time.process_time() - started)
print(json.dumps([library.cpu_library(), min(read), min(written)]))
"""


def main() -> int:
    """Prints the medians of both, and the middle of what the second takes relative to the first in the same turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("native", type=Path)
    parser.add_argument("portable", type=Path)
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args()
    folders = [options.native.resolve(), options.portable.resolve()]
    taken: list[list[tuple[float, float]]] = [[], []]
    names = ["", ""]
    for turn in range(options.turns):
        for which in (0, 1) if turn % 2 == 0 else (1, 0):
            names[which], read, written = measured(folders[which])
            taken[which].append((read, written))
    medians = [[statistics.median(values) for values in zip(*turns, strict=True)] for turns in taken]
    for name, (read, written) in zip(names, medians, strict=True):
        print(f"{name:26} reads in {read * 1000:7.1f} ms, writes in {written * 1000:7.1f} ms of processors")
    for part, word in enumerate(("read", "write")):
        found = [after[part] / before[part] for before, after in zip(*taken, strict=True)]
        first, middle, third = statistics.quantiles(found, n=4)
        print(f"to {word} the second takes {middle:.3f} times as long (half of the turns: {first:.3f} to {third:.3f})")
    return 0


def measured(folder: Path) -> tuple[str, float, float]:
    """The library that was taken, and the seconds of one turn."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", MEASURE, str(embedded_path())]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    name, read, written = json.loads(done.stdout)
    return name, read, written


if __name__ == "__main__":
    sys.exit(main())
