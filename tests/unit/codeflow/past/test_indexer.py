"""What is kept of commits too wide to be read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow.past import indexer
from tests.unit.codeflow.conftest import Script, history_of


def test_a_definition_that_came_in_a_wide_commit_has_a_story(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "MAX_DEEP_FILES", 3)
    script.commit("Release 1.0", {f"m{number}.py": f"def f{number}():\n    return 1\n" for number in range(6)})
    script.git("tag", "v1.0")
    script.git("mv", "m0.py", "n0.py")
    script.commit("Move it", {})
    story = history_of(script.root, folder=tmp_path).why("n0.py::f0")
    assert next(item.subject for item in story.story) == "Release 1.0"
    assert story.since == "v1.0"


def test_what_came_deprecated_in_a_wide_commit_is(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "MAX_DEEP_FILES", 3)
    text = "@deprecated('use g')\ndef f{0}():\n    return 1\n"
    script.commit("Release 1.0", {f"m{number}.py": text.format(number) for number in range(6)})
    script.git("tag", "v1.0")
    assert history_of(script.root, folder=tmp_path).why("m0.py::f0").deprecated_in == "v1.0"
