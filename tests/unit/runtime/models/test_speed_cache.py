"""Measurements of models on this machine, remembered on disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from iquest_lsp.runtime.base.newest_entries import NewestEntries
from iquest_lsp.runtime.models import speed_cache
from iquest_lsp.runtime.models.planner import MeasuredSpeed
from iquest_lsp.runtime.models.speed_cache import BUSY_VALID_S, VALID_S, known_speed, refine, remembered, speed_key

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


def rates_after(path: Path, clock: Clock, *read: tuple[str, float, bool]) -> dict[str, float]:
    """What the next plan knows, with so many tokens a second read at work, alone or beside others."""
    remembered(path, "a", lambda: MeasuredSpeed({"f16": 100.0, "q8_0": 120.0}, 5.0, 1.0, 4, 4))
    for kind, rate, is_alone in read:
        refine(path, "a", kind, rate, is_alone=is_alone)
    found = remembered(path, "a", clock.measure)
    assert known_speed(path, "a") == found
    assert (found.token_ms, found.depth_ms, found.threads) == (5.0, 1.0, 4)
    return found.prefill


@pytest.mark.parametrize(
    ("read", "rates"),
    [
        ([("f16", 50.0, True)], {"f16": 50.0, "q8_0": 60.0}),  # the types are to each other as they were measured
        ([("q8_0", 240.0, False)], {"f16": 200.0, "q8_0": 240.0}),
        ([("f16", 50.0, False)], {"f16": 100.0, "q8_0": 120.0}),  # beside others that says nothing
        ([("f16", 93.0, True)], {"f16": 100.0, "q8_0": 120.0}),  # the same
        ([("f16", 50.0, True), ("f16", 80.0, True), ("f16", 20.0, False)], {"f16": 80.0, "q8_0": 96.0}),
        ([("q4_0", 70.0, True)], {"f16": 100.0, "q8_0": 120.0, "q4_0": 70.0}),
        ([("f16", 0.0, True)], {"f16": 100.0, "q8_0": 120.0}),
    ],
)
def test_what_is_read_at_work_counts_before_what_was_measured(
    tmp_path: Path, clock: Clock, read: list[tuple[str, float, bool]], rates: dict[str, float]
) -> None:
    assert rates_after(tmp_path / "speeds.json", clock, *read) == pytest.approx(rates)


def test_work_of_long_ago_counts_no_more_and_none_is_kept_of_what_was_not_measured(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "speeds.json"
    refine(path, "a", "f16", 50.0, is_alone=True)
    assert not path.exists()
    remembered(path, "a", clock.measure)
    refine(path, "a", "f16", 50.0, is_alone=True)
    clock.now += VALID_S + 1
    assert remembered(path, "a", clock.measure) == SPEED
    refine(path, "a", "f16", 50.0, is_alone=True)
    clock.now += VALID_S - 1  # a measurement made anew takes nothing from it
    assert remembered(path, "a", clock.measure).prefill == {"f16": 50.0}


def test_work_that_is_kept_damaged_counts_nothing(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "speeds.json"
    remembered(path, "a", clock.measure)
    for broken in (
        {},
        {"kv_type": "f16", "rate": "x"},
        {"kv_type": "f16", "rate": -1.0},
        {"rate": None, "kv_type": []},
    ):
        NewestEntries(path).put("a at work", broken)
        assert known_speed(path, "a") == SPEED
