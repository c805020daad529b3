"""What a user has taken away is not offered again at once, and no answer to a text that is gone is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.home import CODE, Home
from tests.e2e.rawclient import RawClient
from tests.waiting import PATIENT_MS

pytestmark = pytest.mark.usefixtures("no_client_left")
FAKE = ("--engine", "fake", "--standalone")
OFFERED = "width, height):"


class Typing:
    """One document and a cursor at its end."""

    def __init__(self, client: RawClient, file: Path, text: str) -> None:
        self.client = client
        self.uri = client.open(file, text)
        self.lines = text.split("\n")
        self.version = 1

    @property
    def cursor(self) -> dict[str, int]:
        return {"line": len(self.lines) - 1, "character": len(self.lines[-1])}

    def put(self, text: str, *, taken: int = 0) -> None:
        """Takes so many characters away before the cursor, and writes a text there."""
        self.version += 1
        end = self.cursor
        start = {**end, "character": end["character"] - taken}
        self.lines[-1] = self.lines[-1][: start["character"]] + text
        change = {"range": {"start": start, "end": end}, "text": text}
        identifier = {"uri": self.uri, "version": self.version}
        self.client.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})

    async def items(self, kind: int = 2) -> list[dict[str, Any]]:
        params = {"textDocument": {"uri": self.uri}, "position": self.cursor, "context": {"triggerKind": kind}}
        answer = await self.client.request("textDocument/inlineCompletion", params)
        found: list[dict[str, Any]] = answer["result"]["items"]
        return found

    async def texts(self, kind: int = 2) -> list[str]:
        """The first lines of what is offered."""
        return [item["insertText"].partition("\n")[0] for item in await self.items(kind)]

    async def listed(self) -> list[dict[str, Any]]:
        answer = await self.client.request(
            "textDocument/completion", {"textDocument": {"uri": self.uri}, "position": self.cursor}
        )
        found: list[dict[str, Any]] = answer["result"]["items"]
        return found


async def test_what_was_just_deleted(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    typing = Typing(client, root / "shapes.py", CODE)
    assert await typing.texts() == [OFFERED]
    typing.put(OFFERED)  # accepted
    typing.put("", taken=len(OFFERED))  # and undone
    assert await typing.texts() == []
    assert await typing.listed() == []
    assert (await typing.texts(kind=1))[0] == OFFERED  # asked for by key
    assert await typing.texts() == []  # and still not by itself
    typing.put("w")
    assert await typing.texts() == [OFFERED[1:]]  # the text is another one
    typing.put("idth")
    for _ in range(3):  # key by key
        typing.put("", taken=1)
        assert await typing.texts() == []
    typing.put("d")
    assert await typing.texts() == [OFFERED[3:]]
    typing.put("x")
    typing.put("", taken=1)  # a slip, corrected: that was not offered
    assert await typing.texts() == [OFFERED[3:]]
    # Another document, and another client, have nothing to do with it.
    typing.put("", taken=1)
    assert await typing.texts() == [OFFERED[2:]]  # all of it was the slip
    assert await Typing(client, root / "other.py", CODE).texts() == [OFFERED]
    assert await client.leave() == 0


async def test_what_was_put_away(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    typing = Typing(client, root / "shapes.py", CODE)
    (item,) = await typing.items()
    client.notify("textDocument/didDismissCompletion", {"item": item})
    for _ in range(2):
        assert await typing.texts() == []
        assert await typing.listed() == []
    assert (await typing.texts(kind=1))[0] == OFFERED  # asked for by key
    typing.put("w")
    assert await typing.texts() == [OFFERED[1:]]
    typing.put("", taken=1)
    typing.put("h")
    typing.put("", taken=1)
    assert await typing.texts() == []  # the same place again
    for junk in ({}, {"item": None}, {"item": {"command": {"arguments": ["1"]}}}, {"item": item}):
        client.notify("textDocument/didDismissCompletion", junk)
    assert await client.leave() == 0


async def test_no_item_is_older_than_the_last_keys(home: Home, root: Path) -> None:
    """Whatever was asked before a key is answered by nothing that could be inserted after it."""
    fake = {"IQUEST_LSP_FAKE": json.dumps({"token_ms": 30})}
    client = await RawClient.start(home, *FAKE, environment=fake)
    await client.initialize(root, deadline_ms=PATIENT_MS)
    typing = Typing(client, root / "shapes.py", CODE)
    await typing.texts()
    typing.put("\n\n\ndef area(")
    typing.lines = "\n".join(typing.lines).split("\n")
    asked = []
    for key in OFFERED[:6]:
        cursor = typing.cursor
        params = {"textDocument": {"uri": typing.uri}, "position": cursor}
        asked.append((cursor, client.ask("textDocument/inlineCompletion", {**params, "context": {"triggerKind": 2}})))
        asked.append((cursor, client.ask("textDocument/completion", params)))
        typing.put(key)
    assert await typing.texts()
    for cursor, number in asked:
        await client.until(lambda number=number: client.responses[number])  # type: ignore[misc]
        (answer,) = client.responses[number]
        assert "error" in answer or answer["result"]["items"] == [], cursor
        if "error" in answer:
            assert answer["error"]["code"] == -32800
    assert await client.leave() == 0
