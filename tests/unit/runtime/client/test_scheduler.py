"""The scheduler: priorities, one at a time, newest request per document, warming gives way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from iquest_lsp.datatypes import Finish, Generation, Limits, Priority, Prompt, Timings, TokenCounts
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineStatus, WarmResult
from iquest_lsp.runtime.client.scheduler import Scheduler
from tests.waiting import PATIENCE_S


class StepEngine:
    """An engine whose calls end when the test says so."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.cancelled: list[str] = []
        self.concurrent = 0

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        await self._run(f"complete {prompt.tokens[0]}")
        return Generation("", (), (), Finish.STOP, TokenCounts(), Timings())

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult:
        done = sum(name.startswith("warm") for name in self.started)
        await self._run(f"warm {done}")
        return WarmResult(0, 1, len(tokens) - done - 1)

    async def learn(self, memory: Sequence[str], budget_ms: float = 50.0) -> int:
        done = sum(name.startswith("learn") for name in self.started)
        await self._run(f"learn {done}")
        return len(memory) - done - 1

    async def _run(self, name: str) -> None:
        assert self.concurrent == 0, "two calls at a time"
        self.concurrent += 1
        self.started.append(name)
        gate = self.gates.setdefault(name, asyncio.Event())
        try:
            await gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        finally:
            self.concurrent -= 1

    def release(self, name: str) -> None:
        self.gates.setdefault(name, asyncio.Event()).set()

    # The rest of the engine protocol, unused here.
    status: EngineStatus
    info = None

    async def start(self) -> None: ...
    async def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return []

    async def metrics(self) -> EngineMetrics:
        return EngineMetrics(0, 0, {}, 0)

    async def close(self) -> None: ...
    def on_status(self, listener: Callable[[EngineStatus], None]) -> None: ...


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def ask(scheduler: Scheduler, number: int, **how: object) -> asyncio.Task[Generation]:
    return asyncio.create_task(scheduler.complete(Prompt((number,)), Limits(), **how))  # type: ignore[arg-type]


async def test_completions_come_before_chat_whatever_the_order_of_asking() -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    tasks = [ask(scheduler, 1), ask(scheduler, 2, priority=Priority.CHAT), ask(scheduler, 3)]
    await settle()
    for number in (1, 2, 3):
        engine.release(f"complete {number}")
    await asyncio.gather(*tasks)
    assert engine.started == ["complete 1", "complete 3", "complete 2"]


async def test_warming_gives_way_between_two_steps() -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    warming = asyncio.create_task(scheduler.warm([1, 2, 3], 0))
    await settle()
    request = ask(scheduler, 1)
    await settle()
    assert engine.started == ["warm 0"]
    engine.release("warm 0")
    await settle()
    assert engine.started == ["warm 0", "complete 1"]
    engine.release("complete 1")
    await request
    engine.release("warm 1")
    engine.release("warm 2")
    assert await warming == 3


async def test_learning_gives_way_between_two_steps_and_goes_on_until_nothing_is_left() -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    learning = asyncio.create_task(scheduler.learn(["a", "b"]))
    await settle()
    request = ask(scheduler, 1)
    await settle()
    engine.release("learn 0")
    await settle()
    assert engine.started == ["learn 0", "complete 1"]
    for name in ("complete 1", "learn 1"):
        engine.release(name)
    await asyncio.gather(request, learning)
    assert engine.started == ["learn 0", "complete 1", "learn 1"]


async def test_a_request_that_runs_can_be_cancelled() -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    old = ask(scheduler, 1)
    other = ask(scheduler, 2)
    await settle()
    new = ask(scheduler, 3)
    old.cancel()  # by the one who asks anew
    await settle()
    with pytest.raises(asyncio.CancelledError):
        await old
    assert engine.cancelled == ["complete 1"]
    engine.release("complete 2")
    engine.release("complete 3")
    await asyncio.gather(new, other)


async def test_a_waiting_request_can_be_cancelled() -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    first, second, third = (ask(scheduler, number) for number in (1, 2, 3))
    await settle()
    second.cancel()
    await settle()
    engine.release("complete 1")
    engine.release("complete 3")
    await asyncio.gather(first, third)
    assert engine.started == ["complete 1", "complete 3"]
    assert second.cancelled()


@pytest.mark.parametrize("ticks", range(6))
async def test_one_that_is_cancelled_as_its_turn_comes_blocks_nobody(ticks: int) -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    first, second, third = (ask(scheduler, number) for number in (1, 2, 3))
    await settle()
    for number in (1, 2, 3):
        engine.release(f"complete {number}")
    for _ in range(ticks):
        await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait_for(asyncio.gather(first, third), PATIENCE_S)
    await settle()
    engine.release("complete 4")
    assert (await asyncio.wait_for(ask(scheduler, 4), PATIENCE_S)).timings.queue_ms < 1000 * PATIENCE_S
    assert engine.started[-1] == "complete 4"


@pytest.mark.parametrize("ticks", range(6))
async def test_one_that_is_cancelled_just_before_blocks_nobody(ticks: int) -> None:
    engine = StepEngine()
    scheduler = Scheduler(engine)  # type: ignore[arg-type]
    first, second, third = (ask(scheduler, number) for number in (1, 2, 3))
    await settle()
    second.cancel()
    for _ in range(ticks):
        await asyncio.sleep(0)
    for number in (1, 2, 3):
        engine.release(f"complete {number}")
    await asyncio.wait_for(asyncio.gather(first, third), PATIENCE_S)
    await settle()
    engine.release("complete 4")
    assert (await asyncio.wait_for(ask(scheduler, 4), PATIENCE_S)).timings.queue_ms < 1000 * PATIENCE_S
    assert engine.started[-1] == "complete 4"


async def test_waiting_counts_against_the_deadline() -> None:
    now = [0.0]
    engine = StepEngine()
    scheduler = Scheduler(engine, clock=lambda: now[0])  # type: ignore[arg-type]
    seen: list[float | None] = []
    inner = engine.complete

    async def complete(prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None) -> Generation:
        seen.append(limits.deadline_ms)
        return await inner(prompt, limits, on_text)

    engine.complete = complete  # type: ignore[method-assign]
    first = ask(scheduler, 1)
    await settle()
    second = asyncio.create_task(scheduler.complete(Prompt((2,)), Limits(deadline_ms=400)))
    await settle()
    now[0] = 0.15
    engine.release("complete 1")
    engine.release("complete 2")
    await first
    assert (await second).timings.queue_ms == pytest.approx(150)
    assert seen[1] == pytest.approx(250)
