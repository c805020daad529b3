"""Loads a large model in the engine, answers, and compares the memory it took with the forecast (Linux).

python -m quantize synth 7b.gguf && python -m benchmarks.synthetic 7b.gguf [--context 8192]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.token_ids import TokenIds


async def run(path: Path, context: int, kv_type: str, prompt: int, tokens: int) -> dict[str, Any]:
    """Bytes by kind, and how long loading and answering took."""
    header = read_header(path)
    forecast = footprint(header, context, kv_type)
    engine = ProcessEngine(EngineOptions(model_path=str(path), context_tokens=context, kv_type=kv_type))
    try:
        begin = time.perf_counter()
        await engine.start()
        loaded = time.perf_counter()
        assert engine.pid is not None
        before = resident(engine.pid)
        ids = tuple(range(1, prompt + 1))
        answer = await engine.complete(Prompt(TokenIds(ids)), Limits(max_tokens=tokens, deadline_ms=3_600_000))
        answered = time.perf_counter()
        memory = resident(engine.pid)
        metrics = await engine.metrics()
    finally:
        await engine.close()
    parts = {"weights": forecast.weights, "kv": forecast.kv, "other": forecast.other, "total": forecast.total}
    return {
        "file_bytes": header.file_size,
        "forecast": parts,
        "after_loading": before,
        "at_work": memory | {"engine_says": metrics.memory_bytes},
        "ratio": memory["VmRSS"] / forecast.total,
        "peak_ratio": memory["VmHWM"] / forecast.total,
        "load_s": loaded - begin,
        "answer_s": answered - loaded,
        "tokens": {"prefilled": answer.counts.prefilled, "generated": answer.counts.generated},
    }


def resident(pid: int) -> dict[str, int]:
    """Bytes in memory: all, of its own, of mapped files, and the most that there ever were."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    wanted = ("Rss", "VmRSS", "VmHWM")
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted)}


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--kv-type", default="f16")
    parser.add_argument("--prompt", type=int, default=600)
    parser.add_argument("--tokens", type=int, default=4)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(run(given.model, given.context, given.kv_type, given.prompt, given.tokens)), indent=2))


if __name__ == "__main__":
    main()
