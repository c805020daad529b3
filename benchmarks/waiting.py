"""How threads should wait for each other: `python -m benchmarks.waiting [MODEL] [--pool FOLDER] [--rounds 3]`.

A plain llama_decode loop (a prompt of 512 tokens, then one row a token) in processes that differ in the number of
threads and in how these wait: OpenMP's sleep at once, spin for a while before they sleep (GOMP_SPINCOUNT, libgomp's
manual), or spin on. With `--pool` also ggml's own threads at three levels of polling: FOLDER is a copy of this tree
whose runtime was built with CMAKE_ARGS=-DGGML_OPENMP=OFF. The variants run in turns; medians of tokens a second, and
processor milliseconds a token.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from iquest_lsp.runtime.llama.library import address, bindings
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.llama.stock_loop import StockLoop
from iquest_lsp.runtime.models.catalogue import embedded_path

PROMPT = 512
#: Threads, and the environment that says how they wait.
OPENMP: dict[str, tuple[int, dict[str, str]]] = {
    "1 thread": (1, {}),
    "2 threads, sleep at once": (2, {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}),
    "2 threads, spin 1000": (2, {"GOMP_SPINCOUNT": "1000"}),
    "2 threads, spin on": (2, {"OMP_WAIT_POLICY": "active"}),
}
#: Levels of polling of ggml's own two threads; None: a pool for each call, as llama.cpp makes where it is given none.
POOLS: dict[str, int | None] = {
    "ggml's 2, for each call": None,
    "ggml's 2, poll 0": 0,
    "ggml's 2, poll 50": 50,
    "ggml's 2, poll 100": 100,
}


class _PoolParams(ctypes.Structure):
    """ggml.h, struct ggml_threadpool_params."""

    _fields_ = (
        ("cpumask", ctypes.c_bool * 512),
        ("n_threads", ctypes.c_int),
        ("prio", ctypes.c_int),
        ("poll", ctypes.c_uint32),
        ("strict_cpu", ctypes.c_bool),
        ("paused", ctypes.c_bool),
    )


def _attach(loop: StockLoop, threads: int, poll: int) -> None:
    """Has the loop's calls computed by ggml's own threads."""
    folder = Path(str(bindings().__file__)).parent / "lib"
    base, cpu = (ctypes.CDLL(str(next(folder.glob(f"lib*{name}.so")))) for name in ("ggml-base", "ggml-cpu"))
    params = _PoolParams()
    base.ggml_threadpool_params_init(ctypes.byref(params), threads)
    params.poll = poll
    cpu.ggml_threadpool_new.restype = ctypes.c_void_p
    pool = ctypes.c_void_p(cpu.ggml_threadpool_new(ctypes.byref(params)))
    bindings()._lib.llama_attach_threadpool(address(loop.handle), pool, pool)


def one(path: Path, threads: int, poll: int | None, tokens: int) -> dict[str, float]:
    """Reads and writes in this process."""
    model = Model.load(path)
    loop = StockLoop(model, 1024, batch=PROMPT, threads=threads, batch_threads=threads)
    if poll is not None:
        _attach(loop, threads, poll)
    prompt = [int(token) for token in np.random.default_rng(0).integers(0, model.n_vocab, PROMPT)]
    loop.read(prompt[:32])
    found = {}
    for name, count, call in (
        ("read", PROMPT, lambda: loop.read(prompt)),
        ("write", tokens, lambda: loop.write(tokens)),
    ):
        begin, used = time.perf_counter(), time.process_time()
        call()
        found[name] = count / (time.perf_counter() - begin)
        found[f"{name}_cpu"] = 1000 * (time.process_time() - used) / count
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=embedded_path())
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.model, given.one[0], given.one[1], given.tokens)), flush=True)
        os._exit(0)  # ggml's threads may wait for ever
    here = Path(__file__).resolve().parents[1]
    variants: dict[str, tuple[Path, int, int | None, dict[str, str]]] = {
        name: (here, threads, None, told) for name, (threads, told) in OPENMP.items()
    }
    if given.pool is not None:
        variants |= {name: (given.pool.resolve(), 2, poll, {}) for name, poll in POOLS.items()}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
    for _ in range(given.rounds):
        for name, (tree, threads, poll, told) in variants.items():
            command = [sys.executable, "-m", "benchmarks.waiting", str(given.model), "--tokens", str(given.tokens)]
            command += ["--one", json.dumps([threads, poll])]
            environment = os.environ | told | {"PYTHONPATH": os.pathsep.join((str(tree), *sys.path))}
            done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=True)
            runs[name].append(json.loads(done.stdout))
    print(f"load {os.getloadavg()[0]:.1f}")
    for name, each in runs.items():
        read, reading, write, writing = (
            statistics.median(run[key] for run in each) for key in ("read", "read_cpu", "write", "write_cpu")
        )
        print(
            f"{name:26s} reads {read:7.1f} tokens/s, {reading:6.2f} processor ms a token; "
            f"writes {write:7.1f} tokens/s, {writing:6.2f} processor ms a token"
        )


if __name__ == "__main__":
    main()
