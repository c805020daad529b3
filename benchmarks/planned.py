"""What the planner gives the published models on some machines: benchmarks/results/planned.json.

    python -m benchmarks.planned

Nothing is measured: a machine is what it reads and multiplies in a second, and the memory that is free on it; what a
model would be measured to do there follows from that. The plans are the planner's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import Header
from iquest_lsp.runtime.models.planner import ANSWER_TOKENS, MeasuredSpeed, Wishes, kv_bytes, plan
from quantize.synth import GEOMETRIES, header_of

RESULT = Path(__file__).parent / "results" / "planned.json"
MODELS = {"LoopCoder-V2 7B (PLT)": "7b-plt", "7B": "7b", "14B": "14b", "40B-Loop": "40b-loop"}
#: Passes whose weights a token waits for: those of the Parallel Loop Transformer share one reading.
READINGS = {"40b-loop": 2}


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes that are free, products and bytes in a second."""

    name: str
    memory: float
    products: float
    bytes: float
    is_gpu: bool = False


MACHINES = (
    Machine("laptop, 16 GB", 12e9, 0.3e12, 60e9),
    Machine("laptop, 32 GB", 27e9, 0.3e12, 60e9),
    Machine("GPU, 24 GB", 23e9, 30e12, 900e9, is_gpu=True),
    Machine("GPU, 80 GB", 78e9, 150e12, 2000e9, is_gpu=True),
)


def speed_of(header: Header, machine: Machine, readings: int) -> MeasuredSpeed:
    """What would be measured there; reading a prompt is bound by products, writing by memory."""
    rate = machine.products / header.parameters
    token_ms = 1000 * readings * header.file_size / machine.bytes
    depth_ms = 1000 * kv_bytes(header, 1000, "f16") / machine.bytes
    return MeasuredSpeed({"f16": rate}, token_ms, depth_ms)


def row(model: str, machine: Machine) -> list[str]:
    """One line of the table."""
    header = header_of(GEOMETRIES[MODELS[model]])
    speed = speed_of(header, machine, READINGS.get(MODELS[model], 1))
    wishes = Wishes(threads=8, gpu_layers=99 if machine.is_gpu else 0)
    made = plan(wishes, header, speed, int(machine.memory))
    memory = footprint(header, made.context_tokens, made.kv_type, batch=made.batch, sequences=made.sequences)
    if memory.total > machine.memory:
        return [model, machine.name, "does not fit", "", "", f"{memory.total / 1e9:.1f} GB", "", ""]
    read = made.window / max(speed.prefill.values())
    return [
        model,
        machine.name,
        f"{made.window:,}",
        str(made.batch),
        made.kv_type,
        f"{memory.total / 1e9:.1f} GB",
        f"{read:.1f} s" if read < 100 else f"{read:.0f} s",
        f"{1000 * read / made.window + ANSWER_TOKENS * speed.token_ms:,.0f} ms",
    ]


def topic() -> dict[str, Any]:
    """The table and what it says of itself, as benchmarks/page.py reads it."""
    return {
        "title": "What the planner would choose",
        "order": 10,
        "about": "Computed by the planner for machines that are described by three numbers; nothing here was measured. "
        "What it counts of memory is held against what llama.cpp says that it would allocate "
        "(tests/port/test_dry_load.py).",
        "tables": [
            {
                "caption": "Q4_K_M files; window, batch and KV type, memory, and the time to a first answer",
                "machine": {"processor": "imagined machine", "cores": 8, "gpu": None, "load": "none"},
                "date": "2026-11-30",
                "command": "python -m benchmarks.planned",
                "columns": [
                    "model",
                    "machine",
                    "window",
                    "batch",
                    "KV type",
                    "memory",
                    "window read cold",
                    f"answer of {ANSWER_TOKENS} tokens, warm",
                ],
                "rows": [row(model, machine) for model in MODELS for machine in MACHINES],
                "notes": [
                    "Assumed: " + "; ".join(_said(machine) for machine in MACHINES) + ". A token waits for the weights "
                    "once, in the 40B-Loop twice; a prompt's second pass is short. Drafts are not counted."
                ],
            }
        ],
    }


def _said(machine: Machine) -> str:
    return (
        f"{machine.name}: {machine.memory / 1e9:.0f} GB free, {machine.products / 1e12:g} trillion products and "
        f"{machine.bytes / 1e9:,.0f} GB a second"
    )


def main() -> None:
    RESULT.write_text(json.dumps(topic(), indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
