"""A workspace's memory: what enters it, what a change costs, what a failure leaves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import DropKind, Dropped, DropReason
from iquest_lsp.project import remembering
from iquest_lsp.project.remembering import RememberedWorkspace, remember, remember_packages
from iquest_lsp.runtime.memory import folders
from iquest_lsp.runtime.memory.builder import MemoryFiles
from iquest_lsp.runtime.memory.disk import Memory
from iquest_lsp.runtime.memory.layers import Layer
from iquest_lsp.runtime.models import catalogue

LINES = "def a_rather_long_name(value):\n    return value + 1\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RememberedWorkspace:
    monkeypatch.setattr(folders, "memory_folder", lambda: tmp_path / "kept")
    monkeypatch.setattr(remembering, "builders", {})
    root = tmp_path / "work"
    root.mkdir()
    (root / "one.py").write_text(LINES)
    (root / "two.py").write_text(LINES.replace("value", "other"))
    (root / ".env").write_text("TOKEN=sesame\n")
    (root / "built").mkdir()
    (root / "built" / "three.py").write_text(LINES)
    return RememberedWorkspace(root, ("built/",), 1000, 20, str(catalogue.resolve("")))


def held(files: MemoryFiles, place: RememberedWorkspace) -> dict[str, str]:
    """The text of each file that is remembered."""
    model = remembering.builders[place].model
    memories = [Memory.read(Path(file), model.vocabulary_key) for file in files.files]
    gone = {memory.layer: memory.gone for memory in memories}  # the last one of each
    return {
        entry.path: b"".join(map(model.piece, memory.tokens(at).tolist())).decode()
        for number, memory in enumerate(memories)
        for at, entry in enumerate(memory.entries)
        if memory.layer not in {one.layer for one in memories[number + 1 :]} or entry.path not in gone[memory.layer]
    }


@pytest.mark.slow
def test_the_files_that_may_be_shown_are_remembered(place: RememberedWorkspace) -> None:
    assert held(remember(place, {}), place) == {"one.py": LINES, "two.py": LINES.replace("value", "other")}


def test_prose_and_data_are_kept_apart_from_code(place: RememberedWorkspace) -> None:
    for name in ("notes.md", "CHANGES", "package.json"):
        (place.root / name).write_text(f"what {name} says\n")
    files = remember(place, {})
    key = remembering.builders[place].model.vocabulary_key
    memories = [Memory.read(Path(file), key) for file in files.files]
    assert {
        memory.layer: [entry.path for at, entry in enumerate(memory.entries) if len(memory.tokens(at))]
        for memory in memories
    } == {
        Layer.CODE: ["one.py", "two.py"],
        Layer.PROSE: ["CHANGES", "notes.md"],
        Layer.DATA: ["package.json"],
    }
    assert files.texts == 5
    (place.root / "notes.md").write_text("Call it:\n```python\nanswer = one()\n```\nas often as you like.\n")
    files = remember(place, {}, ["notes.md"])
    parts = {(part.layer, part.texts) for part in files.parts}
    assert parts == {(Layer.CODE, 3), (Layer.PROSE, 2), (Layer.DATA, 1)}
    (place.root / "notes.md").unlink()
    assert set(held(remember(place, {}), place)) == {"one.py", "two.py", "CHANGES", "package.json"}


def test_the_packages_that_files_import_are_remembered_after_them(place: RememberedWorkspace) -> None:
    site = place.root / "env" / "lib" / "python3.11" / "site-packages"
    (place.root / "env").mkdir()
    (place.root / "env" / "pyvenv.cfg").write_text("")
    (place.root / ".gitignore").write_text("env/\n")
    for name in ("used", "unused"):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text(f"def {name}_by_somebody():\n    pass\n")
    (site / "used-1.2.dist-info").mkdir()
    (site / "used-1.2.dist-info" / "RECORD").write_text("used/__init__.py,,\n")
    remember(place, {})
    assert remember_packages(place) == MemoryFiles()
    (place.root / "one.py").write_text(f"import used\n{LINES}")
    remember(place, {}, ["one.py"])
    files = remember_packages(place, ["one.py"])
    assert held(files, place) == {"pypi/used 1.2: used/__init__.py": "def used_by_somebody():\n    pass\n"}
    assert [(part.layer, part.package) for part in files.parts] == [(Layer.DEPENDENCIES, "pypi/used 1.2")]
    (place.root / "one.py").unlink()
    remember(place, {}, ["one.py"])
    assert remember_packages(place, ["one.py"]) == MemoryFiles()


def test_a_change_costs_the_reading_of_what_changed(
    place: RememberedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(place, {})
    (place.root / "one.py").write_text("changed = 1\n")
    (place.root / "two.py").unlink()
    (place.root / "new.py").write_text("new = 2\n")
    builder, model = remembering.builders[place].layers[Layer.CODE], remembering.builders[place].model
    read: list[str] = []
    monkeypatch.setattr(builder, "tokenize", lambda text: read.append(text) or model.tokenize(text))
    assert held(remember(place, {}), place) == {"one.py": "changed = 1\n", "new.py": "new = 2\n"}
    assert sorted(read) == ["changed = 1\n", "new = 2\n"]
    remember(place, {})
    assert len(read) == 2


def test_another_process_takes_over_what_is_kept(place: RememberedWorkspace) -> None:
    first = remember(place, {})
    remembering.builders.clear()
    assert remember(place, {}) == first


def test_a_buffer_takes_the_place_of_its_file_until_it_is_closed(place: RememberedWorkspace) -> None:
    remember(place, {})
    buffers: Mapping[str, Document | Dropped] = {"one.py": Document("one.py", "typed = 1\n", is_open=True)}
    assert held(remember(place, buffers, ["one.py"]), place)["one.py"] == "typed = 1\n"
    assert held(remember(place, {}, ["one.py"]), place)["one.py"] == LINES
    hidden: Mapping[str, Document | Dropped] = {
        "one.py": Dropped("one.py", DropReason(DropKind.SECRET_NAME, ("one.*",)))
    }
    assert "one.py" not in held(remember(place, hidden, ["one.py"]), place)


def test_a_file_that_rules_hide_now_is_forgotten(place: RememberedWorkspace) -> None:
    remember(place, {})
    (place.root / ".gitignore").write_text("two.py\n")
    found = remember(place, {}, ["two.py"])
    assert "two.py" not in held(found, place)


def test_memories_that_were_not_used_for_long_give_way(
    place: RememberedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = folders.memory_folder() / "old"
    old.mkdir(parents=True)
    (old / "large-0.memory").write_bytes(b"0" * 10_000)
    os.utime(old, (0, 0))
    monkeypatch.setattr(folders, "MOST_BYTES", 10_000)
    (kept,) = (Path(file) for file in remember(place, {}).files)
    assert not old.exists()
    assert kept.exists()
