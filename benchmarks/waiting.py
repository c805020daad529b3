"""How threads should wait for each other: `python -m benchmarks.waiting [--rounds 3] [--tokens 64]`.

Plain decoding of the embedded model (512 tokens of code before the answer) in processes that differ in the number of
threads and in how long OpenMP's threads spin before they sleep (GOMP_SPINCOUNT, libgomp's manual, section "GOMP_
SPINCOUNT"). The variants run in turns; medians of tokens per second, and processor milliseconds a token.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from iquest_lsp.bench import decode
from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.models.catalogue import embedded_path

#: Threads, and the environment that says how they wait.
VARIANTS: dict[str, tuple[int, dict[str, str]]] = {
    "1 thread": (1, {}),
    "2 threads, sleep at once": (2, {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}),
    "2 threads, spin 1000": (2, {"GOMP_SPINCOUNT": "1000"}),
    "2 threads, spin 10000": (2, {"GOMP_SPINCOUNT": "10000"}),
    "2 threads, spin 100000": (2, {"GOMP_SPINCOUNT": "100000"}),
    "2 threads, spin on": (2, {"OMP_WAIT_POLICY": "active"}),
}


def one(threads: int, tokens: int) -> dict[str, float]:
    """Decodes in this process; seconds of the clock and of the processor."""
    engine = LlamaBackend(EngineOptions(model_path=str(embedded_path()), context_tokens=1024, threads=threads))
    engine.load(lambda share: None)
    prompt = Prompt(decode.ordinary(engine, 512, 1)[0].prompt)
    engine.complete(prompt, Limits(max_tokens=4, draft=False), lambda: False)
    begin = time.process_time()
    made = engine.complete(prompt, Limits(max_tokens=tokens, draft=False), lambda: False)
    return {"wall": made.timings.decode_ms / 1000, "cpu": time.process_time() - begin, "tokens": len(made.tokens)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--one", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.tokens)))
        return
    found: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    for _ in range(given.rounds):
        for name, (threads, environment) in VARIANTS.items():
            command = [sys.executable, "-m", "benchmarks.waiting"]
            command += ["--one", str(threads), "--tokens", str(given.tokens)]
            output = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
            found[name].append(json.loads(output.stdout))
    print(f"load {os.getloadavg()[0]:.1f}")
    for name, runs in found.items():
        speed = statistics.median(run["tokens"] / run["wall"] for run in runs)
        cost = statistics.median(1000 * run["cpu"] / run["tokens"] for run in runs)
        print(f"{name:26s} {speed:7.1f} tokens/s, {cost:6.2f} processor ms a token")


if __name__ == "__main__":
    main()
