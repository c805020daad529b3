"""Settings that change while the server runs: what they reach, and what they leave alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant
from iquest_lsp.datatypes import Position
from iquest_lsp.runtime.base.engine import EngineState, EngineStatus
from iquest_lsp.settings import Configuration
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]  # engines, daemons or long sessions

CODE = "def area(width, height):\n    return width * height\n"


@pytest.fixture
def configuration() -> Configuration:
    return Configuration({"engine": "fake"})


@pytest.fixture
async def made(tmp_path: Path, configuration: Configuration) -> AsyncIterator[tuple[Assistant, Path]]:
    (tmp_path / "iquest.toml").write_text("")
    (tmp_path / "shapes.py").write_text(CODE)
    (tmp_path / "use.py").write_text("from shapes import area\n\nprint(area(1, 2))\n")
    assistant = Assistant(configuration, watch=False)
    assistant.session("editor").add_workspace(tmp_path)
    await assistant.engine.ready()
    yield assistant, tmp_path
    await assistant.close()


async def shown(assistant: Assistant, file: Path) -> tuple[int, set[str]]:
    """The window's budget and the files in it."""
    window = await assistant.session("editor").context(file, Position(0, 0))
    return window.budget, {chunk.path for chunk in window.chunks}


async def test_another_window_is_a_new_start_of_the_engine_and_nothing_else_is(made: tuple[Assistant, Path]) -> None:
    assistant, root = made
    first, told = assistant.engine.pid, list[EngineStatus]()
    assistant.engine.on_status(told.append)
    for harmless in ({"deadlineMs": 300}, {"history": False}, {"windowTokens": None}, {"window_tokens": "many"}, {}):
        assistant.session("editor").configure(harmless)
    # A setting is as the one that set it first has it, so a second client changes nothing.
    assert not assistant.session("editor").configure({"windowTokens": 1500})
    assert [problem.key for problem in assistant.session("other").configure({"windowTokens": 900})] == ["windowTokens"]
    await until(lambda: assistant.engine.pid != first and assistant.engine.status.state is EngineState.READY)
    assert (await shown(assistant, root / "use.py"))[0] == 1500
    assert [str(status.error) for status in told if status.state is EngineState.RESTARTING] == [
        "The model that the settings name is being loaded."
    ]


@pytest.mark.slow
async def test_a_change_while_the_model_loads_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IQUEST_LSP_FAKE", '{"load_ms": 500}')
    assistant = Assistant(Configuration({"engine": "fake"}), watch=False)
    try:
        assistant.engine.start()
        await until(lambda: assistant.engine.status.state is EngineState.LOADING)
        assistant.session("editor").configure({"window_tokens": 1500})
        assistant.session("editor").configure({"window_tokens": 1600})
        await until(lambda: assistant.engine.model is not None and assistant.engine.model.window == 1600)
    finally:
        await assistant.close()


async def test_a_model_that_there_is_not_leaves_the_one_that_runs(
    made: tuple[Assistant, Path], configuration: Configuration
) -> None:
    assistant, root = made
    configuration.overrides.clear()
    first = assistant.engine.pid
    (problem,) = assistant.session("editor").configure({"model": "no-such-model", "engine": "llama"})
    assert problem.key == "model"
    assert "no-such-model" in problem.reason
    await asyncio.sleep(0.2)
    assert (assistant.engine.pid, assistant.engine.status.state) == (first, EngineState.READY)
    assert (await shown(assistant, root / "use.py"))[1] >= {"shapes.py", "use.py"}


async def test_what_surrounds_a_file_follows_the_strictest_who_has_the_workspace_open(
    made: tuple[Assistant, Path],
) -> None:
    assistant, root = made
    file = root / "use.py"
    assert "shapes.py" in (await shown(assistant, file))[1]
    assistant.session("editor").configure({"context": "open"})
    assert "shapes.py" not in (await shown(assistant, file))[1]
    assistant.session("editor").buffers.open(root / "shapes.py", CODE, 1, "python")
    assert "shapes.py" in (await shown(assistant, file))[1]
    assistant.session("other").add_workspace(root)
    assistant.session("other").configure({"context": "none"})
    assert "shapes.py" not in (await shown(assistant, file))[1]
    assistant.session("other").leave()
    assistant.session("editor").configure({"context": None})
    assert "shapes.py" in (await shown(assistant, file))[1]


@pytest.mark.slow
async def test_the_files_of_settings_are_followed(tmp_path: Path) -> None:
    user, root = tmp_path / "settings.toml", tmp_path / "work"
    root.mkdir()
    user.write_text("deadline_ms = 100\n")
    (root / "iquest.toml").write_text("max_tokens = 10\n")
    assistant = Assistant(Configuration({"engine": "fake"}, user))
    told: list[str] = []
    assistant.on_project(lambda event: told.append(event.what))
    try:
        project = assistant.session("editor").add_workspace(root)
        await assistant.engine.ready()

        def now() -> tuple[int, int]:
            settings = assistant.session("editor").view(root / "a.py").settings
            return settings.deadline_ms, settings.max_tokens

        assert now() == (100, 10)
        await until(lambda: project.is_watching)
        (root / "iquest.toml").write_text("max_tokens = 20\n")
        await until(lambda: now() == (100, 20))
        # Saved in an editor, or changed where nothing watches.
        project.stop_watching()
        (root / "iquest.toml").write_text("max_tokens = 30\n")
        assistant.workspaces.files_changed([root / "iquest.toml"])
        await until(lambda: now() == (100, 30))
        told.clear()
        assistant.look_at_user_file()
        assert told == []  # it is as it was
        first = assistant.engine.pid
        user.write_text("deadline_ms = 150\nwindow_tokens = 1500\n")
        assistant.look_at_user_file()
        await until(lambda: now() == (150, 30))
        assert "settings" in told
        await until(lambda: assistant.engine.model is not None and assistant.engine.model.window == 1500)
        assert assistant.engine.pid != first
    finally:
        await assistant.close()
