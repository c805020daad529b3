"""What is told of the history beside the code: actions, hover, lenses, and what pages of a client ask about."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import CODE, DYNAMIC, FAKE, actions, at, client_in, registered, shapes_in, times_asked
from tests.e2e.rawclient import RawClient


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shapes_in(tmp_path)


async def run(client: RawClient, action: dict[str, Any]) -> str:
    command = action["command"]
    params = {"command": command["command"], "arguments": command["arguments"]}
    answer = await client.request("workspace/executeCommand", params)
    return str(answer["result"]["markdown"])


async def test_actions_hover_and_lenses_tell_the_history(root: Path) -> None:
    """One client from a plain start to changed settings and a changed file."""
    capabilities = {
        "window": {"showDocument": {"support": True}},
        "textDocument": {"hover": DYNAMIC, "codeLens": DYNAMIC},
        "workspace": {"codeLens": {"refreshSupport": True}, "configuration": True, "didChangeConfiguration": DYNAMIC},
    }
    results = {"window/showDocument": {"success": True}, "workspace/configuration": [{"hover": True, "codeLens": True}]}
    async with client_in(root, *FAKE, capabilities=capabilities, results=results) as (client, told):
        assert {"iquest-lsp.explainChange", "iquest-lsp.why"} <= set(told["executeCommandProvider"]["commands"])
        assert "hoverProvider" not in told
        assert "codeLensProvider" not in told
        uri = client.open(root / "shapes.py", CODE)
        assert (await client.request("textDocument/hover", at(uri, 1)))["result"] is None

        found = (await client.request("textDocument/codeAction", actions(uri, 1)))["result"]
        assert [action["title"] for action in found] == ["IQuest: explain this change", "IQuest: why is this so?"]
        nothing = await client.request("textDocument/codeAction", actions(uri, 1, only=["quickfix"]))
        assert nothing["result"] == []
        some = await client.request("textDocument/codeAction", actions(uri, 1, only=["source"]))
        assert len(some["result"]) == 2
        explained, why = await run(client, found[0]), await run(client, found[1])
        assert "shapes.py" in explained
        assert "Compute" in why
        shown = [item["params"] for item in client.requests if item["method"] == "window/showDocument"]
        files = [Path(item["uri"].removeprefix("file://")) for item in shown]
        assert [file.name for file in files] == ["explanation.md", "why.md"]
        assert files[1].read_text() == why
        assert files[1].stat().st_mode & 0o777 == 0o600
        for wrong in ([], [uri], [uri, -1], [3, uri], [uri, "x"]):
            answer = await client.request("workspace/executeCommand", {"command": "iquest-lsp.why", "arguments": wrong})
            assert "error" in answer
        # A command that an earlier session left, of a place in no workspace that is open.
        elsewhere = [root.with_name("elsewhere"), root.with_name("nowhere") / "a.py"]
        subprocess.run(["git", "clone", "-q", str(root), str(elsewhere[0])], check=True)
        for file, answers in ((elsewhere[0] / "shapes.py", "result"), (elsewhere[1], "error")):
            params = {"command": "iquest-lsp.explainChange", "arguments": [file.as_uri(), 1]}
            answer = await client.request("workspace/executeCommand", params)
            assert answers in answer
            assert answer.get("error", {}).get("code", -32803) == -32803

        # The settings change: pulled, since the client says only that they did, and followed at once.
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        wanted = {"textDocument/hover", "textDocument/codeLens", "workspace/didChangeConfiguration"}
        await client.until(lambda: registered(client, "client/registerCapability") >= wanted)
        hover = (await client.request("textDocument/hover", at(uri, 1)))["result"]["contents"]
        assert hover["kind"] == "markdown"
        assert r"Compute \*areas\*" in hover["value"]
        assert (await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}))["result"] == []

        changed = CODE.replace("return a * b * c", "product = a * b * c\n    return product")
        (root / "shapes.py").write_text(changed)
        client.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": changed}]},
        )
        client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        await client.until(lambda: times_asked(client, "workspace/codeLens/refresh") > 1)  # once for the settings
        lenses = (await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}))["result"]
        assert [lens["range"]["start"]["line"] for lens in lenses] == [4, 4]
        assert lenses[0]["command"]["title"] == "2 lines changed since the last commit: explain"
        assert "working tree" in await run(client, lenses[0])


async def test_a_client_with_pages_of_its_own_is_told_what_to_ask_about(root: Path) -> None:
    capabilities = {
        "window": {"showDocument": {"support": True}},
        "experimental": {"iquest": {"pages": True}},
    }
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, _):
        uri = client.open(root / "shapes.py", CODE)
        found = (await client.request("textDocument/codeAction", actions(uri, 1)))["result"]
        answer = await client.request("workspace/executeCommand", found[0]["command"])
        head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        assert answer["result"] == {"target": head.stdout.strip(), "folder": root.as_uri()}
        assert not [item for item in client.requests if item["method"] == "window/showDocument"]
