"""The lock, the log, and when the engine starts again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.daemon import health
from iquest_lsp.runtime.base import memory

GB = 2**30


@pytest.mark.parametrize(
    ("held", "available", "limit_mb", "word"),
    [
        (1 * GB, 10 * GB, 0, ""),
        (13 * GB, 3 * GB, 0, "may hold 12288 MB"),
        (2 * GB, 10 * GB, 1024, "may hold 1024 MB"),
        (4 * GB, GB // 8, 0, "were left"),
        (GB // 2, GB // 8, 0, ""),  # somebody else fills the machine
    ],
)
def test_when_the_engine_holds_too_much(held: int, available: int, limit_mb: int, word: str) -> None:
    why = health.excess(held, health.MachineMemory(16 * GB, available), limit_mb)
    assert bool(why) == bool(word)
    assert word in why


def test_memory_as_the_system_and_a_control_group_say(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 900 kB\nHugePages_Total: 0\n")
    assert health.read_memory(tmp_path / "meminfo", tmp_path) == health.MachineMemory(1000 * 1024, 900 * 1024)
    (tmp_path / "memory.max").write_text("409600\n")
    (tmp_path / "memory.current").write_text("400000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 1000\nactive_file 24\n")
    assert health.read_memory(tmp_path / "meminfo", tmp_path) == health.MachineMemory(409600, 9600 + 1024)
    (tmp_path / "memory.max").write_text("max\n")
    assert health.read_memory(tmp_path / "meminfo", tmp_path) == health.MachineMemory(1000 * 1024, 900 * 1024)
    assert health.read_memory(tmp_path / "absent") is None
    held = health.held_bytes(os.getpid())
    assert held is not None
    assert 0 < held <= health.resident_bytes(os.getpid()) * 2
    assert health.resident_bytes(2**30) == 0


def test_memory_of_another_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "absent")
    found = health.read_memory(tmp_path / "absent")
    assert found is not None
    assert 0 < found.available <= found.total
    held = health.held_bytes(os.getpid(), tmp_path / "absent")
    assert held is not None
    assert 0 < held <= health.resident_bytes(os.getpid())
    assert health.held_bytes(2**30, tmp_path / "absent") is None
