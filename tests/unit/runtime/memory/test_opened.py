from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from iquest_lsp.runtime.memory import opened
from iquest_lsp.runtime.memory.builder import Builder, FileReading
from iquest_lsp.runtime.memory.opened import OpenMemories


def test_memories_are_opened_once_and_replaced_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder(tmp_path, "key", 128, lambda text: list(text.encode()))
    first = builder.update([FileReading("a.py", "xyz"), FileReading("b.py", "abc")])
    memories = OpenMemories("key")
    (large,) = memories.of(first.files)
    assert memories.of(first.files)[0] is large
    second = builder.update([FileReading("a.py", "xyw")])
    assert [one.entries[0].path for one in memories.of(second.files)] == ["a.py", "a.py"]
    assert memories.of(second.files[1:]) == []  # it stands upon a memory that is not named
    assert OpenMemories("another").of(first.files) == []
    assert memories.of([str(tmp_path / "none.memory")]) == []
    monkeypatch.setattr(opened, "READ_AT_ONCE", 0)
    beside = OpenMemories("key")
    while not (found := beside.of(first.files)):
        pass
    assert found[0].digest == large.digest


@pytest.mark.slow
def test_what_was_replaced_is_let_go_of(tmp_path: Path) -> None:
    """A save a minute for a day: no more is mapped than what prompts name."""
    builder = Builder(tmp_path / "one", "key", 128, lambda text: list(text.encode()))
    other = Builder(tmp_path / "other", "key", 128, lambda text: list(text.encode()))
    memories = OpenMemories("key")
    kept = memories.of(other.update([FileReading("b.py", "abc")]).files)
    builder.update([FileReading("a.py", "xyz"), FileReading("b.py", "abc")])
    held = [
        weakref.ref(one)
        for number in range(5)
        for one in memories.of(builder.update([FileReading("a.py", "x" * number)]).files)
    ]
    gc.collect()
    assert len({id(one()) for one in held if one() is not None}) == 2, "the large one and the newest small one"
    assert memories.of([str(one.path) for one in kept]) == kept, "another workspace's is still open"
