"""Who gets the engine when, on the fake engine and a virtual clock."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from iquest_lsp.datatypes import Finish, Generation, Limits, Priority, Prompt
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.client.scheduler import PATIENCE_S, WARM_STEP_MS, Scheduler
from tests.unit.runtime.virtual import VirtualEngine, run

#: A token of the answer takes 20 ms, one of the prompt 1 ms.
COSTS = {"token_ms": 20, "prefill_ms": 1}
STEP_S = WARM_STEP_MS / 1000


def prompt(name: str, sequence: int = 0) -> Prompt:
    """A prompt whose answer is twelve tokens: what stands behind the first x = of the text, then x = again."""
    return Prompt(tuple(f"{name} x = one two tre\nx = ".encode()), max_lines=1, sequence=sequence)


def scheduler(engine: VirtualEngine) -> Scheduler:
    loop = asyncio.get_running_loop()
    return Scheduler(engine, clock=loop.time)  # type: ignore[arg-type]


def begun(engine: VirtualEngine, name: str) -> list[float]:
    return [at for at, what, whose in engine.log if what == "begin" and whose == name]


@pytest.mark.parametrize("at", [0.0, 0.01, 0.049, 0.333, 1.0])
def test_a_completion_starts_within_one_batch_of_warming(at: float) -> None:
    async def scenario(engine: VirtualEngine) -> float:
        one = scheduler(engine)
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
        one = scheduler(engine)
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
        one = scheduler(engine)
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


@pytest.mark.slow
def test_nothing_starves_while_somebody_types_without_a_pause() -> None:
    async def scenario(engine: VirtualEngine) -> list[float]:
        one = scheduler(engine)
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
    assert max(waits) <= PATIENCE_S + 2 * 0.5


def test_workspaces_take_turns() -> None:
    async def scenario(engine: VirtualEngine) -> list[str]:
        one = scheduler(engine)
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
        one = scheduler(engine)
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
        one = scheduler(engine)
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
