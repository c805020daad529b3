"""Who can wait, as the command line can, is not told nothing because a busy machine let one deadline pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.assistant.session import PATIENT_TRIES
from iquest_lsp.completion.completer import Completer
from iquest_lsp.completion.postprocess import Quiet
from iquest_lsp.completion.request import Job
from iquest_lsp.datatypes import Generation, Position
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS

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
    """What was evaluated stays, and is counted once: as read for this answer, not as found."""
    (tmp_path / "iquest.toml").write_text("")
    file = tmp_path / "shapes.py"
    file.write_text(CODE)
    asked = 0
    generate = Completer._generate

    async def late_at_first(self: Completer, job: Job) -> Generation | None:
        nonlocal asked
        asked += 1
        if asked <= late:
            job.begin -= PATIENT_MS / 1000  # whatever held it up took all the time there was
            raise TimeoutError
        return await generate(self, job)

    monkeypatch.setattr(Completer, "_generate", late_at_first)
    made = await assistant.session().complete_patiently(CompletionRequest(file, REQUEST, explicit=True))
    assert asked == min(late + 1, PATIENT_TRIES)
    if late < PATIENT_TRIES:
        assert made.text == "width, height):"
        assert made.tokens.reused == 0
        assert made.tokens.prefilled == made.tokens.window
    else:
        assert (made.text, made.quiet) == ("", Quiet.DEADLINE)
