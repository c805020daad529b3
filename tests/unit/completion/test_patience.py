"""Who can wait, as the command line can, is not told nothing because a busy machine let one deadline pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.assistant.session import PATIENT_TRIES, Session
from iquest_lsp.completion.postprocess import Quiet
from iquest_lsp.datatypes import Completion, Position
from iquest_lsp.project.remembering import RememberedWorkspace
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]  # engines, daemons or long sessions

CODE = "def area(width, height):\n    return width * height\n\n\ndef area("
REQUEST = Position(4, 9)


@pytest.fixture
async def assistant() -> AsyncIterator[Assistant]:
    made = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    yield made
    await made.close()


@pytest.mark.parametrize("late", [0, 1, PATIENT_TRIES - 1, PATIENT_TRIES])
async def test_a_deadline_that_brings_nothing_is_tried_again(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    (tmp_path / "iquest.toml").write_text("")
    file = tmp_path / "shapes.py"
    file.write_text(CODE)
    asked = 0
    candidates = Session.candidates

    async def late_at_first(self: Session, request: CompletionRequest, count: int) -> list[Completion]:
        nonlocal asked
        asked += 1
        found = await candidates(self, request, count)
        return found if asked > late else [replace(found[0], text="", quiet=Quiet.DEADLINE)]

    monkeypatch.setattr(Session, "candidates", late_at_first)
    made = await assistant.session().complete_patiently(CompletionRequest(file, REQUEST, explicit=True))
    assert asked == min(late + 1, PATIENT_TRIES)
    if late < PATIENT_TRIES:
        assert made.text == "width, height):"
        assert late or made.tokens.reused + made.tokens.prefilled == made.tokens.window
    else:
        assert (made.text, made.quiet) == ("", Quiet.DEADLINE)


async def test_the_first_answer_knows_the_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "work"
    root.mkdir()
    (root / "iquest.toml").write_text("")
    (root / "moves.py").write_text(CODE)
    (root / "board.py").write_text("board.place_the_white_queen(square, colour)\n" * 5)
    assistant = Assistant(Configuration({"deadline_ms": PATIENT_MS, "window_tokens": 512}), watch=False)
    try:
        session = assistant.session()
        window = await session.context(root / "moves.py", REQUEST)
        assert window.memory_files == 2
        project = session.view(root / "moves.py").project
        (root / "moves.py").write_text("board.place_the_w")
        project.memory.follow(RememberedWorkspace(root, (), 1, 1, ""), "off")  # as in a process that has just started
        request = CompletionRequest(root / "moves.py", Position(0, 17), explicit=True)
        made = await session.complete_patiently(request)
        assert made.text == "hite_queen(square, colour)"
        assert made.memory_path == "board.py"
    finally:
        await assistant.close()


async def test_who_waits_at_a_file_that_no_model_sees_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "work"
    root.mkdir()
    (root / "iquest.toml").write_text('exclude = ["hidden.py"]\n')
    for name in (".env", "hidden.py"):
        (root / name).write_text("NAME = ")
    assistant = Assistant(Configuration({"deadline_ms": PATIENT_MS, "window_tokens": 512}), watch=False)
    try:
        for name in (".env", "hidden.py"):
            request = CompletionRequest(root / name, Position(0, 7), explicit=True)
            made = await assistant.session().complete_patiently(request)
            assert (made.text, made.quiet) == ("", Quiet.HIDDEN)
    finally:
        await assistant.close()
