"""Peak memory of a conversion, and one that is killed halfway: a checkpoint of the true shapes of LoopCoder-V2 7B.

    python -m benchmarks.convert_memory FOLDER [--layers 7] [--type q8_0]

The checkpoint's files are sparse (their data are zeros that take no room on the disk, and are read like any others);
7 layers are 8.4 GB. The model file is written in full. Promise: at most 1 GB plus the largest tensor.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.unit.quantize import checkpoints

WIDE, INNER, WORDS, HEADS, KEPT = 5120, 27648, 76800, 40, 1024
SHARDS = 4


def checkpoint(folder: Path, layers: int) -> int:
    """Writes it; returns the bytes of its tensors."""
    folder.mkdir(parents=True)
    checkpoints.write_sentencepiece(folder)
    settings = checkpoints.config(
        "IQuestPLTCoderForCausalLM",
        WORDS,
        hidden_size=WIDE,
        intermediate_size=INNER,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=131_072,
        plt_window_size=[64, 0],
        eos_token_id=2,
    )
    (folder / "config.json").write_text(json.dumps(settings))
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (WORDS, WIDE)}
    for layer in range(layers):
        block = {
            "input_layernorm": (WIDE,),
            "self_attn.q_proj": (WIDE, WIDE),
            "self_attn.k_proj": (KEPT, WIDE),
            "self_attn.v_proj": (KEPT, WIDE),
            "self_attn.o_proj": (WIDE, WIDE),
            "post_attention_layernorm": (WIDE,),
            "mlp.gate_proj": (INNER, WIDE),
            "mlp.up_proj": (INNER, WIDE),
            "mlp.down_proj": (WIDE, INNER),
            "self_attn.plt_gate": (HEADS, WIDE),
            "self_attn.plt_gate.gate_norm": (WIDE,),
        }
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in block.items()}
        shapes[f"model.layers.{layer}.self_attn.plt_gate.bias"] = (HEADS,)
    shapes |= {"model.norm.weight": (WIDE,), "lm_head.weight": (WORDS, WIDE)}
    index: dict[str, str] = {}
    names, total = list(shapes), 0
    for shard in range(SHARDS):
        header, offset = {}, 0
        for name in names[shard::SHARDS]:
            size = 2 * int(np.prod(shapes[name]))
            header[name] = {"dtype": "BF16", "shape": shapes[name], "data_offsets": [offset, offset + size]}
            offset += size
        file = folder / f"model-{shard + 1:05d}-of-{SHARDS:05d}.safetensors"
        head = json.dumps(header).encode()
        with file.open("wb") as stream:
            stream.write(struct.pack("<Q", len(head)) + head)
            stream.truncate(8 + len(head) + offset)
        index |= dict.fromkeys(header, file.name)
        total += offset
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=7)
    parser.add_argument("--type", default="q8_0")
    options = parser.parse_args()
    source, out = options.folder / "checkpoint", options.folder / "out.gguf"
    shutil.rmtree(source, ignore_errors=True)
    size = checkpoint(source, options.layers)
    command = [
        sys.executable,
        "-m",
        "quantize",
        "convert",
        str(source),
        str(out),
        "--type",
        options.type,
        "--overwrite",
    ]
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    note = out.with_name(out.name + ".part.json")
    part = out.with_name(out.name + ".part")
    while first.poll() is None and not (note.exists() and part.stat().st_size > size // 8):
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    begin = time.monotonic()
    last = subprocess.run(command, check=True, capture_output=True, text=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of both: the larger peak
    largest = 2 * WORDS * WIDE
    print(last.stderr.strip().splitlines()[-1])
    print(
        f"checkpoint {size / 1e9:.2f} GB, file {out.stat().st_size / 1e9:.2f} GB, peak {used.ru_maxrss / 1024:.0f} MB "
        f"(allowed {(2**30 + largest) / 2**20:.0f}), {used.ru_utime + used.ru_stime:.0f} s of processor time, "
        f"{time.monotonic() - begin:.0f} s after the kill"
    )
    shutil.rmtree(source)
    out.unlink()


if __name__ == "__main__":
    main()
