"""The planner's measurement on machines that are made up: it takes a second, and chooses what was fastest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from iquest_lsp.runtime.llama import speed_probe
from iquest_lsp.runtime.models.planner import MeasuredSpeed

Cost = Callable[[str, int, int], float]


class Clock:
    now = 0.0

    def perf_counter(self) -> float:
        return self.now


def measured(monkeypatch: pytest.MonkeyPatch, cores: int, cost: Cost) -> tuple[MeasuredSpeed, float]:
    """What is found where reading so many tokens with a KV type and a number of threads takes so long."""
    clock = Clock()

    class Probe(speed_probe.Probe):
        def __init__(self, kind: str, count: int) -> None:
            self.position, self.kind, self.count = 0, kind, count

        def read(self, count: int) -> None:
            clock.now += cost(self.kind, count, self.count)
            self.position += count

        def threads(self, count: int) -> None:
            self.count = count

    @contextlib.contextmanager
    def context(model: Any, kind: str, threads: int) -> Iterator[Probe]:
        yield Probe(kind, threads)

    monkeypatch.setattr(speed_probe, "probe_in", context)
    monkeypatch.setattr(speed_probe, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    return speed_probe.measure(SimpleNamespace(), cores), clock.now  # type: ignore[arg-type]


def test_writing_and_reading_get_the_threads_that_are_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    best = {1: {8: 3.0, 4: 1.0, 1: 2.0}, 64: {8: 1.0, 4: 2.0, 1: 7.0}}

    def cost(kind: str, count: int, threads: int) -> float:
        return best[64 if count > 8 else 1][threads] * count * 1e-4 * (2.0 if kind == "q8_0" else 1.0)

    found, took = measured(monkeypatch, 8, cost)
    assert (found.threads, found.batch_threads) == (4, 8)
    assert found.token_ms == pytest.approx(0.1)
    assert found.prefill == pytest.approx({"f16": 1e4, "q8_0": 5e3})
    assert took <= speed_probe.LIMIT_S + 0.1


def test_threads_that_only_wait_for_others_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = measured(monkeypatch, 2, lambda kind, count, threads: 1e-4 * count * threads**2)
    assert (found.threads, found.batch_threads) == (1, 1)


def test_a_slow_model_is_measured_as_far_as_a_second_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    found, took = measured(monkeypatch, 2, lambda kind, count, threads: 0.45 * count / threads)
    assert took <= speed_probe.LIMIT_S + 0.45 * speed_probe.READ
    assert found.threads == 2
    assert found.batch_threads == 2
    assert found.prefill["f16"] > 0  # a plan without a speed would promise what this model cannot keep
