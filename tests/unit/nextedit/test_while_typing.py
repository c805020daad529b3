"""When suggestions are worked out while somebody types."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit import gate, worker
from iquest_lsp.nextedit.records import EditKind, NextEdit, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort
from iquest_lsp.nextedit.while_typing import TypingEdits


class Counted:
    """Stands for the process that works suggestions out, and counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    async def work(self, *args: object) -> tuple[list[object], list[object]]:
        self.calls += 1
        return [], []


def live_of(shared: Counted) -> TypingEdits:
    """A client's edits in a workspace whose lines all look the same."""
    documents = SimpleNamespace(open_documents=lambda client: [])
    lines = SimpleNamespace(line=lambda number: "")
    view = SimpleNamespace(
        root=Path("/"),
        client="",
        settings=SimpleNamespace(exclude=()),
        project=SimpleNamespace(documents=documents),
        lines=lambda path: lines,
    )
    return TypingEdits(cast(Any, shared), cast(Any, view))


async def test_nothing_is_worked_out_for_a_client_that_never_asks() -> None:
    shared = Counted()
    live = live_of(shared)
    for text in ("a = 1", "ab = 1", "abc = 1"):
        live.changed("a.py", " = 1", text)
        await asyncio.sleep(0)
    assert shared.calls == 0
    await live.ask("a.py")
    assert shared.calls == 1
    live.changed("a.py", "abc = 1", "abcd = 1")  # from now on ahead of the question
    for _ in range(5):
        await asyncio.sleep(0)
    assert shared.calls == 2


NEAR = NextEdit(
    "a.py", 5, 0, "a", "ab", EditKind.RENAME, Reason(ReasonKind.RENAMED, ("a", "ab")), Sort.of(PredictorKind.RENAME)
)
FAR = replace(NEAR, path="b.py")


class Searching(Counted):
    """Stands for a process that finds one thing at once, and another after a search that waits for `may_search`."""

    def __init__(self) -> None:
        super().__init__()
        self.may_search = asyncio.Event()
        self.searched = False

    async def work(self, *args: object) -> tuple[list[object], list[object]]:
        await super().work()
        return ([NEAR, FAR], []) if self.searched else ([NEAR], ["far"])

    async def search(self, *args: object) -> None:
        await self.may_search.wait()
        self.searched = True


async def test_what_is_near_is_shown_before_the_repository_is_searched() -> None:
    shared = Searching()
    live = live_of(shared)
    live.changed("a.py", " = 1", "a = 1")
    assert await live.ask("a.py") == [NEAR]
    assert shared.calls == 1
    shared.may_search.set()
    while shared.calls < 2:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await live.ask("a.py") == [NEAR, FAR]
    assert shared.calls == 2


async def test_a_key_waits_for_no_search() -> None:
    shared = Searching()
    live = live_of(shared)
    live.changed("a.py", " = 1", "a = 1")
    assert await live.ask("a.py") == [NEAR]
    live.changed("a.py", "a = 1", "ab = 1")
    assert await live.ask("a.py") == [NEAR]
    assert shared.calls == 2
    shared.may_search.set()
    while shared.calls < 3:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await live.ask("a.py") == [NEAR, FAR]
    assert shared.calls == 3


def test_a_search_that_is_left_out_is_done_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "precision", lambda sort: 0.95)
    files = {"a.py": "def total_of(it):\n    return it\n", "b.py": "from a import total_of\n\ntotal_of(1)\n"}
    git = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    git(["git", "init"])
    for path, text in files.items():
        (tmp_path / path).write_text(text, "utf-8")
    git(["git", "add", "."])
    after = files["a.py"].replace("total_of", "whole_of")
    ask = (tmp_path, 0, (), [ChangedText("a.py", files["a.py"], after)], {"a.py": after}, ("a.py", 0))
    found, wanted = worker.suggest(*ask)
    assert (found, bool(wanted)) == ([], True)
    for each in wanted:
        worker.learn(*ask[:3], each, worker.search(*ask[:3], each))
    found, wanted = worker.suggest(*ask)
    assert {item.path for item in found} == {"b.py"}
    assert wanted == []


def test_a_file_that_git_does_not_know_yet_is_offered_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "precision", lambda sort: 0.95)
    (tmp_path / "a.py").write_text("def total_of(it):\n    return it\n", "utf-8")
    git = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    git(["git", "init"])
    git(["git", "add", "."])
    (tmp_path / "b.py").write_text("from a import total_of\n\ntotal_of(1)\n", "utf-8")
    before, after = "def total_of(it):\n    return it\n", "def whole_of(it):\n    return it\n"
    ask = (tmp_path, 0, (), [ChangedText("a.py", before, after)], {"a.py": after}, ("a.py", 0))
    for each in worker.suggest(*ask)[1]:
        worker.learn(*ask[:3], each, worker.search(*ask[:3], each))
    found, _ = worker.suggest(*ask)
    assert {item.path for item in found} == {"b.py"}


LOOK = Place.of(FAR)


class Placing(Searching):
    """Stands for a process that finds places only after a search."""

    async def places(self, *args: object) -> tuple[list[Place], list[object]]:
        return ([LOOK], []) if self.searched else ([], ["far"])

    def number(self) -> int:
        return 1


async def test_places_wait_for_the_search_and_come_after_a_deletion_too() -> None:
    shared = Placing()
    shared.may_search.set()
    live = live_of(shared)
    assert await live.places() == []  # before any edit
    live.changed("a.py", "a = 1", " = 1")
    assert await live.places() == [LOOK]
    assert await live.ask("a.py") == []


async def test_where_a_suggestion_was_dismissed_is_no_place_either() -> None:
    shared = Placing()
    shared.may_search.set()
    live = live_of(shared)
    live.changed("a.py", "a = 1", " = 1")
    assert await live.places() == [LOOK]
    assert live.dismiss(live.sent(FAR))
    assert await live.places() == []


async def test_places_of_another_text_are_none() -> None:
    shared = Placing()
    live = live_of(shared)
    live.changed("a.py", " = 1", "a = 1")
    asked = asyncio.create_task(live.places())
    await asyncio.sleep(0)
    live.changed("a.py", "a = 1", "ab = 1")
    shared.may_search.set()
    assert await asked == []
