"""The engine process on the fake engine: accounting, cancellation, death and quarantine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.datatypes import Finish, Generation, Limits, Prompt
from iquest_lsp.errors import (
    EngineCrashedError,
    EngineError,
    EngineMemoryError,
    EngineQuarantineError,
    ModelFileError,
)
from iquest_lsp.runtime.base.engine import EngineOptions, EngineState, EngineStatus, StateLabel
from iquest_lsp.runtime.base.steady_memory import STEADY_MALLOC
from iquest_lsp.runtime.client.process import ProcessEngine
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

PROMPT = tuple(b"def area(width, height):\n    return width * height\n\ndef area(")


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[ProcessEngine]:
    engine = ProcessEngine(EngineOptions(kind="fake", context_tokens=4096, fake=options))
    try:
        yield engine
    finally:
        await engine.close()


async def killed(engine: ProcessEngine) -> None:
    """Kills the engine's process, and returns once that is noticed."""
    noticed = asyncio.Event()
    remove = engine.on_status(lambda status: noticed.set())
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    await asyncio.wait_for(noticed.wait(), PATIENCE_S)
    remove()


async def begun(engine: ProcessEngine) -> asyncio.Task[Generation]:
    """A long answer, of which the first token is written."""
    first = asyncio.Event()
    task = asyncio.create_task(engine.complete(Prompt(PROMPT), Limits(max_tokens=5000), lambda _: first.set()))
    await asyncio.wait_for(first.wait(), PATIENCE_S)
    return task


async def test_every_token_is_accounted_for() -> None:
    async with running() as engine:
        first = await engine.complete(Prompt(PROMPT, max_lines=1), Limits())
        assert first.text == "width, height):"
        assert first.finish is Finish.STOP
        assert (first.counts.window, first.counts.reused, first.counts.prefilled) == (len(PROMPT), 0, len(PROMPT))
        again = await engine.complete(Prompt(PROMPT, max_lines=1), Limits())
        assert (again.counts.reused, again.counts.prefilled) == (len(PROMPT) - 1, 1)
        typed = await engine.complete(Prompt((*PROMPT, *b"xyz"), max_lines=1), Limits())
        assert (typed.counts.reused, typed.counts.prefilled) == (len(PROMPT), 3)
        metrics = await engine.metrics()
        fed_back = sum(max(made.counts.generated - 1, 0) for made in (first, again, typed))
        assert metrics.evaluated_tokens == len(PROMPT) + 1 + 3 + fed_back
        assert metrics.generated_tokens == sum(made.counts.generated for made in (first, again, typed))


async def test_warming_stays() -> None:
    async with running(prefill_ms=1) as engine:
        step = await engine.warm(PROMPT, budget_ms=20)
        assert step.evaluated == 20
        assert step.remaining == len(PROMPT) - 20
        made = await engine.complete(Prompt(PROMPT, max_lines=1), Limits())
        assert made.counts.reused == 20


async def test_the_deadline_ends_an_answer_and_keeps_its_text() -> None:
    long = 10**6
    async with running(echo="x" * long, token_ms=5) as engine:
        await engine.start()
        for deadline_ms in (100, 1000, 10_000, 100_000):  # the first that leaves this machine time for a token
            made = await engine.complete(Prompt(PROMPT), Limits(max_tokens=long, deadline_ms=deadline_ms))
            assert made.finish is Finish.DEADLINE
            if made.text:
                break
        assert 0 < len(made.text) < long
        assert set(made.text) == {"x"}


async def test_cancelling_stops_the_decoding_within_a_token() -> None:
    async with running(responses=["x" * 5000, "y"], token_ms=5) as engine:
        task = await begun(engine)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        made = await engine.complete(Prompt(PROMPT), Limits())  # would wait 25 s behind the other one
        assert made.text == "y"


async def test_text_streams() -> None:
    async with running(responses=["héllo"]) as engine:
        pieces: list[str] = []
        made = await engine.complete(Prompt(PROMPT), Limits(), pieces.append)
        assert made.text == "héllo"
        assert "".join(pieces) == "héllo"
        assert len(pieces) == 5


async def test_kill_is_survived_and_told_once() -> None:
    async with running(responses=["x" * 5000], token_ms=5) as engine:
        told: list[EngineStatus] = []
        await engine.start()
        engine.on_status(told.append)
        task = await begun(engine)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineCrashedError, match="signal 9"):
            await task
        made = await engine.complete(Prompt(PROMPT), Limits(max_tokens=3))
        assert made.text == "xxx"
        assert [status.state for status in told].count(EngineState.RESTARTING) == 1


async def test_a_kill_while_loading_is_tried_again() -> None:
    async with running(responses=["x"], load_ms=1500) as engine:
        loading = asyncio.create_task(engine.start())
        await until(lambda: engine.pid is not None)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        assert (await loading).name == "fake"
        assert (await engine.complete(Prompt(PROMPT), Limits())).text == "x"


@pytest.mark.parametrize("moment", ["before there is a process", "while it loads"])
async def test_loading_is_given_up_and_asked_for_again(moment: str) -> None:
    async with running(load_ms=2000) as engine:
        loading = asyncio.create_task(engine.start())
        while engine.status.state is not EngineState.LOADING:
            await asyncio.sleep(0)
        assert engine.pid is None
        while moment == "while it loads" and engine.pid is None:
            await asyncio.sleep(0.01)
        engine.stop_loading()
        with pytest.raises(EngineError, match="given up"):
            await loading
        assert engine.status.state is EngineState.FAILED
        engine.forget_failure()
        assert (await engine.start()).name == "fake"


