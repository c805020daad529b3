"""What is right when a history is replayed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from iquest_lsp.bench.next_edits import EditSession, replay_edits
from iquest_lsp.bench.replay import replay
from iquest_lsp.codeflow.reading import ChangedText, CommitTexts, Sources
from iquest_lsp.errors import RepositoryError
from iquest_lsp.nextedit.records import EditKind, NextEdit, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort
from tests.unit.codeflow.conftest import Script

USES = "from shapes import area\n\n\ndef first():\n    return area(1, 2)\n\n\ndef second():\n    return area(3, 4)\n"


def test_lines_that_go_are_judged_with_their_ends() -> None:
    texts = ChangedText("a.py", "import os\nimport re\n\nx = 1\n", "\nx = 2\n")
    session = EditSession(CommitTexts("", "", (texts,), Sources(None)), "diff")
    removed = Reason(ReasonKind.REPEATED, ("1",))
    sort = Sort.of(PredictorKind.REPEAT)
    item = NextEdit("a.py", 1, 0, "import re\n", "", EditKind.REPEAT, removed, sort)
    assert session.judged(item) == (0, False)
    assert session.judged(replace(item, line=0, old="import os\nimport re\n")) == (0, True)
    assert session.judged(replace(item, line=3, old="x = 1\n")) is None


def test_a_place_that_asks_for_a_name_is_right_where_the_edit_brings_it() -> None:
    texts = ChangedText("a.py", "import os\nimport sys\n\nx = 1\n", "import os\nimport re\nimport sys\n\nx = re\n")
    session = EditSession(CommitTexts("", "", (texts,), Sources(None)), "diff")

    def edit_for(name: str) -> int | None:
        reason = Reason(ReasonKind.NOT_IMPORTED, (name,))
        return session.edit_in(Place("a.py", 0, 3, EditKind.IMPORT, reason, Sort.of(PredictorKind.IMPORT, "block")))

    assert [edit_for(name) for name in ("re", "r", "x")] == [0, None, 1]
    session.make("a.py", 1)  # below the imports: the place is what is left of its lines
    assert edit_for("re") == 0


@pytest.mark.slow
def test_a_rename_is_found_where_it_is_used(tmp_path: Path) -> None:
    script = Script(tmp_path / "repository")
    shapes = "def area(width, height):\n    return width * height\n"
    script.commit("Measure", {"shapes.py": shapes, "uses.py": USES})
    renamed = {name: text.replace("area", "surface") for name, text in (("shapes.py", shapes), ("uses.py", USES))}
    script.commit("Call it a surface", renamed)
    answer = replay_edits(script.root, 5, only_names=True)
    assert answer["rows"]
    right = {name: row for name, row in answer["sorts"].items() if row["right"]}
    assert right
    assert all(name.startswith("rename") for name in right)
    assert all(0 < row["right"] <= row["made"] and 0 < row["assumed"] <= 1 for row in right.values())


@pytest.mark.slow
def test_a_history_without_edits_is_told_and_no_row_of_zeros(tmp_path: Path) -> None:
    script = Script(tmp_path / "repository")
    script.commit("Begin", {"a.py": "x = 1\n"})
    with pytest.raises(RepositoryError, match="nothing to replay: The last 5 commits hold none that changes a name"):
        replay_edits(script.root, 5, only_names=True)


@pytest.mark.slow
def test_a_history_without_lines_to_type_is_told_before_a_model_is_loaded(tmp_path: Path) -> None:
    script = Script(tmp_path / "repository")
    script.commit("Begin", {"a.png": "\0"})
    with pytest.raises(RepositoryError, match="nothing to replay: The last 5 commits add no line"):
        asyncio.run(replay(script.root, 5, 10, {"model": "/no/such.gguf"}))
