"""Battery and foreign load, read from a system made of files."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from iquest_lsp.runtime.client import machine as module
from iquest_lsp.runtime.client.machine import LOOK_EVERY_S, Calm, Machine, calm_of
from tests.unit.runtime.other_systems import (
    Battery,
    Mac,
    MacTimes,
    OwnTimes,
    WindowsTimes,
)


def supply(power: Path, name: str, **fields: str) -> None:
    (power / name).mkdir(parents=True)
    for field, value in fields.items():
        (power / name / field).write_text(value + "\n")


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, False),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}}, True),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}, "AC": {"type": "Mains", "online": "0"}}, True),
        ({"BAT0": {"type": "Battery", "status": "Discharging"}, "AC": {"type": "Mains", "online": "1"}}, False),
        ({"BAT0": {"type": "Battery", "status": "Full"}}, False),
        ({"mouse": {"type": "Battery", "status": "Discharging", "scope": "Device"}}, False),
    ],
)
def test_battery(tmp_path: Path, supplies: dict[str, dict[str, str]], expected: bool) -> None:
    for name, fields in supplies.items():
        supply(tmp_path, name, **fields)
    machine = Machine(power=tmp_path, proc=tmp_path)
    assert machine.on_battery() is expected
    assert calm_of(machine, battery_saver=True) is (Calm.SAVING if expected else Calm.FREE)
    assert calm_of(machine, battery_saver=False) is Calm.FREE


class Proc:
    """The processors' and one process's ticks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        (folder / "7").mkdir()
        self.tick(busy=0, idle=0, own=0)

    def tick(self, busy: int, idle: int, own: int) -> None:
        (self.folder / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1\n")
        (self.folder / "7" / "stat").write_text(f"7 (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 {own} 0 0 0 20 0\n")
        self.now += LOOK_EVERY_S


def test_our_own_work_makes_no_machine_busy(tmp_path: Path) -> None:
    proc = Proc(tmp_path)
    machine = Machine(lambda: [7], power=tmp_path / "none", proc=tmp_path, clock=lambda: proc.now)
    assert not machine.is_busy()
    proc.tick(busy=190, idle=10, own=180)
    assert not machine.is_busy()
    proc.tick(busy=380, idle=20, own=190)
    assert machine.is_busy()
    assert calm_of(machine, battery_saver=True) is Calm.BUSY
    proc.tick(busy=400, idle=200, own=190)
    assert not machine.is_busy()


def test_a_system_that_does_not_say_is_idle(tmp_path: Path) -> None:
    machine = Machine(power=tmp_path / "none", proc=tmp_path)
    assert not machine.is_busy()
    assert not machine.on_battery()


def test_another_system_is_read_by_psutil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = tmp_path / "none"
    monkeypatch.setattr(module, "PROC", absent)
    monkeypatch.setattr(module, "POWER", absent)
    batteries = [SimpleNamespace(power_plugged=plugged) for plugged in (False, True, None)] + [None]
    now = [0.0]
    made = Machine(lambda: [7, 8], power=absent, proc=absent, clock=lambda: now[0])
    for battery, expected in zip(batteries, (True, False, False, False), strict=True):
        monkeypatch.setattr(psutil, "sensors_battery", lambda battery=battery: battery, raising=False)
        assert made.on_battery() is expected

    times = namedtuple("times", ("user", "idle"))
    own = [0.0]

    class Process:
        def __init__(self, pid: int) -> None:
            if pid == 8:
                raise psutil.NoSuchProcess(pid)

        def cpu_times(self) -> SimpleNamespace:
            return SimpleNamespace(user=own[0], system=0.0)

    monkeypatch.setattr(psutil, "Process", Process)
    for busy, idle, ours, expected in ((0, 0, 0, False), (95, 5, 90, False), (190, 10, 95, True)):
        told = times(float(busy), float(idle))
        monkeypatch.setattr(psutil, "cpu_times", lambda told=told: told)
        own[0] = float(ours)
        now[0] += LOOK_EVERY_S
        assert made.is_busy() is expected


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A place without /proc."""
    return tmp_path / "none"


@pytest.mark.parametrize(
    ("battery", "expected"),
    [
        (Battery(60, 7200, False), True),
        (Battery(60, psutil.POWER_TIME_UNLIMITED, True), False),
        (Battery(60, psutil.POWER_TIME_UNKNOWN, None), False),  # Windows does not always know
        (None, False),  # there is none
    ],
)
def test_the_battery(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, battery: Battery | None, expected: bool) -> None:
    monkeypatch.setattr(module, "PROC", elsewhere)
    monkeypatch.setattr(module, "POWER", elsewhere)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    made = Machine(power=elsewhere, proc=elsewhere)
    assert made.on_battery() is expected
    assert calm_of(made, battery_saver=True) is (Calm.SAVING if expected else Calm.FREE)


@pytest.mark.parametrize(("shape", "works"), [(MacTimes, 7), (WindowsTimes, 8)])
def test_other_programs_are_seen_and_our_own_are_not(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, shape: type[MacTimes] | type[WindowsTimes], works: int
) -> None:
    monkeypatch.setattr(module, "PROC", elsewhere)
    monkeypatch.setattr(module, "POWER", elsewhere)
    now, ours, said = [0.0], [0.0], {}

    class Ours(Mac):
        def cpu_times(self) -> OwnTimes:  # on Windows all the work is the child's
            return OwnTimes(ours[0] if self.pid == works else 0.0, 0.0, 0.0, 0.0)

    monkeypatch.setattr(psutil, "WINDOWS", shape is WindowsTimes)
    monkeypatch.setattr(psutil, "Process", Ours)
    monkeypatch.setattr(psutil, "cpu_times", lambda: shape(**{**dict.fromkeys(shape._fields, 0.0), **said}))
    made = Machine(lambda: [7], power=elsewhere, proc=elsewhere, clock=lambda: now[0])
    for user, idle, own, expected in ((0, 0, 0, False), (95, 5, 90, False), (190, 10, 95, True), (200, 100, 95, False)):
        said.update(user=float(user), idle=float(idle))
        ours[0] = float(own)
        now[0] += LOOK_EVERY_S
        assert made.is_busy() is expected