async def test_kills_without_end_are_a_clear_error() -> None:
    async with running(load_ms=60000) as engine:
        loading = asyncio.create_task(engine.start())
        killed: set[int] = set()
        while not loading.done():
            if engine.pid is not None and engine.pid not in killed:
                killed.add(engine.pid)
                os.kill(engine.pid, signal.SIGKILL)
            await asyncio.sleep(0.02)
        with pytest.raises(EngineMemoryError, match="3 times"):
            await loading
        assert len(killed) == 3


async def test_requests_that_wait_for_a_restart_are_answered() -> None:
    async with running(responses=["x"], load_ms=200) as engine:
        await engine.start()
        await killed(engine)
        made = await asyncio.gather(*(engine.complete(Prompt(PROMPT), Limits()) for _ in range(3)))
        assert len(made) == 3


async def test_a_prompt_that_kills_twice_is_quarantined() -> None:
    async with running(crash_on="BOOM") as engine:
        bad = Prompt((*PROMPT, *b"BOOM"))
        for _ in range(2):
            with pytest.raises(EngineCrashedError):
                await engine.complete(bad, Limits())
        with pytest.raises(EngineQuarantineError):
            await engine.complete(bad, Limits())
        assert (await engine.complete(Prompt(PROMPT), Limits())).text.startswith("width")


async def test_a_load_error_is_given_to_every_request_at_once() -> None:
    error = {"type": "ModelFileError", "what": "broken", "why": "cut off", "fix": "fetch it again"}
    async with running(load_error=error, load_ms=100) as engine:
        with pytest.raises(ModelFileError, match="cut off"):
            await engine.complete(Prompt(PROMPT), Limits())
        told: list[EngineStatus] = []
        engine.on_status(told.append)
        with pytest.raises(ModelFileError, match="cut off"):
            await engine.complete(Prompt(PROMPT), Limits())
        assert told == []  # it was not loaded again
        assert engine.status.state is EngineState.FAILED


async def test_a_missing_file_says_so_and_a_new_file_is_tried(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    engine = ProcessEngine(EngineOptions(kind="llama", model_path=str(path)))
    try:
        with pytest.raises(ModelFileError, match="There is no model file"):
            await engine.start()
        path.write_bytes(b"rubbish")
        with pytest.raises(ModelFileError, match="does not begin with GGUF"):
            await engine.start()
    finally:
        await engine.close()


async def test_a_closed_engine_says_so() -> None:
    async with running() as engine:
        await engine.start()
    with pytest.raises(EngineError, match="closed"):
        await engine.complete(Prompt(PROMPT), Limits())


async def test_a_lone_surrogate_is_tokenized() -> None:
    async with running() as engine:
        assert list(map(list, await engine.tokenize(["a\ud800b"]))) == [list(b"a?b")]


LABEL = StateLabel("/home/ann/shapes", "main", "1")


def saving(folder: Path, **options: Any) -> EngineOptions:
    return EngineOptions(
        kind="fake", context_tokens=4096, state_folder=str(folder), state_limit=1 << 20, fake={**options}
    )


async def test_saved_kv_is_there_after_a_restart(tmp_path: Path) -> None:
    first = ProcessEngine(saving(tmp_path))
    assert await first.restore(LABEL) == 0
    await first.warm(PROMPT)
    assert await first.save(LABEL, wait=True) == len(PROMPT)
    await first.close()
    second = ProcessEngine(saving(tmp_path))
    assert await second.restore(LABEL) == len(PROMPT)
    made = await second.complete(Prompt((*PROMPT, *b"wid"), max_lines=1), Limits())
    assert (made.counts.reused, made.counts.prefilled) == (len(PROMPT), 3)
    assert await second.restore(StateLabel("/home/ann/shapes", "other", "1")) >= len(PROMPT)  # what it holds stays
    await second.close()


async def test_a_killed_engine_begins_with_the_saved_kv(tmp_path: Path) -> None:
    engine = ProcessEngine(saving(tmp_path))
    await engine.warm(PROMPT)
    assert await engine.save(LABEL, wait=True) == len(PROMPT)
    await engine.warm((*PROMPT, *b"lost with the process"))
    await killed(engine)
    made = await engine.complete(Prompt((*PROMPT, *b"wid"), max_lines=1), Limits())
    assert (made.counts.reused, made.counts.prefilled) == (len(PROMPT), 3)
    assert (await engine.metrics()).evaluated_tokens == 3 + made.counts.generated - 1
    await engine.close()


async def test_restoring_takes_only_what_serves_the_prompt_better(tmp_path: Path) -> None:
    engine = ProcessEngine(saving(tmp_path))
    await engine.warm(PROMPT)
    await engine.save(LABEL, wait=True)
    other = tuple(b"class Shape: ...")
    await engine.warm(other)
    assert await engine.restore(LABEL, wanted=(*other, *b" # on")) == len(other)
    assert await engine.restore(LABEL, wanted=(*PROMPT, *b"x")) == len(PROMPT)
    await engine.close()


async def test_an_engine_that_cannot_save_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of the folder")
    engine = ProcessEngine(saving(tmp_path / "file" / "kv"))
    await engine.warm(PROMPT)
    assert await engine.save(LABEL, wait=True) == 0
    assert await engine.restore(LABEL) == len(PROMPT)
    assert (await engine.complete(Prompt(PROMPT, max_lines=1), Limits())).text == "width, height):"
    await engine.close()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it is read where Linux tells it")
async def test_its_memory_is_given_back() -> None:
    async with running() as engine:
        await engine.start()
        environment = Path(f"/proc/{engine.pid}/environ").read_text("utf-8").split("\0")
        assert {f"{name}={value}" for name, value in STEADY_MALLOC.items()} <= set(environment)
