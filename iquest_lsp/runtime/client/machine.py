"""What the machine is doing besides us: whether it runs on battery, and whether other programs want the processor.

Linux is read from its files, which tell a mouse's battery from the machine's; psutil reads every other system.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path

import psutil

from iquest_lsp.processes import at_work

POWER = Path("/sys/class/power_supply")
PROC = Path("/proc")
#: Others are at work when they use so much of the processors ...
BUSY_SHARE = 0.75
#: ... over so many seconds at least.
LOOK_EVERY_S = 2.0


class Machine:
    """Looks at the machine now and then; a system that does not say is on mains and idle.

    `own` gives the processes whose work is ours. `clock` gives seconds.
    """

    def __init__(
        self,
        own: Callable[[], Iterable[int]] = lambda: (os.getpid(),),
        *,
        power: Path = POWER,
        proc: Path = PROC,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = own
        self._power = power
        self._proc = proc
        self._is_other = power == POWER and proc == PROC and not proc.exists()
        self._clock = clock
        self._looked = -LOOK_EVERY_S
        self._ticks: tuple[float, float, dict[int, float]] | None = None  # all, idle, ours by process
        self._is_busy = False

    def on_battery(self) -> bool:
        """Whether a battery feeds the machine: one is being emptied, and no mains is connected."""
        empties = False
        try:
            supplies = list(self._power.iterdir())
        except OSError:
            battery = psutil.sensors_battery() if self._is_other and hasattr(psutil, "sensors_battery") else None
            return battery is not None and battery.power_plugged is False
        for supply in supplies:
            kind = _text(supply / "type")
            if kind in ("Mains", "USB") and _text(supply / "online") == "1":
                return False
            # A mouse has a battery too, which is not the machine's.
            if kind == "Battery" and _text(supply / "scope") != "Device":
                empties = empties or _text(supply / "status") == "Discharging"
        return empties

    def is_busy(self) -> bool:
        """Whether other programs have lately used most of the processors."""
        now = self._clock()
        if now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            self._look()
        return self._is_busy

    def _look(self) -> None:
        try:
            ticks = self._times() if self._is_other else self._ticks_of_linux()
        except (OSError, ValueError, IndexError, psutil.Error):
            self._is_busy = False
            return
        own = ticks[2]
        before, self._ticks = self._ticks, ticks
        if before is None or ticks[0] <= before[0]:
            return
        total, idle = ticks[0] - before[0], ticks[1] - before[1]
        ours = sum(used - before[2].get(pid, used) for pid, used in own.items())
        self._is_busy = (total - idle - ours) / total >= BUSY_SHARE

    def _ticks_of_linux(self) -> tuple[float, float, dict[int, float]]:
        fields = [float(value) for value in _text(self._proc / "stat").splitlines()[0].split()[1:9]]
        own = {pid: _own_ticks(self._proc / str(pid) / "stat") for pid in self._own()}
        return sum(fields), fields[3] + fields[4], own

    def _times(self) -> tuple[float, float, dict[int, float]]:
        """The same in seconds, from psutil."""
        times = psutil.cpu_times()
        own = {member for pid in self._own() for member in at_work(pid)}
        return sum(times), times.idle, {pid: _own_seconds(pid) for pid in own}


class Calm(Enum):
    """What may be done that nobody has asked for yet: anything, only what must not wait long, nothing."""

    FREE = "free"
    BUSY = "busy"
    SAVING = "saving"


def calm_of(machine: Machine, *, battery_saver: bool) -> Calm:
    """What the machine allows now."""
    if battery_saver and machine.on_battery():
        return Calm.SAVING
    return Calm.BUSY if machine.is_busy() else Calm.FREE


def _own_ticks(stat: Path) -> float:
    """Processor time of a process, in ticks; 0 once it is gone."""
    fields = _text(stat).rpartition(")")[2].split()
    return float(fields[11]) + float(fields[12]) if len(fields) > 12 else 0.0


def _own_seconds(pid: int) -> float:
    """Processor time of a process; 0 once it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""
