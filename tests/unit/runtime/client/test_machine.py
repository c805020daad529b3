"""Battery and foreign load, read from a system made of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.runtime.client.machine import LOOK_EVERY_S, Calm, Machine, calm_of


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
