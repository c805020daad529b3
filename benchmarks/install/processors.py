"""The runtime on processors of other generations: which library is taken, and whether the logits are the same.

    python -m benchmarks.install.processors [--python VENV/bin/python] [--processor Haswell]

Each generation is emulated by qemu-user (Debian: apt-get install qemu-user), which runs the same program and the same
models as natively. The logits of all positions of a prompt are compared with those of this machine's own library, as a
share of the largest logit, and the next tokens that greedy decoding takes from them. Two models: a random one of two
passes with linear biases and hard gates in F32 with an F32 cache, whose logits must be equal to 1e-5; and the embedded
one in Q8_0, whose activations are rounded to 8 bits before each product, so that the last bit of a sum becomes a step
of 1/127: there the tokens must be equal. qemu 7.2 emulates AVX2 and no AVX-512: a Skylake-X without it.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.models.catalogue import embedded_path
from quantize.random_model import Recipe, write

Logits = NDArray[np.float32]
#: Names of `qemu-x86_64 -cpu help`.
PROCESSORS = ("Nehalem", "SandyBridge", "Haswell", "Skylake-Server", "Icelake-Server", "EPYC")
PROMPT = "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return "
MOST_DIFFERENCE = 1e-5
#: Runs in the emulated process: a model file, a prompt ("" for token ids), the cache's type, and where the logits go.
EVALUATE = """
import sys
import numpy as np
from iquest_lsp.runtime.llama import library
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model
model = Model.load(sys.argv[1])
tokens = model.tokenize(sys.argv[2]) if sys.argv[2] else [(7 * at * at + at) % 256 for at in range(96)]
context = Context(model, 512, n_threads=1, type_k=sys.argv[3], type_v=sys.argv[3])
context.decode(tokens, list(range(len(tokens))), 0, "all")
np.save(sys.argv[4], np.stack([context.logits(at) for at in range(len(tokens))]))
print(library.cpu_library())
"""


def main() -> int:
    """Prints a row for each processor; returns 1 where one differs by more than rounding."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="where iquest_lsp is installed")
    parser.add_argument("--processor", action="append", choices=PROCESSORS, help="only these")
    options = parser.parse_args()
    names = options.processor or PROCESSORS
    emulator = shutil.which("qemu-x86_64")
    if emulator is None:
        print("qemu-x86_64 is not installed (Debian: apt-get install qemu-user)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="iquest-processors-") as folder:
        exact = write(Path(folder) / "random.gguf", Recipe(max_alibi_bias=8.0, window=16, n_embd=128, n_ff=256))
        bad = _table(names, emulator, options.python, exact, "", "f32", MOST_DIFFERENCE)
        bad += _table(names, emulator, options.python, embedded_path(), PROMPT, "f16", None)
    return bool(bad)


def _table(
    names: Sequence[str], emulator: str, python: Path, model: Path, prompt: str, kind: str, limit: float | None
) -> int:
    """Prints a row for each processor; returns how many differ by more than `limit`, or in a token."""
    own, taken, _ = _logits([], python, model, prompt, kind)
    largest = float(np.abs(own).max())
    print(
        f"{model.name}, {kind} cache, {len(own)} positions, logits up to {largest:.1f}; {platform.machine()}: {taken}"
    )
    print(f"  {'processor':16} {'library':26} {'largest difference':>18} {'greedy tokens':>14} {'seconds':>8}")
    bad = 0
    for name in names:
        logits, taken, seconds = _logits([emulator, "-cpu", name], python, model, prompt, kind)
        difference = float(np.abs(logits - own).max()) / largest
        same = int((logits.argmax(1) == own.argmax(1)).sum())
        bad += same < len(own) if limit is None else difference > limit
        print(f"  {name:16} {taken:26} {difference:18.1e} {same:6} of {len(own):4} {seconds:8.1f}")
    return bad


def _logits(emulation: list[str], python: Path, model: Path, prompt: str, kind: str) -> tuple[Logits, str, float]:
    """The logits [position, token], the library that was taken, and how long it took."""
    started = time.monotonic()
    program = python.resolve() if emulation else python
    with tempfile.TemporaryDirectory(prefix="iquest-logits-") as folder:
        target = Path(folder) / "logits.npy"
        command = [*emulation, str(program), "-P", "-c", EVALUATE, str(model), prompt, kind, str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_path_of(python))
        if done.returncode != 0:
            how = " ".join(emulation) or "natively"
            raise SystemExit(f"{how}: exit code {done.returncode}\n{done.stderr[-2000:]}")
        return np.load(target), done.stdout.strip(), time.monotonic() - started


def _path_of(python: Path) -> dict[str, str]:
    """An environment in which the interpreter behind a virtual environment's link finds that environment's packages."""
    command = [str(python), "-c", "import sys; print(':'.join(p for p in sys.path if p))"]
    path = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.strip()
    root = str(Path(__file__).resolve().parents[2])
    return {"PYTHONPATH": f"{root}:{path}" if python == Path(sys.executable) else path, "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    sys.exit(main())
