"""Keeping windows over restarts: when they are saved, when they come back, and whose they are."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.datatypes import Completion, Position
from iquest_lsp.project import kv_snapshots
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.kv.store import StateStore
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS, until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]  # engines, daemons or long sessions

CODE = "def area(width, height):\n    return width * height\n\n\n" * 20 + "print(area("
END = Position(80, 11)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "shapes"
    project.mkdir()
    (project / "shapes.py").write_text(CODE)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "feat: areas")
    return project


def git(root: Path, *arguments: str) -> None:
    name = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", "-C", str(root), *name, *arguments], check=True)


def assistant(folder: Path) -> Assistant:
    options = EngineOptions(kind="fake", context_tokens=9000, state_folder=str(folder), state_limit=1 << 24)
    return Assistant(Configuration({"deadline_ms": PATIENT_MS}), ProcessEngine(options), watch=False)


async def answer(made: Assistant, root: Path) -> Completion:
    return await made.session().complete(CompletionRequest(root / "shapes.py", END))


@pytest.mark.slow
async def test_the_next_daemon_begins_warm(root: Path, tmp_path: Path) -> None:
    first = assistant(tmp_path / "kv")
    await first.engine.ready()
    await first.session().warm(root / "shapes.py", END)
    cold = await answer(first, root)
    assert cold.tokens.window > 1000
    await first.close()
    (entry,) = StateStore(tmp_path / "kv", 1 << 24).entries()
    assert (entry.workspace, entry.branch) == (str(root), "main")

    second = assistant(tmp_path / "kv")
    assert await second.session().warm(root / "shapes.py", END) < 0.1 * cold.tokens.window
    warm = await answer(second, root)
    assert warm.tokens.prefilled == 1
    assert warm.text == cold.text
    await second.close()


async def test_a_quiet_workspace_is_saved_once(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kv_snapshots, "QUIET_S", 0.05)
    made = assistant(tmp_path / "kv")
    await made.engine.ready()
    await answer(made, root)
    store = StateStore(tmp_path / "kv", 1 << 24)
    await until(store.entries)
    (entry,) = store.entries()
    assert entry.tokens > 1000
    await answer(made, root)  # a few tokens more are not worth another file
    await asyncio.sleep(0.3)
    assert store.entries() == [entry]
    await made.close()
    assert [other.used for other in store.entries()] == [entry.used]


async def test_each_branch_has_its_own(root: Path, tmp_path: Path) -> None:
    made = assistant(tmp_path / "kv")
    await made.engine.ready()
    await made.session().warm(root / "shapes.py", END, refresh=True)
    git(root, "switch", "-q", "-c", "topic")
    (root / "shapes.py").write_text("# another beginning of the file\n" + CODE)
    made.workspaces.files_changed([root / "shapes.py"])
    await made.session().warm(root / "shapes.py", END, refresh=True)
    await made.close()
    found = {entry.branch: entry.tokens for entry in StateStore(tmp_path / "kv", 1 << 24).entries()}
    assert set(found) == {"main", "topic"}


async def test_another_layout_starts_cold(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = assistant(tmp_path / "kv")
    await first.engine.ready()
    await answer(first, root)
    await first.close()
    monkeypatch.setattr(kv_snapshots, "__version__", "99")
    second = assistant(tmp_path / "kv")
    assert (await answer(second, root)).tokens.reused == 0
    await second.close()


async def test_nothing_is_saved_where_that_is_turned_off(root: Path, tmp_path: Path) -> None:
    options = EngineOptions(kind="fake", context_tokens=9000, state_folder=str(tmp_path / "kv"), state_limit=0)
    made = Assistant(Configuration({"deadline_ms": PATIENT_MS}), ProcessEngine(options), watch=False)
    await made.engine.ready()
    await answer(made, root)
    await made.close()
    assert not (tmp_path / "kv").exists()
