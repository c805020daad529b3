"""A workspace with a history: indexed in the background, told of in windows, followed as it moves."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.datatypes import ChunkKind, Position
from iquest_lsp.project.events import ProjectEvent
from iquest_lsp.settings import Configuration
from iquest_lsp.workspace.secret_scan import has_secret
from tests.e2e.home import children, stopped
from tests.unit.codeflow.conftest import Script
from tests.waiting import PATIENCE_S, PATIENT_MS, until


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """A repository in which a file and a far-off one always change together."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = Script(tmp_path / "repository")
    for turn in range(8):
        code = f"def area(side):\n    return side * {turn}\n"
        together = {"src/area.py": code, "deploy/sizes.cfg": f"side = {turn}\n"}
        made.commit(f"Use the factor {turn} that the survey of week {turn} asks for", together)
        made.commit(f"Note the survey of week {turn}", {f"notes/week{turn}.md": f"week {turn}\n"})
    return made


def stored(root: Path) -> int:
    """Commits in the store, as another process would find them; 0 while there is none."""
    index = FlowIndex.find(Repository.open(root, shows_all))
    if index is None:
        return 0
    with index:
        return len(index.entries()) if index.head else 0


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_history_is_indexed_in_the_background_with_progress_and_on_new_commits(script: Script) -> None:
    assistant = Assistant(Configuration({"engine": "fake"}))
    events: list[ProjectEvent] = []
    assistant.on_project(events.append)
    try:
        assistant.session().add_workspace(script.root)
        await until(lambda: stored(script.root) == 16, lambda: "the history's store")
        await until(lambda: any(e.what == "commits" and e.done == e.total == 16 for e in events), lambda: "progress")
        await until(lambda: events[-1].total == 0 or events[-1].news, lambda: "the end of the progress")
        script.commit("Measure in feet", {"src/area.py": "def area(side):\n    return side * 0.3048\n"})
        await until(lambda: stored(script.root) == 17, lambda: "the new commit")
    finally:
        await assistant.close()


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_the_window_shows_what_changes_along_and_what_the_history_says(script: Script) -> None:
    History(script.root, has_secret).update_index()
    assistant = Assistant(Configuration({"engine": "fake"}), watch=False)
    try:
        file = script.root / "src/area.py"
        assistant.session().buffers.open(file, file.read_text(), 1, "python")
        window = await assistant.session().context(file, Position(1, 4))
        reasons = {chunk.path: chunk.reason for chunk in window.chunks}
        assert reasons["deploy/sizes.cfg"] == "often changes with src/area.py"
        told = next(chunk.text for chunk in window.chunks if chunk.kind is ChunkKind.FLOW)
        assert "the survey of week 7 asks for" in told
        quiet = Assistant(Configuration({"engine": "fake", "history": False}), watch=False)
        try:
            window = await quiet.session().context(file, Position(1, 4))
        finally:
            await quiet.close()
        assert not any(chunk.kind is ChunkKind.FLOW for chunk in window.chunks)
        assert all("often changes with" not in chunk.reason for chunk in window.chunks)
    finally:
        await assistant.close()


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_a_pause_brings_the_window_up_to_date(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    from iquest_lsp.completion.request import CompletionRequest
    from iquest_lsp.project import warming

    monkeypatch.setattr(warming, "REST_S", 0.05)
    assistant = Assistant(Configuration({"engine": "fake"}))
    try:
        file = script.root / "src/area.py"
        project = assistant.session().add_workspace(script.root)
        assistant.session().buffers.open(file, file.read_text(), 1, "python")
        await assistant.session().warm(file, Position(1, 4))
        await assistant.session().complete(CompletionRequest(file, Position(1, 4)))
        code = "def area(side):\n    return round(side)\n"
        script.commit("Round as the land registry wants it", {"src/area.py": code})
        made: list[str] = []

        async def look() -> None:
            snapshot = project.documents.snapshot("src/area.py", Position(1, 4))
            window = await assistant.windows.make(project, snapshot)
            made.append("\n".join(chunk.text for chunk in window.chunks))

        async with asyncio.timeout(PATIENCE_S):
            await look()
            while "land registry" not in made[-1]:
                await asyncio.sleep(0.05)
                await look()
        assert "land registry" in made[-1]
    finally:
        await assistant.close()


@pytest.mark.slow
async def test_a_switch_of_branches_over_many_files_holds_up_no_completion(script: Script) -> None:
    names = [f"many/part{number // 100}/m{number}.py" for number in range(5000)]
    script.commit("Add many modules", dict.fromkeys(names, "def one(side):\n    return side\n"))
    script.git("checkout", "-q", "-b", "other")
    script.commit("Change them all", dict.fromkeys(names, "def two(side):\n    return 2 * side\n"))
    assistant = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}))
    steps: list[ProjectEvent] = []
    assistant.on_project(lambda event: steps.append(event) if event.what == "files" else None)
    here = script.root / "src/area.py"
    try:
        await assistant.engine.ready()
        assistant.session().buffers.open(here, here.read_text() + "def area(", 1, "python")
        await assistant.session().view(here).project.index()
        total = steps[-2].total
        assert total > 5000
        steps.clear()
        begin = time.monotonic()
        await asyncio.to_thread(script.git, "checkout", "-q", "main")
        took = time.monotonic() - begin
        await until(lambda: bool(steps) and 0 < steps[-1].done < total, lambda: "the first files read again")
        with stopped(*children(os.getpid(), "multiprocessing")):  # so that it is not read to the end before the answer
            given = await assistant.session().complete(CompletionRequest(here, Position(2, 9), explicit=True))
            assert given.text == "side):"
            assert 0 < steps[-1].done < total  # what is asked meanwhile is answered meanwhile
        await until(lambda: steps[-1].news, lambda: "the end")
        # 5,000 events are one reading, or a few where git itself takes longer than events are gathered (2 s).
        assert 1 <= sum(step.done == step.total > 0 for step in steps) <= 4 + took // 2
    finally:
        await assistant.close()


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_no_repository_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "plain").mkdir()
    file = tmp_path / "plain" / "a.py"
    file.write_text("x = 1\n")
    assistant = Assistant(Configuration({"engine": "fake"}))
    try:
        window = await assistant.session().context(file, Position(0, 5))
        assert [chunk.kind for chunk in window.chunks][-1] is ChunkKind.CURRENT
        assert not (tmp_path / "cache" / "iquest-lsp" / "codeflow").exists()
    finally:
        await assistant.close()
