"""The memory watch, with what psutil says on macOS and on Windows."""

from __future__ import annotations

import ctypes
from pathlib import Path

import psutil
import pytest

from iquest_lsp.runtime.base import memory
from tests.unit.runtime.other_systems import (
    MB,
    Mac,
    MacMemory,
    Windows,
    WindowsMemory,
    kernel,
)


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
