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

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]  # engines, daemons or long sessions

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
    await made.engine.ready()
    for name in ("area", "rim"):
        file = root / f"{name}.py"
        file.write_text(code(name))
        made.session().buffers.open(file, code(name), 1, "python")
    await made.session().warm(root / "area.py", HERE)
    yield made, root
    await made.close()


def warmed(assistant: Assistant) -> Callable[[], bool]:
    """True as soon as the window of the workspace's last place is evaluated, and no warming goes on."""
    return lambda: (
        not assistant.warmer.is_at_work
        and all(item.warm_tokens == item.window_tokens > 0 for item in assistant.status_of_workspaces())
    )


async def ask(assistant: Assistant, file: Path, place: Position) -> Completion:
    return await assistant.session().complete(CompletionRequest(file, place, True))


async def test_another_place_and_another_file_are_warm_when_the_first_question_comes(
    made: tuple[Assistant, Path],
) -> None:
    assistant, root = made
    far = await ask(assistant, root / "area.py", Position(200, 0))
    assert far.tokens.prefilled > 1000  # nobody said that this place would be next
    for file, place in ((root / "area.py", THERE), (root / "rim.py", THERE), (root / "area.py", HERE)):
        assistant.session().buffers.focus(file, cursor=place)
        await until(warmed(assistant))
        assert (await ask(assistant, file, place)).tokens.prefilled <= 1


async def test_a_file_without_a_place_is_warmed_where_the_user_was(made: tuple[Assistant, Path]) -> None:
    assistant, root = made
    await ask(assistant, root / "rim.py", THERE)
    await ask(assistant, root / "area.py", HERE)
    assistant.session().buffers.focus(root / "rim.py")
    await until(warmed(assistant))
    assert (await ask(assistant, root / "rim.py", THERE)).tokens.prefilled <= 1


async def test_a_pause_brings_up_to_date_where_the_user_looks_now(
    made: tuple[Assistant, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "REST_S", 3600.0)  # no pause is over before the test wants one
    assistant, root = made
    await ask(assistant, root / "area.py", HERE)
    monkeypatch.setattr(warming, "REST_S", 0.2)
    assistant.session().buffers.focus(root / "rim.py", cursor=THERE)
    assert assistant.warmer.is_waiting
    await until(lambda: not assistant.warmer.is_waiting)
    await until(warmed(assistant))
    assert (await ask(assistant, root / "rim.py", THERE)).tokens.prefilled <= 1


async def test_on_battery_nothing_is_evaluated_before_it_is_asked_for(
    made: tuple[Assistant, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant, root = made
    monkeypatch.setattr(assistant.machine, "on_battery", lambda: True)
    assistant.session().buffers.focus(root / "rim.py", cursor=THERE)
    assistant.session().buffers.open(root / "third.py", code("third"), 1, "python")
    await asyncio.sleep(0.2)
    assert not assistant.warmer.is_at_work
    assert (await ask(assistant, root / "rim.py", THERE)).tokens.prefilled > 1000


async def test_where_suggestions_are_off_nothing_is_evaluated(made: tuple[Assistant, Path]) -> None:
    """One editor has turned them off, another in one language; a third, on the same daemon, has not."""
    assistant, root = made
    await until(warmed(assistant))
    before = (await assistant.engine.metrics()).evaluated_tokens
    assistant.session("one").configure({"enable": False})
    assistant.session("two").configure({"disabledLanguages": ["python"]})
    for client in ("one", "two"):
        file = root / f"{client}.py"
        assistant.session(client).buffers.open(file, code(client), 1, "python")
        assistant.session(client).buffers.focus(file, THERE)
        assistant.session(client).buffers.save(file, None)
        made_quiet = await assistant.session(client).complete(CompletionRequest(file, THERE))
        assert made_quiet.quiet == "off"
    await asyncio.sleep(0.2)
    assert not assistant.warmer.is_at_work
    await until(lambda: not assistant.warmer.is_waiting)  # nor in the pause
    assert (await assistant.engine.metrics()).evaluated_tokens == before
    assistant.session("three").buffers.open(root / "three.py", code("three"), 1, "python")
    await until(warmed(assistant))
    assert (await assistant.engine.metrics()).evaluated_tokens > before + 1000
    # Turned on again, the place is warmed as anywhere.
    assistant.session("one").configure({"enable": None})
    assistant.session("one").buffers.focus(root / "one.py", THERE)
    await until(warmed(assistant))
    assert (await assistant.session("one").complete(CompletionRequest(root / "one.py", THERE))).tokens.prefilled <= 1
