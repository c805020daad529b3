"""What is done before anyone asks: the next completion, the window after a save; each workspace in its own cache."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.datatypes import Completion, Position
from iquest_lsp.project import kv_snapshots, warming
from iquest_lsp.project.memory import WorkspaceMemory
from iquest_lsp.project.warming import WarmingProgress
from iquest_lsp.runtime.memory.builder import MemoryFiles
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS, until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]  # engines, daemons or long sessions

#: The fake engine goes on as the text did: "area(1)" and then "    return area(1)".
CODE = "def one():\n    area(1)\n    return area(1)\n\n\ndef two():\n    are"
END = Position(6, 7)


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[Assistant, Path]]:
    root = tmp_path / "work"
    root.mkdir()
    (root / "iquest.toml").write_text("")
    (root / "a.py").write_text(CODE)
    assistant = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    await assistant.engine.ready()
    await assistant.session().add_workspace(root).index()
    yield assistant, root
    await assistant.close()


def at_work(assistant: Assistant) -> bool:
    return assistant.warmer.is_at_work or any(not task.done() for task in assistant.completer.speculations)


async def shown(assistant: Assistant, file: Path) -> Completion:
    assistant.session().buffers.open(file, CODE, 1, "python")
    made = await assistant.session().complete(CompletionRequest(file, END))
    assert (made.text, made.source) == ("a(1)", "model")
    return made


async def test_the_completion_after_a_shown_one_is_there_when_that_is_accepted(made: tuple[Assistant, Path]) -> None:
    assistant, root = made
    first = await shown(assistant, root / "a.py")
    await until(lambda: not at_work(assistant))
    evaluated = (await assistant.engine.metrics()).evaluated_tokens
    assistant.session().buffers.change(root / "a.py", [(None, CODE + first.text)], 2)
    second = await assistant.session().complete(CompletionRequest(root / "a.py", Position(6, 11)))
    assert (second.text, second.source) == ("\n    return area(1)", "speculated")
    assert (second.tokens.prefilled, second.tokens.generated) == (0, 0)
    assert (await assistant.engine.metrics()).evaluated_tokens == evaluated
    # Something else was typed instead: that answer is for nobody.
    assistant.session().buffers.change(root / "a.py", [(None, CODE + "a(2)")], 3)
    assert (await assistant.session().complete(CompletionRequest(root / "a.py", Position(6, 11)))).source == "model"


async def test_on_a_busy_machine_nobody_thinks_ahead_and_a_pause_is_waited_for_once_more(
    made: tuple[Assistant, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant, root = made
    monkeypatch.setattr(assistant.machine, "is_busy", lambda: True)
    monkeypatch.setattr(warming, "REST_S", 3600.0)  # no pause is over before the test wants one
    for name in ("NEWS_S", "POSTPONED_S"):
        monkeypatch.setattr(warming, name, 0.05)
    looks: list[int] = []
    refresh = assistant.warmer.refresh
    monkeypatch.setattr(
        assistant.warmer, "refresh", lambda place, postponed=0: looks.append(postponed) or refresh(place, postponed)
    )
    await shown(assistant, root / "a.py")
    assert assistant.completer.speculations == []
    monkeypatch.setattr(warming, "REST_S", 0.05)
    assistant.session().buffers.save(root / "a.py", None)
    await until(lambda: not assistant.warmer.is_waiting)
    assert looks == [0, 1]  # then it is done all the same, since a machine may be busy for hours


async def test_a_save_brings_the_window_up_to_date(made: tuple[Assistant, Path]) -> None:
    assistant, root = made
    await shown(assistant, root / "a.py")
    await until(lambda: not at_work(assistant) and not assistant.warmer.is_waiting)
    (root / "other.py").write_text("def area(size):\n    return size\n")
    assistant.workspaces.files_changed([root / "other.py"])
    await assistant.session().view(root / "a.py").project.index()
    assistant.session().buffers.save(root / "a.py", None)
    assert assistant.warmer.is_waiting
    await until(lambda: not assistant.warmer.is_waiting and not at_work(assistant))
    window = await assistant.session().context(root / "a.py", END)
    assert "other.py" in {chunk.path for chunk in window.chunks}
    assert [item.warm_tokens for item in assistant.status_of_workspaces()] == [len(window.tokens)]


@pytest.mark.parametrize("calm", [True, False])
async def test_a_pause_is_for_learning_how_far_the_model_leans_on_the_memory(
    made: tuple[Assistant, Path], monkeypatch: pytest.MonkeyPatch, calm: bool
) -> None:
    assistant, root = made
    asked: list[tuple[str, ...]] = []

    async def learn(memory: Sequence[str], *, group: str = "") -> None:
        asked.append(tuple(memory))

    monkeypatch.setattr(assistant.machine, "is_busy", lambda: not calm)
    monkeypatch.setattr(warming, "REST_S", 0.05)
    monkeypatch.setattr(warming, "POSTPONED_S", 0.05)
    monkeypatch.setattr(assistant.engine.scheduler, "learn", learn)
    monkeypatch.setattr(WorkspaceMemory, "files", MemoryFiles(("memory",)))
    await shown(assistant, root / "a.py")
    assistant.session().buffers.save(root / "a.py", None)
    await until(lambda: not assistant.warmer.is_waiting and not at_work(assistant))
    assert set(asked) == ({("memory",)} if calm else set())


@pytest.mark.slow
async def test_each_workspace_has_its_own_part_of_the_cache_while_there_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "REST_S", 3600.0)  # what pauses do is use too
    monkeypatch.setattr(kv_snapshots, "QUIET_S", 3600.0)  # and what was saved would be warm again
    assistant = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    try:
        info = await assistant.engine.ready()
        roots = [tmp_path / f"work{number}" for number in range(info.sequences)]  # one more than there are for windows

        async def ask(root: Path, client: str = "") -> tuple[int, int]:
            made = await assistant.session(client).complete(CompletionRequest(root / "a.py", END, explicit=True))
            await until(lambda: not at_work(assistant))
            return made.tokens.reused, made.tokens.prefilled

        for root in roots[:-1]:
            root.mkdir()
            (root / "iquest.toml").write_text("")
            (root / "a.py").write_text(f"# {root.name}\n" * 20 + CODE)
            await assistant.session().add_workspace(root).index()
            assert (await ask(root))[1] > 100
        held = (await assistant.engine.metrics()).cached
        assert sum(count > 100 for count in held.values()) == info.sequences - 1
        # Nobody's window costs another's.
        for root in roots[:-1]:
            assert (await ask(root, "one whom nothing was answered yet"))[1] <= 1
        # One more takes the place of the one used the longest ago, and of no other.
        last = roots[-1]
        last.mkdir()
        (last / "iquest.toml").write_text("")
        (last / "a.py").write_text("# last\n" * 20 + CODE)
        await assistant.session().add_workspace(last).index()
        assert (await ask(last))[1] > 100
        assert [(await ask(root, "another one"))[1] <= 1 for root in (*roots[1:-1], roots[0])] == [
            *[True] * (len(roots) - 2),
            False,
        ]
    finally:
        await assistant.close()


def told(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    heard: list[tuple[int, int]] = []
    progress = WarmingProgress(lambda done, total: heard.append((done, total)))
    for done, total in steps:
        progress(done, total)
    progress.end()
    return heard


def test_short_work_is_not_told() -> None:
    assert told([(7900, 8000), (8000, 8000)]) == []


def test_long_work_is_told_in_steps_and_ends() -> None:
    heard = told([(done, 8000) for done in range(0, 8001, 64)])
    assert heard[0] == (0, 8000)
    assert heard[-1] == (1, 1)
    assert len(heard) <= 22


def test_work_that_gives_way_ends_too() -> None:
    assert told([(1000, 8000)]) == [(1000, 8000), (1, 1)]
