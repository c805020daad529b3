"""Processes and memory as psutil and the system tell of them on macOS and on Windows."""

from __future__ import annotations

import ctypes
import struct
from collections import namedtuple
from collections.abc import Callable

import psutil

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
