"""When the engine is started again: too large, silent, or its file replaced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import pytest

from iquest_lsp.assistant import Assistant
from iquest_lsp.assistant.engine_host import EngineHost
from iquest_lsp.daemon import engine_watch
from iquest_lsp.errors import EngineError, EngineMemoryError
from iquest_lsp.runtime.base.engine import EngineOptions, EngineState
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.settings import Configuration, Settings
from tests.waiting import until


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
