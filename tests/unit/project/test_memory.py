from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from iquest_lsp.project.memory import WorkspaceMemory
from iquest_lsp.project.remembering import RememberedWorkspace
from iquest_lsp.runtime.memory.builder import MemoryFiles
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.workspace.documents import DocumentStore
from tests.waiting import PATIENCE_S

LINES = "def a_rather_long_name(value):\n    return value + 1\n"


def test_a_workspace_is_remembered_beside_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "work"
    root.mkdir()
    (root / "one.py").write_text(LINES)
    documents = DocumentStore(root)
    memory = WorkspaceMemory(root, documents, lambda path: documents.get(path))
    place = RememberedWorkspace(root, (), 1000, 20, str(catalogue.resolve("")))

    async def go() -> None:
        memory.follow(place, "off")
        await memory.ready()
        assert memory.files == MemoryFiles()
        memory.follow(replace(place, packages=True), "dependencies")
        await memory.filled(0)  # who has no patience is not kept
        await memory.filled(PATIENCE_S)
        assert memory.files.texts == 1
        await memory.ready()
        assert memory.files.texts == 1
        memory.follow(place, "repository")
        await memory.ready()
        first = memory.files
        assert first.texts == 1
        documents.open("one.py", LINES * 2, 1)
        memory.follow(place, "repository", buffers=True)
        await memory.ready()
        assert memory.files.tokens > first.tokens
        documents.close("one.py")
        memory.follow(place, "repository", buffers=True)
        await memory.ready()
        assert memory.files.tokens == first.tokens
        memory.follow(RememberedWorkspace(root, (), 1000, 20, str(root / "none.gguf")), "repository")
        assert memory.files == MemoryFiles()
        memory.stop()
        memory.look_again()
        await memory.ready()

    asyncio.run(go())
