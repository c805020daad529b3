"""A line's past, asked for in an editor: of the lines that the editor shows, the newest change first."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.clients import FAKE, at, client_in

TEXT = "def f():\n    return {}\n\n\ndef g():\n    return 0\n"


def git(root: Path, *args: str) -> str:
    line = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org", *args]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def five_steps(tmp_path: Path) -> Path:
    """A repository whose second line was changed five times."""
    root = tmp_path / "work"
    root.mkdir()
    git(root, "init", "-q")
    for number in range(5):
        (root / "a.py").write_text(TEXT.format(number))
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", f"Set it to {number}")
    return root


async def test_lines_are_those_of_the_buffer(five_steps: Path) -> None:
    file = five_steps / "a.py"
    async with client_in(five_steps, *FAKE, hover=True) as (client, _):
        await client.ready()
        uri = client.open(file, "# unsaved\n# lines\n" + file.read_text())
        story = (await client.request("iquest/why", {"uri": uri, "line": 3}))["result"]["story"]
        assert [step["subject"] for step in story] == [f"Set it to {number}" for number in range(5)]
        hover = (await client.request("textDocument/hover", at(uri, 3)))["result"]["contents"]["value"]
        assert "Set it to 4" in hover.split("\n")[0]
        assert "Set it to 0" not in hover
        params = {"command": "iquest-lsp.explainChange", "arguments": [uri, 3]}
        explained = (await client.request("workspace/executeCommand", params))["result"]
        assert explained["target"] == git(five_steps, "rev-parse", "HEAD")
        unsaved = {"command": "iquest-lsp.explainChange", "arguments": [uri, 0]}
        assert (
            "No commit has changed line 1"
            in (await client.request("workspace/executeCommand", unsaved))["error"]["message"]
        )
        params = {"command": "iquest-lsp.why", "arguments": [uri, 7]}
        told = (await client.request("workspace/executeCommand", params))["result"]["markdown"]
        assert "Set it to 0" in told
        assert "Set it to 4" not in told
