"""What an unpatched llama.cpp's own tool makes of models of stock architecture: recorded, so that every run compares.

    python -m tests.port.stock_quantizer LLAMA_QUANTIZE      records anew, with the tool of the pinned llama.cpp

ggml quantizes in plain C that is compiled for the least processor of an architecture, so the bytes are those of every
x86-64 machine; elsewhere the compiler fuses other multiplications and additions.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

from iquest_lsp.runtime.models.gguf_header import read_header
from quantize.importance import Importance
from quantize.random_model import Recipe, write

RECORD = Path(__file__).with_suffix(".json")
KINDS = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS")
_STOCK = {"passes": 1, "community": True, "vocab": "bytes", "n_vocab": 320}
#: Shapes that llama.cpp's mixes tell apart: 80 layers that share keys, rows that do not divide into blocks of 256, a
#: tied output, and the 7B's proportions.
SHAPES = {
    "80 layers": Recipe(n_layer=80, n_embd=256, n_head=16, n_head_kv=2, n_ff=256, **_STOCK),  # type: ignore[arg-type]
    "odd rows": Recipe(n_layer=3, n_embd=320, n_head=10, n_head_kv=2, n_ff=576, **_STOCK),  # type: ignore[arg-type]
    "tied": Recipe(n_layer=8, n_embd=256, n_head=4, n_head_kv=4, n_ff=512, tied=True, **_STOCK),  # type: ignore[arg-type]
    "7B": Recipe(n_layer=14, n_embd=256, n_head=4, n_head_kv=1, head_dim=64, n_ff=768, **_STOCK),  # type: ignore[arg-type]
}
#: Where not all types are tried: what is special about 80 layers shows in one mix.
ONLY = {"80 layers": ("Q4_K_M",)}


def source(path: Path, name: str) -> Path:
    """The model in F32: a plain `llama` file."""
    return write(path, SHAPES[name], leave_out=("loop.num", "loop.window_size"))


def matrix(path: Path, model: Path) -> Path:
    """An importance matrix for it."""
    draw = np.random.default_rng(0)
    sums = {
        tensor.name: draw.gamma(0.5, 2.0, tensor.shape[0]).astype(np.float32)
        for tensor in read_header(model).tensors
        if len(tensor.shape) == 2 and tensor.name.startswith("blk.") and ".loop_gate" not in tensor.name
    }
    Importance(sums, dict.fromkeys(sums, 64.0), ("some text",), 2, 32).write(path)
    return path


def digest(path: Path) -> str:
    """Names, types and data of all tensors."""
    found = hashlib.sha256()
    for tensor in gguf.GGUFReader(path).tensors:
        found.update(f"{tensor.name} {tensor.tensor_type.name} {list(tensor.shape)}\n".encode())
        found.update(np.ascontiguousarray(tensor.data).tobytes())
    return found.hexdigest()


def run(tool: str, model: Path, out: Path, kind: str, importance: Path | None) -> None:
    """Runs the tool; what it complains of is in the error."""
    extra = ["--imatrix", str(importance)] if importance else []
    done = subprocess.run([tool, *extra, str(model), str(out), kind], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]


def main() -> None:
    record: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in SHAPES:
            model = source(folder / "source.gguf", name)
            importance = matrix(folder / "matrix.gguf", model)
            record[name] = {"source": digest(model)}
            for kind in ONLY.get(name, KINDS):
                for label, chosen in ((kind, None), (f"{kind} imatrix", importance)):
                    run(sys.argv[1], model, folder / "out.gguf", kind, chosen)
                    record[name][label] = digest(folder / "out.gguf")
    RECORD.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
