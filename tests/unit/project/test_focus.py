"""Where the user looks is warmed before anyone asks there, and stays what a pause brings up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.datatypes import Completion, Position
from iquest_lsp.project import warming
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS, until

LINES = 400
HERE, THERE = Position(5, 0), Position(300, 0)


def code(name: str) -> str:
    return "".join(f"def {name}_{n}(width, height):\n    return width * height + {n}\n" for n in range(LINES // 2))


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[Assistant, Path]]:
    root = tmp_path / "shapes"
    root.mkdir()
    (root / "iquest.toml").write_text("")
    made = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    await made.ready()
    for name in ("area", "rim"):
        file = root / f"{name}.py"
        file.write_text(code(name))
        made.open_document(file, code(name), 1, "python")
    await made.warm(root / "area.py", HERE)
    yield made, root
    await made.close()


def warmed(assistant: Assistant) -> Callable[[], bool]:
    """True as soon as the window of the workspace's last place is evaluated, and no warming goes on."""
    return lambda: (
        not any(not task.done() for task in assistant._warmer._tasks.values())
        and all(item.warm_tokens == item.window_tokens > 0 for item in assistant.workspaces())
    )


async def ask(assistant: Assistant, file: Path, place: Position) -> Completion:
    return await assistant.complete(CompletionRequest(file, place, True))


async def test_another_place_and_another_file_are_warm_when_the_first_question_comes(
    made: tuple[Assistant, Path],
) -> None:
    assistant, root = made
    far = await ask(assistant, root / "area.py", Position(200, 0))
    assert far.tokens.prefilled > 1000  # nobody said that this place would be next
    for file, place in ((root / "area.py", THERE), (root / "rim.py", THERE), (root / "area.py", HERE)):
        assistant.focus_document(file, cursor=place)
        await until(warmed(assistant))
        assert (await ask(assistant, file, place)).tokens.prefilled <= 1


async def test_a_file_without_a_place_is_warmed_where_the_user_was(made: tuple[Assistant, Path]) -> None:
    assistant, root = made
    await ask(assistant, root / "rim.py", THERE)
    await ask(assistant, root / "area.py", HERE)
    assistant.focus_document(root / "rim.py")
    await until(warmed(assistant))
    assert (await ask(assistant, root / "rim.py", THERE)).tokens.prefilled <= 1


async def test_a_pause_brings_up_to_date_where_the_user_looks_now(
    made: tuple[Assistant, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "REST_S", 3600.0)  # no pause is over before the test wants one
    assistant, root = made
    await ask(assistant, root / "area.py", HERE)
    monkeypatch.setattr(warming, "REST_S", 0.2)
    assistant.focus_document(root / "rim.py", cursor=THERE)
    assert assistant._warmer._timers
    await until(lambda: not assistant._warmer._timers)
    await until(warmed(assistant))
    assert (await ask(assistant, root / "rim.py", THERE)).tokens.prefilled <= 1


async def test_on_battery_nothing_is_evaluated_before_it_is_asked_for(
    made: tuple[Assistant, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant, root = made
    monkeypatch.setattr(assistant._machine, "on_battery", lambda: True)
    assistant.focus_document(root / "rim.py", cursor=THERE)
    assistant.open_document(root / "third.py", code("third"), 1, "python")
    await asyncio.sleep(0.2)
    assert all(task.done() for task in assistant._warmer._tasks.values())
    assert (await ask(assistant, root / "rim.py", THERE)).tokens.prefilled > 1000


async def test_where_suggestions_are_off_nothing_is_evaluated(made: tuple[Assistant, Path]) -> None:
    """One editor has turned them off, another in one language; a third, on the same daemon, has not."""
    assistant, root = made
    await until(warmed(assistant))
    before = (await assistant._engine.metrics()).evaluated_tokens
    assistant.configure({"enable": False}, "one")
    assistant.configure({"disabledLanguages": ["python"]}, "two")
    for client in ("one", "two"):
        file = root / f"{client}.py"
        assistant.open_document(file, code(client), 1, "python", client)
        assistant.focus_document(file, client, THERE)
        assistant.save_document(file, None, client)
        made_quiet = await assistant.complete(CompletionRequest(file, THERE, client=client))
        assert made_quiet.quiet == "off"
    await asyncio.sleep(0.2)
    assert all(task.done() for task in assistant._warmer._tasks.values())
    await until(lambda: not assistant._warmer._timers)  # nor in the pause
    assert (await assistant._engine.metrics()).evaluated_tokens == before
    assistant.open_document(root / "three.py", code("three"), 1, "python", "three")
    await until(warmed(assistant))
    assert (await assistant._engine.metrics()).evaluated_tokens > before + 1000
    # Turned on again, the place is warmed as anywhere.
    assistant.configure({"enable": None}, "one")
    assistant.focus_document(root / "one.py", "one", THERE)
    await until(warmed(assistant))
    assert (await assistant.complete(CompletionRequest(root / "one.py", THERE, client="one"))).tokens.prefilled <= 1
