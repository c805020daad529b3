"""The scheduler: priorities, one at a time, newest request per document, warming gives way, on a virtual clock too."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from iquest_lsp.datatypes import Finish, Generation, Limits, Priority, Prompt, Timings, TokenCounts
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineStatus, WarmResult
from iquest_lsp.runtime.client import scheduler as schedulers
from iquest_lsp.runtime.client.scheduler import WARM_STEP_MS, Scheduler
from tests.unit.runtime.virtual import VirtualEngine, run
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


#: A token of the answer takes 20 ms, one of the prompt 1 ms.
COSTS = {"token_ms": 20, "prefill_ms": 1}
STEP_S = WARM_STEP_MS / 1000


def prompt(name: str, sequence: int = 0) -> Prompt:
    """A prompt whose answer is twelve tokens: what stands behind the first x = of the text, then x = again."""
    return Prompt(tuple(f"{name} x = one two tre\nx = ".encode()), max_lines=1, sequence=sequence)


def on_virtual_time(engine: VirtualEngine) -> Scheduler:
    loop = asyncio.get_running_loop()
    return Scheduler(engine, clock=loop.time)  # type: ignore[arg-type]


def begun(engine: VirtualEngine, name: str) -> list[float]:
    return [at for at, what, whose in engine.log if what == "begin" and whose == name]


@pytest.mark.parametrize("at", [0.0, 0.01, 0.049, 0.333, 1.0])
def test_a_completion_starts_within_one_batch_of_warming(at: float) -> None:
    async def scenario(engine: VirtualEngine) -> float:
        one = on_virtual_time(engine)
        warming = asyncio.create_task(one.warm(list(range(200)) * 20, 1))
        await asyncio.sleep(at)
        asked = asyncio.get_running_loop().time()
        made = await one.complete(prompt("me"), Limits(deadline_ms=400))
        assert made.text == "one two tre"
        evaluated = await warming
        assert evaluated == 4000  # what was done before the completion was not done twice
        return begun(engine, "complete me")[0] - asked

    assert run(scenario, **COSTS) <= STEP_S + 0.001


def test_a_speculation_ends_at_its_next_token() -> None:
    async def scenario(engine: VirtualEngine) -> float:
        one = on_virtual_time(engine)
        ahead = asyncio.create_task(one.complete(prompt("ahead"), Limits(), priority=Priority.SPECULATION))
        await asyncio.sleep(0.15)
        asked = asyncio.get_running_loop().time()
        await one.complete(prompt("me"), Limits())
        with pytest.raises(RequestCancelledError):
            await ahead
        ended = [at for at, what, whose in engine.log if (what, whose) == ("end", "complete ahead")]
        return ended[0] - asked

    assert run(scenario, **COSTS) <= 0.021


@pytest.mark.slow
def test_chat_gives_way_and_its_answer_is_the_same() -> None:
    text = "words and 😀 words, äöü " * 8

    async def alone(engine: VirtualEngine) -> Generation:
        return await engine.complete(Prompt(tuple(b"chat ")), Limits(max_tokens=200))

    async def scenario(engine: VirtualEngine) -> tuple[Generation, list[float]]:
        one = on_virtual_time(engine)
        chat = asyncio.create_task(
            one.complete(Prompt(tuple(b"chat ")), Limits(max_tokens=200), priority=Priority.CHAT)
        )
        waits = []
        for _ in range(5):
            await asyncio.sleep(0.3)
            asked = asyncio.get_running_loop().time()
            await one.complete(prompt("me"), Limits())
            waits.append(begun(engine, "complete me")[-1] - asked)
        return await chat, waits

    whole = run(alone, **COSTS, echo=text)
    made, waits = run(scenario, **COSTS, echo=text)
    assert made.text == whole.text
    assert made.finish is whole.finish
    assert len(made.ends) == len(made.tokens) == len(made.logprobs)
    assert max(waits) <= 8 * 0.021


class NotingEngine:
    """An engine that writes as much as it may, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Prompt] = []

    async def complete(self, prompt: Prompt, limits: Limits, *_: object) -> Generation:
        self.asked.append(prompt)
        count = limits.max_tokens
        counts, ends = TokenCounts(generated=count), tuple(range(1, count + 1))
        return Generation("x" * count, (120,) * count, (0.0,) * count, Finish.LIMIT, counts, Timings(), ends)


