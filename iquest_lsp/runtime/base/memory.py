"""How much memory there is: the machine's, or that of the group this process is confined to; and what processes hold.

Linux is read from its files, which tell more than psutil does (control groups, memory that no file backs); psutil
reads every other system.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import psutil

from iquest_lsp.processes import at_work

MEMINFO = Path("/proc/meminfo")
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class MachineMemory:
    """Bytes: the machine's, or those of the group this process is confined to, and those free without swapping."""

    total: int
    available: int


def read_memory(meminfo: Path = MEMINFO, group: Path | None = None) -> MachineMemory | None:
    """The memory there is; None where the system does not say."""
    if meminfo == MEMINFO and not meminfo.exists():
        found = psutil.virtual_memory()
        return MachineMemory(found.total, found.available)
    try:
        table = {name: int(rest.split()[0]) * 1024 for name, _, rest in rows(meminfo.read_text("ascii")) if rest}
        memory = MachineMemory(table["MemTotal"], table["MemAvailable"])
    except (OSError, ValueError, KeyError, IndexError):
        return None
    return _confined(memory, group if group is not None else _own_group())


def rows(text: str) -> list[tuple[str, str, str]]:
    """The lines of one of the system's tables, each split at its colon."""
    return [line.partition(":") for line in text.splitlines()]


def _own_group() -> Path:
    try:
        for line in Path("/proc/self/cgroup").read_text("ascii", "replace").splitlines():
            if line.startswith("0::/"):
                return CGROUPS / line[4:]
    except OSError:
        pass
    return CGROUPS


def _confined(memory: MachineMemory, group: Path) -> MachineMemory:
    """The same, seen from inside a control group (version 2) with a limit."""
    try:
        limit = int((group / "memory.max").read_text("ascii"))
        used = int((group / "memory.current").read_text("ascii"))
        table = (line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
        files = sum(int(value) for name, value in table if name in ("inactive_file", "active_file"))
    except (OSError, ValueError):  # no such file, or "max"
        return memory
    return MachineMemory(min(memory.total, limit), min(memory.available, max(limit - used + files, 0)))


def held_bytes(pid: int, proc: Path = Path("/proc")) -> int | None:
    """What a process holds beyond the files it maps (a model's weights can be dropped and read again), in bytes.

    None where there is no such process, or the system does not say.
    """
    try:
        text = (proc / str(pid) / "status").read_text("ascii", "replace")
        table = {name: int(rest.split()[0]) * 1024 for name, _, rest in rows(text) if name in ("RssAnon", "RssShmem")}
        if table:
            return sum(table.values())
    except (OSError, ValueError, IndexError):
        pass
    if proc.exists():
        return None
    try:
        return sum(map(_held_elsewhere, at_work(pid)))
    except psutil.Error:
        return None


def _held_elsewhere(pid: int) -> int:
    """What would be free if a process ended, in bytes; raises psutil.Error.

    macOS does not let psutil ask for it, and may keep who asks waiting for ever (psutil's issue 2885); its kernel says
    what a process holds beyond files, its footprint. Where that is not to be had, files are counted too.
    """
    process = psutil.Process(pid)
    if psutil.MACOS:
        found = _footprint(pid)
        return int(process.memory_info().rss) if found is None else found
    return int(process.memory_full_info().uss)


class _Usage(ctypes.Structure):
    """`struct rusage_info_v0` of macOS's <sys/resource.h>."""

    _fields_ = (
        ("uuid", ctypes.c_uint8 * 16),
        ("before", ctypes.c_uint64 * 7),
        ("phys_footprint", ctypes.c_uint64),
        ("after", ctypes.c_uint64 * 2),
    )


def _footprint(pid: int) -> int | None:
    usage = _Usage()
    try:
        failed = ctypes.CDLL(None).proc_pid_rusage(pid, 0, ctypes.byref(usage))
    except (OSError, AttributeError):
        return None
    return None if failed else int(usage.phys_footprint)


def resident_bytes(pid: int) -> int:
    """The memory a process occupies, mapped files included, in bytes; 0 when there is no such process."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
