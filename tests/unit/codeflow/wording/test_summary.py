"""The summary of an explanation."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.changed_files import ChangedFile
from iquest_lsp.codeflow.diff.intents.kinds import Intent
from iquest_lsp.codeflow.wording.summary import Subject, sentence
from tests.unit.codeflow.conftest import Script, history_of

SUITE = """describe('{0}', () => {{
  it('holds', () => {{
    {0}.hold();
  }});
  it('gives', () => {{
    {0}.give();
  }});
}});
"""
ONE, TWO, THREE = (SUITE.format(name) for name in ("one", "two", "three"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (ONE, ONE + TWO, "Adds the suite `two`."),
        (ONE + TWO, ONE, "Removes the suite `two`."),
        (ONE, ONE + TWO + THREE, "Adds 2 suites."),
        (ONE, ONE.replace("hold()", "hold(1)"), "Changes the test `one > holds`."),
        (ONE + TWO, ONE.replace("hold()", "hold(1)"), "Changes the test `one > holds`; removes the suite `two`."),
    ],
)
def test_suites_that_come_and_go_are_told_whole(script: Script, before: str, after: str, told: str) -> None:
    script.commit("One", {"a.test.js": before})
    script.commit("Two", {"a.test.js": after})
    assert told in history_of(script.root).explain_diff("HEAD").to_json()["summary"]


def test_lines_that_nobody_counted_are_no_lines() -> None:
    """Of a file that is too large, or whose contents a clone lacks; and where nothing but a name changes."""
    files = [ChangedFile("huge.txt", "added"), ChangedFile("b.txt", "renamed", old_path="a.txt")]
    assert sentence(Subject("worktree", "", ""), files, [], Intent("change", 0.0, ())).endswith(" 2 files.")
    assert sentence(Subject("worktree", "", ""), [files[0]], [], Intent("change", 0.0, ())).endswith(" 1 file.")