def test_each_piece_of_an_answer_says_how_much_of_it_is_written() -> None:
    engine = NotingEngine()
    asked = Prompt((1, 2, 3), grammar="root ::= [a-z]+")
    asyncio.run(Scheduler(engine).complete(asked, Limits(20), priority=Priority.CHAT))  # type: ignore[arg-type]
    assert [one.answered for one in engine.asked] == [0, 8, 16]
    assert all(len(one.tokens) - one.answered == 3 and one.grammar == asked.grammar for one in engine.asked)


@pytest.mark.slow
def test_nothing_starves_while_somebody_types_without_a_pause() -> None:
    async def scenario(engine: VirtualEngine) -> list[float]:
        one = on_virtual_time(engine)
        warming = asyncio.create_task(one.warm(list(range(150)), 1, group="other"))

        async def typist(number: int) -> None:
            for _ in range(100):
                await one.complete(prompt(f"t{number}"), Limits(), group="busy")

        await asyncio.gather(*(typist(number) for number in range(3)))
        await warming
        return begun(engine, "warm 1")

    steps = run(scenario, **COSTS)
    waits = [after - before for before, after in zip([0.0, *steps], steps, strict=False)]
    assert len(steps) == 3
    assert max(waits) <= schedulers.PATIENCE_S + 2 * 0.5


def test_workspaces_take_turns() -> None:
    async def scenario(engine: VirtualEngine) -> list[str]:
        one = on_virtual_time(engine)
        crowd = [
            asyncio.create_task(one.complete(prompt(f"a{number}"), Limits(), group="crowd")) for number in range(6)
        ]
        await asyncio.sleep(0.01)
        lonely = [
            asyncio.create_task(one.complete(prompt(f"b{number}"), Limits(), group="lonely")) for number in range(2)
        ]
        await asyncio.gather(*crowd, *lonely)
        return [whose.split()[1] for _, what, whose in engine.log if what == "begin"]

    order = run(scenario, **COSTS)
    assert order.index("b0") == 1
    assert order.index("b1") <= 4
    assert sorted(order[1:]) == sorted(["b0", "b1", *(f"a{number}" for number in range(1, 6))])


def test_two_workspaces_warm_side_by_side() -> None:
    async def scenario(engine: VirtualEngine) -> list[str]:
        one = on_virtual_time(engine)
        await asyncio.gather(
            one.warm(list(range(200)), 1, group="a"),
            one.warm(list(range(200)), 2, group="b"),
        )
        return [whose for _, what, whose in engine.log if what == "begin"]

    assert run(scenario, **COSTS) == ["warm 1", "warm 2"] * 4


@pytest.mark.parametrize("seed", range(20))
def test_any_mix_of_calls_ends_and_the_newest_request_of_a_document_wins(seed: int) -> None:
    source = random.Random(seed)

    async def scenario(engine: VirtualEngine) -> None:
        one = on_virtual_time(engine)
        answered: dict[str, list[int]] = {"a": [], "b": []}
        newest: dict[str, int] = {}
        running: dict[str, asyncio.Task[Any]] = {}

        async def ask(number: int, key: str) -> None:
            newest[key] = number
            older, running[key] = (
                running.get(key),
                asyncio.ensure_future(one.complete(prompt(f"{key}{number}"), Limits(deadline_ms=400), group=key)),
            )
            if older is not None:
                older.cancel()
            made = await running[key]
            assert newest[key] == number, "an older request was answered after a newer one was made"
            answered[key].append(number)
            assert made.finish in (Finish.STOP, Finish.DEADLINE)

        tasks = []
        for number in range(40):
            await asyncio.sleep(source.choice([0.0, 0.01, 0.1, 0.4]))
            kind = source.random()
            if kind < 0.6:
                tasks.append(asyncio.create_task(ask(number, source.choice("ab"))))
            elif kind < 0.8:
                warm = one.warm(list(range(source.randrange(1, 300))), source.randrange(3))
                tasks.append(asyncio.create_task(warm))  # type: ignore[arg-type]
            else:
                chat = one.complete(prompt("chat"), Limits(max_tokens=30), priority=Priority.CHAT)
                tasks.append(asyncio.create_task(chat))  # type: ignore[arg-type]
            if source.random() < 0.2:
                source.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            assert task.cancelled() or task.exception() is None
        assert (await one.complete(prompt("last"), Limits())).timings.queue_ms == 0  # nobody is before it
        said = [what for _, what, _ in engine.log]
        assert said.count("begin") - said.count("end") in (0, 1)  # a cancelled one may be at its last token

    run(scenario, **COSTS)
