"""Diagnostics of other servers near the cursor, as evidence and in the window."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import CODE, FAKE, actions, at, client_in, shapes_in, times_asked
from tests.waiting import PATIENCE_S


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shapes_in(tmp_path)


async def test_diagnostics_near_the_cursor_are_evidence(root: Path) -> None:
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    fake = {"responses": ["Define q first."] * 9, "metadata": {"tokenizer.chat_template": template}}
    environment = {"IQUEST_LSP_FAKE": json.dumps(fake)}
    place = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 1}}
    offered = [{"range": place, "message": "undefined name 'r'"}, {"range": "nonsense"}, 7]
    results = {"iquest/diagnostics": offered}
    listens = {"iquest": {"diagnostics": True}}
    for experimental, message in ((None, "name 'q' is not defined"), (listens, "undefined name 'r'")):
        capabilities = {"experimental": experimental} if experimental else {}
        async with client_in(root, *FAKE, capabilities=capabilities, environment=environment, results=results) as (
            client,
            _,
        ):
            uri = client.open(root / "shapes.py", CODE)
            await client.request("textDocument/codeAction", actions(uri, 1))
            asked = {"question": "What is wrong?", "uri": uri, "position": {"line": 1, "character": 0}}
            answer = (await client.request("iquest/ask", asked))["result"]
            told = [piece for piece in answer["evidence"] if piece["kind"] == "diagnostics"]
            assert [piece["path"] for piece in told] == ["shapes.py"]
            assert times_asked(client, "iquest/diagnostics") == bool(experimental)
            assert message in told[0]["reason"]


async def test_diagnostics_near_the_cursor_enter_the_window_in_a_pause(root: Path) -> None:
    place = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 1}}
    far = {"start": {"line": 900, "character": 0}, "end": {"line": 900, "character": 1}}
    secret = "the key sk_live_4eC39HqLyjWDarjtT1zdp7dc is wrong"
    offered = [
        {"range": place, "message": "undefined name 'r'"},
        {"range": far, "message": "far away"},
        {"range": place, "message": secret},
        {"range": "nonsense"},
        7,
    ]
    capabilities = {"experimental": {"iquest": {"diagnostics": True}}}
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, _):
        client.results["iquest/diagnostics"] = offered
        await client.ready()
        uri = client.open(root / "shapes.py", CODE)

        async def notes() -> list[dict[str, Any]]:
            answer = await client.request("iquest/context", at(uri, 1))
            return [chunk for chunk in answer["result"]["chunks"] if chunk["path"] == ".diagnostics"]

        assert await notes() == []
        await client.inline(uri, 1, 4)
        await client.until(lambda: times_asked(client, "iquest/diagnostics"))
        asked = next(item["params"] for item in client.requests if item["method"] == "iquest/diagnostics")
        assert asked["textDocument"] == {"uri": uri}
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await notes()):
                await asyncio.sleep(0.1)
        assert found[0]["reason"] == "what other tools say of the code near the cursor"
        one = found[0]["tokens"]
        assert one == len(b"\x00.diagnostics\n- undefined name 'r': return width * height\n")  # nothing far, no secret
        # The complaint is gone, and with it its place in the window.
        client.results["iquest/diagnostics"] = []
        await client.inline(uri, 1, 4)
        async with asyncio.timeout(PATIENCE_S):
            while await notes():
                await asyncio.sleep(0.1)
