"""What is read at work makes the next plan: a first measurement that was far off costs one session, not a week."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.datatypes import ModelInfo
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.kv import prefill
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.planner import LEAST_WINDOW, MeasuredSpeed

#: As of a machine on which even the least window takes longer than a window may.
SLOW = MeasuredSpeed({"f16": 8.0, "q8_0": 7.0}, 2.0, 0.0, 1, 1)
#: Tokens that tell enough here.
ENOUGH = 256


@pytest.fixture(autouse=True)
def _measured_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "speeds_file", lambda: tmp_path / "speeds.json")
    monkeypatch.setattr(loading, "measure", lambda *_, **__: SLOW)
    monkeypatch.setattr(prefill, "ENOUGH_TOKENS", ENOUGH)


def session(tokens: int, threads: int = 0) -> ModelInfo:
    """An engine that warms a window of so many tokens; how it was planned."""
    engine = LlamaBackend(EngineOptions(model_path=str(embedded_path()), plan=True, threads=threads))
    info = engine.load(lambda share: None)
    window = np.random.default_rng(0).integers(300, 4000, tokens).tolist()
    while tokens and engine.warm(window, 0, 50.0, lambda: False).remaining:
        pass
    engine.close()
    return info


def test_a_model_that_reads_faster_than_was_measured_gets_a_larger_window_at_the_next_start() -> None:
    first = session(900)
    assert (first.window, first.read_rate) == (LEAST_WINDOW, SLOW.prefill["f16"])
    second = session(0)
    assert second.window > first.window
    assert second.read_rate > 2 * first.read_rate


@pytest.mark.parametrize(("tokens", "threads"), [(ENOUGH // 2, 0), (900, 1)])
def test_little_reading_tells_nothing_nor_does_reading_with_as_many_threads_as_were_set(
    tokens: int, threads: int, tmp_path: Path
) -> None:
    session(tokens, threads)
    assert "at work" not in (tmp_path / "speeds.json").read_text()


def test_a_lower_rate_counts_where_the_processors_were_the_model_s_alone(tmp_path: Path) -> None:
    for processor_s, threads, kept in ((1.0, 2, False), (4.0, 4, False), (3.5, 1, True), (0.1, 0, True)):
        key = f"{processor_s} {threads}"
        loading.remembered(loading.speeds_file(), key, lambda: MeasuredSpeed({"f16": 1000.0}, 2.0))
        loading.refine_speed(key, "f16", 1000, 4.0, processor_s, threads)
        assert (f"{key} at work" in (tmp_path / "speeds.json").read_text()) is kept
