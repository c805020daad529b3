"""The runtime on a 64-bit ARM processor: the logits beside those of this machine, under qemu-user.

    python -m benchmarks.install.arm

Builds the runtime with Debian's cross compiler (apt-get install g++-aarch64-linux-gnu qemu-user) for an ARMv8.2 with
dot products, and a small program that prints logits (logits.cpp). Each model is evaluated at once, as verified drafts
and one token a call, and compared with this machine's logits, as a share of the largest. Random Loop models, one with
linear biases and one of the parallel kind, are in F32 with an F32 cache: their logits must be equal to 1e-5 (the second
without flash attention: llama.cpp's own differs by 1e-3 with the rows of a call, on either processor). The embedded one
is in Q8_0: its greedy tokens must be equal unless the best two lie closer than rounding moves them. An emulator's times
say nothing, so none is told.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.install.processors import MOST_DIFFERENCE, PROMPT
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.port import build
from quantize.random_model import Recipe, write

TARGET = "aarch64-linux-gnu"
CMAKE_ARGS = (
    f"-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_C_COMPILER={TARGET}-gcc "
    f"-DCMAKE_CXX_COMPILER={TARGET}-g++ -DGGML_NATIVE=OFF -DGGML_CPU_ARM_ARCH=armv8.2-a+dotprod"
)
TOKENS = [(7 * at * at + at) % 256 for at in range(96)]
#: Rows a call: all at once, a verified draft, and one token.
BATCHES = (96, 8, 1)


def program(folder: Path) -> Path:
    """The runtime's libraries for ARM and the program beside them, in `folder`."""
    os.environ["CMAKE_ARGS"] = CMAKE_ARGS
    runtime = build.ensure_runtime("native", lambda line: print(line, file=sys.stderr, flush=True))
    made = folder / "arm"
    shutil.copytree(runtime / "lib", made)
    tree = build.patched_tree(build.distribution(build.cache_folder(), lambda line: None), folder, lambda line: None)
    source = tree / "vendor" / "llama.cpp"
    libraries = [f"-liquest-{name}" for name in ("llama", "ggml", "ggml-base")]
    command = [f"{TARGET}-g++", "-O1", "-std=c++17", f"-I{source}/include", f"-I{source}/ggml/include"]
    command += [str(Path(__file__).with_name("logits.cpp")), "-o", str(made / "logits"), f"-L{made}", *libraries]
    subprocess.run([*command, "-Wl,-rpath,$ORIGIN"], check=True)
    return made / "logits"


def emulated(
    binary: Path, model: Path, kind: str, flash: bool, batch: int, tokens: Sequence[int]
) -> NDArray[np.float32]:
    """The logits [position, token] that the program finds under emulation."""
    target = binary.parent / "logits.bin"
    command = ["qemu-aarch64", "-L", f"/usr/{TARGET}", str(binary), str(model), kind]
    command += [str(int(flash)), str(batch), str(target)]
    done = subprocess.run([*command, *map(str, tokens)], cwd=binary.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"exit code {done.returncode}\n{done.stderr[-2000:]}")
    return np.fromfile(target, np.float32).reshape(len(tokens), -1)


def main() -> int:
    """Prints a row for each model and number of rows; returns 1 where one differs by more than rounding."""
    bad = 0
    with tempfile.TemporaryDirectory(prefix="iquest-arm-") as scratch:
        folder = Path(scratch)
        binary = program(folder)
        alibi = write(folder / "alibi.gguf", Recipe(max_alibi_bias=8.0, window=16, n_embd=128, n_ff=256))
        parallel = write(folder / "parallel.gguf", Recipe(window=16, n_embd=128, n_ff=256, parallel=True))
        for path, kind, flash in ((alibi, "f32", True), (parallel, "f32", False), (embedded_path(), "f16", True)):
            exact = kind == "f32"
            model = Model.load(path)
            tokens = TOKENS if exact else model.tokenize(PROMPT)
            context = Context(model, 512, n_threads=1, type_k=kind, type_v=kind, flash_attn=flash)
            context.decode(tokens, list(range(len(tokens))), 0, "all")
            own = np.stack([context.logits(at) for at in range(len(tokens))])
            context.close()
            model.close()
            for batch in BATCHES:
                found = emulated(binary, path, kind, flash, batch, tokens)
                moved = np.abs(found - own).max(1)
                difference = float(moved.max() / np.abs(own).max())
                best = np.sort(own, 1)[:, ::-1]
                is_same = found.argmax(1) == own.argmax(1)
                is_close = best[:, 0] - best[:, 1] < 2 * moved
                bad += difference > MOST_DIFFERENCE if exact else not (is_same | is_close).all()
                close = int((~is_same & is_close).sum())
                told = f"{difference:.1e}, tokens {is_same.sum()} of {len(own)}, {close} more too close to call"
                print(f"{path.name:14} {kind} {batch:3} rows a call: {told}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
