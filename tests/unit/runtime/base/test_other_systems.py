"""The memory watch, the battery and the look for busy programs, with what psutil says on macOS and on Windows."""

from __future__ import annotations

import ctypes
import struct
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from iquest_lsp.runtime.base import memory
from iquest_lsp.runtime.client import machine as machines
from iquest_lsp.runtime.client.machine import LOOK_EVERY_S, Calm, Machine, calm_of

MB = 2**20
# The fields of psutil's answers, system by system (psutil 7.2: _ntuples.py).
MacMemory = namedtuple("MacMemory", "total available percent used free active inactive wired")
WindowsMemory = namedtuple("WindowsMemory", "total available percent used free")
MacHeld = namedtuple("MacHeld", "rss vms pfaults pageins")
WindowsFull = namedtuple("WindowsFull", "rss vms num_page_faults private uss")
MacTimes = namedtuple("MacTimes", "user nice system idle")
WindowsTimes = namedtuple("WindowsTimes", "user system idle interrupt dpc")
OwnTimes = namedtuple("OwnTimes", "user system children_user children_system")
Battery = namedtuple("Battery", "percent secsleft power_plugged")


class Mac:
    """A process as psutil shows it on macOS: what it holds beyond files is refused, or never answered."""

    def __init__(self, pid: int) -> None:
        if pid not in (7, 8):
            raise psutil.NoSuchProcess(pid)
        self.pid = pid

    def memory_info(self) -> MacHeld:
        return MacHeld(900 * MB, 4000 * MB, 1, 1)

    def memory_full_info(self) -> None:
        raise AssertionError("this may wait for ever")

    def children(self, recursive: bool) -> list[Mac]:
        return [Mac(8)] if self.pid == 7 else []


class Windows(Mac):
    """The same on Windows, where 7 is what starts a virtual environment's Python, 8."""

    def memory_full_info(self) -> WindowsFull:
        return WindowsFull(900 * MB, 4000 * MB, 1, 5 * MB, 2 * MB if self.pid == 7 else 300 * MB)


def kernel(footprints: dict[int, int]) -> Callable[[object], object]:
    """A system library whose `proc_pid_rusage` knows these processes."""

    class Library:
        @staticmethod
        def proc_pid_rusage(pid: int, flavor: int, place: object) -> int:
            assert flavor == 0
            if pid not in footprints:
                return -1
            buffer = ctypes.cast(place, ctypes.POINTER(ctypes.c_char * 96)).contents  # type: ignore[arg-type]
            # uuid; times, wakeups twice, pageins, wired, resident; the footprint; start, exit: 96 bytes
            buffer[:] = struct.pack("<16x7QQ2Q", *range(7), footprints[pid], 8, 9)
            return 0

    return lambda name: Library()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A place without /proc."""
    return tmp_path / "none"


@pytest.mark.parametrize(
    "said",
    [
        MacMemory(16 * MB, 5 * MB, 68.0, 9 * MB, 1 * MB, 4 * MB, 4 * MB, 5 * MB),
        WindowsMemory(16 * MB, 5 * MB, 68.0, 11, 5),
    ],
)
def test_how_much_there_is(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, said: object) -> None:
    monkeypatch.setattr(memory, "MEMINFO", elsewhere)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: said)
    assert memory.read_memory(elsewhere) == memory.MachineMemory(16 * MB, 5 * MB)


def test_what_is_held_on_macos_is_the_footprint(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "MACOS", True)
    monkeypatch.setattr(psutil, "Process", Mac)
    monkeypatch.setattr(ctypes, "CDLL", kernel({7: 30 * MB, 8: 12 * MB}))
    assert memory.held_bytes(7, elsewhere) == 30 * MB
    assert memory.held_bytes(8, elsewhere) == 12 * MB
    assert memory.held_bytes(9, elsewhere) is None
    assert memory.resident_bytes(7) == 900 * MB
    # What the kernel does not say is taken from psutil, files and all.
    monkeypatch.setattr(ctypes, "CDLL", kernel({}))
    assert memory.held_bytes(8, elsewhere) == 900 * MB
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert memory.held_bytes(8, elsewhere) == 900 * MB


def test_what_is_held_on_windows_is_that_of_the_python_behind_the_launcher(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "WINDOWS", True)
    monkeypatch.setattr(psutil, "Process", Windows)
    assert memory.held_bytes(7, elsewhere) == 302 * MB
    assert memory.held_bytes(9, elsewhere) is None


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
    monkeypatch.setattr(machines, "PROC", elsewhere)
    monkeypatch.setattr(machines, "POWER", elsewhere)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    made = Machine(power=elsewhere, proc=elsewhere)
    assert made.on_battery() is expected
    assert calm_of(made, battery_saver=True) is (Calm.SAVING if expected else Calm.FREE)


@pytest.mark.parametrize(("shape", "works"), [(MacTimes, 7), (WindowsTimes, 8)])
def test_other_programs_are_seen_and_our_own_are_not(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, shape: type[MacTimes] | type[WindowsTimes], works: int
) -> None:
    monkeypatch.setattr(machines, "PROC", elsewhere)
    monkeypatch.setattr(machines, "POWER", elsewhere)
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
