"""Attention with every block and without those below rounding: prefill, decode, blocks counted, logits compared.

    python -m benchmarks.sparse MODEL.gguf|shape:BIAS [--tokens 512,8192,32768] [--kv f16] [--threads 2]

`nano:8` stands for a random model of the embedded one's shape with max_bias 8, `large:8` for one of four times its
width. Each way has a context of its own; decoding goes over the same tokens. Processor time stands beside the wall
clock, since it says more on a busy machine. `plain` is attention without flash, as llama.cpp computes it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.report import machine
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.random_model import Recipe, write

NANO = Recipe(
    n_layer=6, n_embd=256, n_head=8, n_head_kv=2, n_ff=768, n_vocab=4096, window=32, context=131072, quantization="Q8_0"
)
SHAPES = {
    "nano": NANO,
    "nano_f32": replace(NANO, quantization=None),
    "heads16": replace(NANO, n_head=16, n_head_kv=4, head_dim=32),
    "large": replace(NANO, n_layer=8, n_embd=1024, n_head=16, n_head_kv=4, n_ff=2816),
}
DECODED = 16


def measure(
    context: LoopContext, ids: NDArray[np.int32], share: float | None, skip: bool
) -> tuple[list[float], NDArray[np.float32], list[attention.Blocks]]:
    """[prefill wall, prefill cpu, decode wall, decode cpu] in seconds (decode: per token), logits, blocks of both."""
    n = len(ids) - DECODED
    context.clear()
    if skip:
        attention.set_skip(context, share)
        attention.blocks(context)
    wall, cpu = time.perf_counter(), time.process_time()
    context.run(context.plan(0, 0, n), ids[:n])
    times = [time.perf_counter() - wall, time.process_time() - cpu]
    counts = [attention.blocks(context)]
    rows = [context.logits(-1)]
    steps, cpu = [], time.process_time()
    for i in range(DECODED):
        start = time.perf_counter()
        context.decode(ids[n + i : n + i + 1], [n + i], 0, "last")
        steps.append(time.perf_counter() - start)
        rows.append(context.logits(-1))
    times += [statistics.median(steps), (time.process_time() - cpu) / DECODED]
    counts.append(attention.blocks(context))
    return times, np.stack(rows), counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--tokens", default="512,8192,32768")
    parser.add_argument("--kv", default="f16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="also without flash attention (not for quantized KV)")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        shape, _, bias = options.model.partition(":")
        path = Path(options.model)
        if shape in SHAPES:
            path = write(Path(folder) / "model.gguf", replace(SHAPES[shape], max_alibi_bias=float(bias or 8)))
        model = Model.load(path)
        for n in (int(size) for size in options.tokens.split(",")):
            ids = np.random.default_rng(n).integers(0, model.n_vocab, n + DECODED).astype(np.int32)
            kinds = {"sparse": (True, None), "dense": (True, 0.0)} | ({"plain": (False, 0.0)} if options.plain else {})
            found = {}
            for name, (flash, share) in kinds.items():
                context = LoopContext(
                    model, n + 256, type_k=options.kv, type_v=options.kv, flash_attn=flash, n_threads=options.threads
                )
                found[name] = measure(context, ids, share, flash)
                context.close()
                times, _, counts = found[name]
                print(
                    f"{options.model} {options.kv} {n:6} {name:6}"
                    f" prefill {times[0]:8.2f} s, cpu {times[1]:8.2f} s; decode {1e3 * times[2]:8.2f} ms,"
                    f" cpu {1e3 * times[3]:7.2f} ms; prefill: {counts[0].sentence()}; decode: {counts[1].sentence()}",
                    flush=True,
                )
            sparse, dense = found["sparse"], found["dense"]
            ratios = [b / a for a, b in zip(sparse[0], dense[0], strict=True)]
            largest = float(np.abs(dense[1]).max())
            print(
                f"  dense over sparse: prefill {ratios[0]:.2f} (cpu {ratios[1]:.2f}), decode {ratios[2]:.2f}"
                f" (cpu {ratios[3]:.2f}); largest difference of a logit {np.abs(sparse[1] - dense[1]).max():.2e}"
                f" of {largest:.1f}; same best token {np.mean(sparse[1].argmax(1) == dense[1].argmax(1)):.3f}",
                flush=True,
            )
        model.close()


if __name__ == "__main__":
    main()
