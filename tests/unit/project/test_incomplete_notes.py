"""What a window could not be made of is said with it: not read yet, unreadable, too many, a history not indexed."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, window_to_json
from iquest_lsp.datatypes import Position
from iquest_lsp.dropped import DropKind, Dropped, DropReason
from iquest_lsp.project import project as projects
from iquest_lsp.project.events import EventKind
from iquest_lsp.project.incomplete_notes import IncompleteNotes
from iquest_lsp.settings import Configuration
from iquest_lsp.workspace.admission import MAX_BYTES
from tests.e2e.home import children, stopped
from tests.unit.codeflow.conftest import Script

pytestmark = pytest.mark.slow  # engines, daemons or long sessions


@pytest.fixture
async def assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Assistant]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = Assistant(Configuration({"engine": "fake"}), watch=False)
    yield made
    await made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "iquest.toml").write_text("")
    (folder / "a.py").write_text("x = 1\n")
    return folder


async def partial(assistant: Assistant, root: Path) -> list[str] | None:
    """What `context --json` says is missing."""
    window = await assistant.session().context(root / "a.py", Position(0, 5))
    found: list[str] | None = window_to_json(window)["partial"]
    return found


async def test_nothing_is_missing_where_only_what_may_not_be_shown_stays_out(assistant: Assistant, root: Path) -> None:
    (root / ".gitignore").write_text("build/\n")
    (root / "build").mkdir()
    (root / "picture.png").write_bytes(b"\x89PNG\0\0")
    (root / ".env").write_text("TOKEN=abcdefgh12345678\n")
    (root / "package-lock.json").write_text("{}\n")
    os.mkfifo(root / "pipe")
    assert await partial(assistant, root) is None


async def test_what_cannot_be_read_is_named_and_counted(assistant: Assistant, root: Path) -> None:
    (root / "latin.py").write_bytes(b"name = '\xe9'\n")
    (root / "long.py").write_text("x = 1\n" * (MAX_BYTES // 5))
    (root / "loop.py").symlink_to("loop.py")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.py")).write_text("")
    told = await partial(assistant, root)
    assert told is not None
    assert len(told) == 1
    assert told[0].startswith("not read: ")
    assert told[0].endswith(" and 1 more")
    assert "latin.py (in an unknown encoding" in told[0]
    assert "long.py (too large" in told[0]
    assert await partial(assistant, root) == told  # a second look adds nothing


async def test_more_files_than_are_read(assistant: Assistant, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MAX_FILES", 3)
    for number in range(4):
        (root / f"b{number}.py").write_text("y = 2\n")
    assert await partial(assistant, root) == ["only 3 files are read, there are more"]
    for number in range(4):
        (root / f"b{number}.py").unlink()
    assistant.session().view(root / "a.py").project.files_changed([root / f"c{number}.py" for number in range(300)])
    assert await partial(assistant, root) is None  # read anew, there are fewer


async def test_reading_that_was_given_up(assistant: Assistant, root: Path) -> None:
    for number in range(400):
        (root / f"b{number}.py").write_text("def one(side):\n    return side\n")
    await assistant.engine.ready()
    project = assistant.session().view(root / "a.py").project
    assert project.lacks() == ("the files are not read yet",)
    with stopped(*children(os.getpid(), "multiprocessing")):
        project.stop_indexing(EventKind.FILES)
        await asyncio.sleep(0)
    while await partial(assistant, root) is None:  # where it had begun no sooner
        project.files_changed([root / f"b{number}.py" for number in range(300)])
        project.stop_indexing(EventKind.FILES)
    assert any("not read to the end" in sentence for sentence in await partial(assistant, root) or ())


def test_progress_is_told_until_the_end() -> None:
    lacks = IncompleteNotes()
    assert lacks.told(()) == ("the files are not read yet",)
    lacks.work(EventKind.FILES, 50, 1900)
    lacks.work(EventKind.COMMITS, 1000, 88000)
    assert lacks.told(()) == (
        "the files are still being read: 50 of 1,900",
        "the history is still being indexed: 1,000 of 88,000 commits",
    )
    lacks.work(EventKind.FILES, 1900, 1900)
    lacks.work(EventKind.SYMBOLS, 5, 88000)
    assert lacks.told(()) == ("the history is still being indexed: the definitions of 5 of 88,000 commits",)
    lacks.work(EventKind.SYMBOLS, 0, 0)
    lacks.work(EventKind.WARMING, 1, 10)
    lacks.files(9, is_whole=False, problems=[".gitignore: line 1"])
    assert lacks.told([Dropped("a", DropReason(DropKind.IGNORED, ("ignored",)))]) == (
        "only 9 files are read, there are more",
        ".gitignore: line 1; all that the rule could speak of is kept out",
    )
    lacks.files(9, is_whole=True, problems=[])
    assert lacks.told([Dropped("a", DropReason(DropKind.IGNORED, ("ignored",)))]) == ()


async def test_a_shallow_clone_and_one_that_git_refuses(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Script(tmp_path / "origin")
    for turn in range(3):
        origin.commit(f"Use {turn}", {"a.py": f"x = {turn}\n"})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", origin.root.as_uri(), clone], check=True)
    told = await partial(assistant, clone)
    assert told is not None
    assert len(told) == 1
    assert "shallow" in told[0]
    (origin.root / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 99\n")
    told = await partial(assistant, origin.root)
    assert told
    assert all("history is not read to its end" in sentence for sentence in told)
