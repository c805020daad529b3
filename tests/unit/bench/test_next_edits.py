"""What is right when a history is replayed."""

from __future__ import annotations

from dataclasses import replace

from iquest_lsp.bench.next_edits import EditSession
from iquest_lsp.codeflow.reading import ChangedText, CommitTexts, Sources
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort


def test_lines_that_go_are_judged_with_their_ends() -> None:
    texts = ChangedText("a.py", "import os\nimport re\n\nx = 1\n", "\nx = 2\n")
    session = EditSession(CommitTexts("", "", (texts,), Sources(None)), "diff")
    removed = Reason(ReasonKind.REPEATED, ("1",))
    sort = Sort.of(PredictorKind.REPEAT)
    item = NextEdit("a.py", 1, 0, "import re\n", "", EditKind.REPEAT, removed, sort)
    assert session.judged(item) == (0, False)
    assert session.judged(replace(item, line=0, old="import os\nimport re\n")) == (0, True)
    assert session.judged(replace(item, line=3, old="x = 1\n")) is None
