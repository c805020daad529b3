"""Where memories lie, and which of them give way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.runtime.memory import folders
from iquest_lsp.runtime.memory.folders import folder_of, kept_memories, make_room


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders, "memory_folder", lambda: tmp_path)
    return tmp_path


def test_names_together_tell_a_folder_from_all_others() -> None:
    assert folder_of("a", "b") == folder_of("a", "b")
    assert len({folder_of("a", "b"), folder_of("ab"), folder_of("a"), folder_of("b", "a"), folder_of("\udcff")}) == 5


def filled(name: str, size: int, at: int) -> Path:
    folder = folder_of(name)
    folder.mkdir(parents=True)
    (folder / "memory").write_bytes(b"a" * size)
    os.utime(folder, (at, at))
    return folder


def test_nothing_is_there_at_first() -> None:
    assert kept_memories() == []
    make_room([])


def test_what_was_not_used_for_the_longest_time_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    old, middle, new = (filled(name, 100, at) for at, name in enumerate(("old", "middle", "new"), 1000))
    monkeypatch.setattr(folders, "MOST_BYTES", 250)
    make_room([])
    assert [folder.exists() for folder in (old, middle, new)] == [False, True, True]


def test_what_is_in_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = filled("old", 100, 1000), filled("new", 100, 2000)
    monkeypatch.setattr(folders, "MOST_BYTES", 50)
    make_room([old])
    assert [folder.exists() for folder in (old, new)] == [True, False]
