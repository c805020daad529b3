"""Several commits in one text."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.patches import read_patch
from iquest_lsp.codeflow.git.mails import are_of_one_commit
from tests.unit.codeflow.conftest import Script


@pytest.mark.parametrize("command", [("format-patch", "--stdout"), ("log", "--patch")])
def test_the_message_of_one_commit_is_not_that_of_several(script: Script, command: tuple[str, ...]) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    script.commit("Fix the sum", {"a.py": "x = 2\n"})
    script.commit("Add another", {"b.py": "y = 2\n"})
    for count, subject in ((1, "Add another"), (2, "")):
        text = script.git(*command, f"-{count}").encode() + b"\n"
        assert are_of_one_commit(text) == (count == 1)
        patch = read_patch(text)
        assert (len(patch.files), patch.subject) == (count, subject)
