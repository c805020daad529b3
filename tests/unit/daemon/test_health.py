"""The lock, the log, and when the engine starts again."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from iquest_lsp.assistant import Assistant
from iquest_lsp.assistant.engine_host import EngineHost
from iquest_lsp.daemon import engine_watch, health, logs
from iquest_lsp.daemon.lock import acquire, holder
from iquest_lsp.errors import EngineError, EngineMemoryError
from iquest_lsp.runtime.base import memory
from iquest_lsp.runtime.base.engine import EngineOptions, EngineState
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.settings import Configuration, Settings
from tests.waiting import until

GB = 2**30


def test_the_lock_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = "import sys, time; from pathlib import Path; from iquest_lsp.daemon.lock import acquire;"
    code += "held = acquire(Path(sys.argv[1]), 0, lambda: True); print(held is not None, flush=True); time.sleep(3600)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        assert holder(path) == child.pid
        assert acquire(path, 0.1, lambda: False) is None
        child.kill()
    assert holder(path) is None
    mine = acquire(path, 5, lambda: False)
    assert mine is not None
    assert mine.is_in_place()
    assert holder(path) == os.getpid()
    path.unlink()
    assert not mine.is_in_place()
    again = acquire(path, 0, lambda: True)
    assert again is not None
    again.release()
    mine.release()


def test_the_log_is_bounded_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    handler = logs.PatientHandler(tmp_path / "a.log")
    for number in range(400):
        handler.emit(logging.makeLogRecord({"msg": f"line {number}", "name": "x", "levelname": "INFO"}))
    handler.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["a.log", "a.log.1", "a.log.2", "a.log.3"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 10_000
    assert logs.tail(tmp_path / "a.log", 45)[-1].endswith("line 399")
    assert len(logs.tail(tmp_path / "a.log", 45)) == 45


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_loses_lines_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logs.PatientHandler(Path("/dev/full"))
    for _ in range(10):
        handler.emit(logging.makeLogRecord({"msg": "x" * 10000}))
    assert handler.lost == 10
    handler.baseFilename = str(tmp_path / "room.log")  # there is room again, later
    monkeypatch.setattr(handler, "wait_until", 0.0)
    handler.emit(logging.makeLogRecord({"msg": "back"}))
    handler.close()
    assert "back" in (tmp_path / "room.log").read_text()
    assert capsys.readouterr().err == ""


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


class Engines:
    """What Watch asks of an engine host, and its settings."""

    def __init__(self) -> None:
        self.settings = Settings(memory_limit_mb=1)
        self.pid: int | None = os.getpid()
        self.changed = False
        self.now, self.asked = 1000.0, 0.0  # of the clock; since when the engine owes an answer
        self.recycled: list[EngineError] = []

    def file_changed(self) -> bool:
        return self.changed

    def silence_s(self, since: float) -> float:
        return self.now - max(since, self.asked) if self.asked else 0.0

    async def recycle(self, why: EngineError) -> None:
        self.recycled.append(why)


async def test_the_watch_starts_the_engine_again_but_not_in_a_loop() -> None:
    engine = Engines()
    watch = engine_watch.EngineWatch(cast("EngineHost", engine), lambda: engine.settings)
    for _ in range(3):
        await watch.look()
    assert [type(error) for error in engine.recycled] == [EngineMemoryError]
    engine.changed = True
    await watch.look()
    assert len(engine.recycled) == 1  # it may still be being written
    await watch.look()
    assert "replaced" in str(engine.recycled[1])


async def test_an_engine_that_does_not_answer_is_started_again_but_not_after_a_sleep() -> None:
    engine = Engines()
    engine.settings = Settings()
    watch = engine_watch.EngineWatch(cast("EngineHost", engine), lambda: engine.settings, lambda: engine.now)

    async def pass_time(seconds: float) -> None:
        for _ in range(int(seconds / engine_watch.CHECK_EVERY_S)):
            engine.now += engine_watch.CHECK_EVERY_S
            await watch.look()

    engine.asked = engine.now
    await pass_time(engine_watch.MOST_SILENCE_S)
    assert engine.recycled == []
    # The machine sleeps for a day, or the clock jumps: the engine may answer yet.
    engine.now += 86_400
    await watch.look()
    await pass_time(engine_watch.MOST_SILENCE_S)
    assert engine.recycled == []
    await pass_time(engine_watch.CHECK_EVERY_S)
    assert [str(error) for error in engine.recycled] == [
        f"The engine process did not answer: for {engine_watch.MOST_SILENCE_S + engine_watch.CHECK_EVERY_S:.0f} s."
        " It is started again."
    ]
    # A clock that goes back does no harm.
    engine.recycled.clear()
    engine.asked = 0.0
    engine.now -= 86_400
    await pass_time(600)
    assert engine.recycled == []


@pytest.mark.slow
async def test_a_replaced_model_file_is_loaded_again(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(b"one")
    engine = ProcessEngine(EngineOptions(kind="fake", model_path=str(model)))
    told: list[tuple[EngineState, str]] = []
    remove = engine.on_status(lambda status: told.append((status.state, str(status.error or ""))))
    assistant = Assistant(Configuration(), engine)
    try:
        await assistant.engine.ready()
        assert not assistant.engine.file_changed()
        (tmp_path / "new").write_bytes(b"two, longer")
        (tmp_path / "new").rename(model)
        assert assistant.engine.file_changed()
        first = engine.pid
        watch = engine_watch.EngineWatch(assistant.engine, lambda: assistant.settings)
        await watch.look()
        await watch.look()
        await until(lambda: engine.pid != first and engine.status.state is EngineState.READY)
        await assistant.engine.ready()
        assert engine.pid != first
        assert not assistant.engine.file_changed()
        assert [text for state, text in told if state is EngineState.RESTARTING] == [
            "The model's file was replaced. The new one is being loaded."
        ]
        model.unlink()
        assert not assistant.engine.file_changed()  # what is loaded stays usable
        remove()
        count = len(told)
    finally:
        await assistant.close()
    assert len(told) == count
