"""Measurements of models on this machine, remembered on disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from iquest_lsp.runtime.models import speed_cache
from iquest_lsp.runtime.models.planner import MeasuredSpeed
from iquest_lsp.runtime.models.speed_cache import BUSY_VALID_S, VALID_S, known_speed, remembered, speed_key

SPEED = MeasuredSpeed({"f16": 100.0}, 5.0, 1.0, 4, 4)


class Clock:
    """The time, and how often something was measured."""

    def __init__(self) -> None:
        self.now, self.measured, self.busy = 1_000_000.0, 0, False

    def measure(self) -> MeasuredSpeed:
        self.measured += 1
        return SPEED


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "time", lambda: made.now)
    monkeypatch.setattr(speed_cache, "is_busy", lambda: made.busy)
    return made


@pytest.mark.parametrize(("busy", "valid"), [(False, VALID_S), (True, BUSY_VALID_S)])
def test_a_measurement_holds_for_a_while(tmp_path: Path, clock: Clock, busy: bool, valid: float) -> None:
    path = tmp_path / "speeds.json"
    clock.busy = busy
    assert known_speed(path, "a") is None
    assert remembered(path, "a", clock.measure) == SPEED
    clock.now += valid - 1
    assert remembered(path, "a", clock.measure) == SPEED
    assert clock.measured == 1
    clock.now += 2
    remembered(path, "a", clock.measure)
    assert clock.measured == 2


def test_each_model_has_its_own(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "speeds.json"
    remembered(path, "a", clock.measure)
    remembered(path, "b", clock.measure)
    assert clock.measured == 2
    assert speed_key("a", "1") != speed_key("b", "1") != speed_key("a", "2")


def test_where_nothing_was_measured_nothing_is_remembered(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "speeds.json"
    nothing = MeasuredSpeed({}, 0.0, 0.0, 1, 1)
    assert remembered(path, "a", lambda: nothing) == nothing
    assert known_speed(path, "a") is None
    assert clock.measured == 0


@pytest.mark.parametrize(
    "text", ["{", '{"a": {}}', '{"a": {"prefill": [], "token_ms": 1}}', '{"a": {"prefill": {}, "token_ms": "x"}}']
)
def test_a_damaged_file_costs_a_measurement(tmp_path: Path, clock: Clock, text: str) -> None:
    path = tmp_path / "speeds.json"
    path.write_text(text)
    assert remembered(path, "a", clock.measure) == SPEED
    assert clock.measured == 1
