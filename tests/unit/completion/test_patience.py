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
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

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
