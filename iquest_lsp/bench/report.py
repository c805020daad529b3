"""What a benchmark reports, and how its cases are timed: in turns, so that other work disturbs all of them alike."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iquest_lsp.runtime.models.planner import available_memory, cores

#: Called with the number of steps done and their total.
BenchProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed run: wall-clock seconds, and seconds that the processor worked for this process."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """One case at one size; `tokens` is what one run of it covers, `note` says what else one must know."""

    case: str
    tokens: int
    samples: tuple[Sample, ...]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        walls = sorted(sample.seconds for sample in self.samples)
        median = statistics.median(walls)
        return {
            "case": self.case,
            "tokens": self.tokens,
            "seconds": round(median, 6),
            "cpu_seconds": round(statistics.median(sample.cpu_seconds for sample in self.samples), 6),
            "tokens_per_second": round(self.tokens / median, 2) if median > 0 else None,
            "p50_ms": round(median * 1000, 3),
            "p95_ms": round(percentile(walls, 0.95) * 1000, 3),
            "p99_ms": round(percentile(walls, 0.99) * 1000, 3),
            "runs": len(walls),
            "note": self.note,
        }


@dataclass(slots=True)
class Report:
    """A benchmark's result: what it ran on, with which model, and its rows."""

    name: str
    model: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "benchmark": self.name,
            "machine": machine(),
            "model": self.model,
            "rows": [row.to_json() for row in self.rows],
            "notes": self.notes,
            **({"counts": self.counts} if self.counts else {}),
        }


def timed(call: Callable[[], object]) -> Sample:
    """Runs a call once and times it; processor time counts all threads of this process."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Sample(time.perf_counter() - wall, time.process_time() - cpu)


def interleaved(
    cases: Mapping[str, Callable[[], Sample]], repeats: int, progress: BenchProgress | None = None
) -> dict[str, tuple[Sample, ...]]:
    """Runs every case once, then every case again, and so on; each case times itself."""
    samples: dict[str, list[Sample]] = {name: [] for name in cases}
    for turn in range(repeats):
        for number, (name, run) in enumerate(cases.items()):
            samples[name].append(run())
            if progress is not None:
                progress(turn * len(cases) + number + 1, repeats * len(cases))
    return {name: tuple(found) for name, found in samples.items()}


def compared(samples: Sequence[Sample], stock: Sequence[Sample]) -> str:
    """How fast a case was against stock in the same turn: the median turn, and the slowest and the fastest."""
    turns = list(zip(samples, stock, strict=True))
    work = [theirs.cpu_seconds / max(ours.cpu_seconds, 1e-9) for ours, theirs in turns]
    clock = statistics.median(theirs.seconds / max(ours.seconds, 1e-9) for ours, theirs in turns)
    spread = f"{min(work):.3f} to {max(work):.3f}"
    return f"{statistics.median(work):.3f} times stock by processor time ({spread}), {clock:.3f} by the clock"


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values."""
    rank = max(-(-len(values) * share // 1), 1)
    return values[min(int(rank), len(values)) - 1]


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    memory = available_memory()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": cores(),
        "available_bytes": memory,
        "load": None if load is None else round(load, 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
