"""What an agent is answered about a history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.errors import UsageError
from iquest_lsp.mcp_server.questions import ask_history, with_place
from tests.unit.codeflow.conftest import Script

BOT = "renovate[bot] <bot@renovate.com>"


def test_arguments_are_named_in_place_of_options_but_not_in_a_message(tmp_path: Path) -> None:
    script = Script(tmp_path / "repository")
    script.commit("Add `--include-filtered` to the command", {"a.py": "LIMIT = 1\n"})
    script.commit("Update the limit", {"a.py": "LIMIT = 2\n"}, BOT)
    values = {"file": "a.py", "line": 1}
    text = ask_history("why", script.root, values, report=lambda message: None).text
    assert "(`include_filtered` shows it)" in text
    assert "Add `--include-filtered` to the command" in text


def test_a_place_may_be_given_with_the_file() -> None:
    assert with_place({"file": "a.py:3-4"}) == {"file": "a.py", "line": 3, "end_line": 4}
    assert with_place({"file": "a.py::Shop.sum"}) == {"file": "a.py", "symbol": "Shop.sum"}
    assert with_place({"file": "a.py"}) == {"file": "a.py"}


@pytest.mark.parametrize(
    ("tool", "values", "said"),
    [
        ("suspects", {}, "The arguments 'file' and 'log' are both missing. Give one of them."),
        ("suspects", {"file": "a.py", "log": "x"}, "Give either 'log' or 'file', not both."),
        ("suspects", {"log": "all is well"}, "Give the whole output of the failing command."),
        ("explain_diff", {"revision": "--all"}, "Give a commit, a branch, a tag or a range A..B, or 'staged'."),
        ("explain_diff", {"patch": "all is well"}, "Give the output of `git diff`."),
        ("why", {"file": "a.py", "line": 2, "end_line": 1}, "Give the first line, then the last."),
    ],
)
def test_an_agent_is_told_of_arguments_and_not_of_options(
    tmp_path: Path, tool: str, values: dict[str, Any], said: str
) -> None:
    script = Script(tmp_path / "repository")
    script.commit("Begin", {"a.py": "LIMIT = 1\nMOST = 2\n"})
    with pytest.raises(UsageError) as caught:
        ask_history(tool, script.root, values, report=lambda message: None)
    assert str(caught.value).endswith(said)
