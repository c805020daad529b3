"""Clients that leave without a word, and clients that answer nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.home import Home
from tests.e2e.rawclient import RawClient

pytestmark = pytest.mark.usefixtures("no_client_left")
FAKE = ("--engine", "fake")


def begin(process_id: int | None, root: Path) -> dict[str, object]:
    return {"processId": process_id, "rootUri": root.as_uri(), "capabilities": {}}


@pytest.mark.parametrize("more", [(), ("--standalone",)], ids=["shared", "alone"])
async def test_who_outlives_the_editor_ends(home: Home, root: Path, more: tuple[str, ...]) -> None:
    """Its pipe stays open here, as it does where another process of the editor's has inherited it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as editor:
        client = await RawClient.start(home, *FAKE, *more)
        await client.request("initialize", begin(editor.pid, root))
        client.notify("initialized", {})
        await client.request("iquest/models", {})
        assert client.process is not None
        assert client.process.returncode is None
        editor.kill()
        code, said = await client.ended()
        assert (code, "Traceback" in said) == (1, False)


async def test_a_client_without_a_process_is_served_on(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.request("initialize", begin(None, root))
    client.notify("initialized", {})
    await client.request("iquest/models", {})
    assert await client.leave() == 0


async def test_a_client_on_a_port_is_not_looked_for(home: Home, root: Path) -> None:
    """The port may be forwarded from another machine, where the number means another process."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
        service = home.begin("--tcp", "0", *FAKE, environment={"IQUEST_LSP_TOKEN": "t"})
        assert service.stderr is not None
        told = await asyncio.to_thread(service.stderr.readline)
        port = told.partition(":")[2].partition(";")[0]
        client = await RawClient.start(home, "--connect", port, environment={"IQUEST_LSP_TOKEN": "t"})
        await client.request("initialize", begin(gone.pid, root))
        client.notify("initialized", {})
        await client.request("iquest/models", {})
        assert await client.leave() == 0
        service.terminate()
        _, said = await asyncio.to_thread(service.communicate)
    assert "no process" not in said


async def test_who_answers_nothing_is_answered(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE, "--standalone")
    client.is_answering = False
    capabilities = {"workspace": {"configuration": True}, "window": {"workDoneProgress": True}}
    await client.initialize(root, capabilities=capabilities)
    uri = client.open(root / "shapes.py", (root / "shapes.py").read_text())
    for _ in range(700):
        client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert await client.inline(uri, 4, 9)
    asked = [item for item in client.requests if item["method"] == "workspace/configuration"]
    assert len(asked) <= 3  # one question at a time
    assert await client.leave() == 0


async def test_the_last_of_many_changes_counts(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    client.results["workspace/configuration"] = [{"enable": False}]
    await client.initialize(root, capabilities={"workspace": {"configuration": True}})
    uri = client.open(root / "shapes.py", (root / "shapes.py").read_text())
    for _ in range(50):
        client.notify("workspace/didChangeConfiguration", {"settings": None})
    while await client.inline(uri, 4, 9):  # until the last answer has come
        await asyncio.sleep(0.02)
    client.results["workspace/configuration"] = [{"enable": True}]
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    while not await client.inline(uri, 4, 9):
        await asyncio.sleep(0.02)
    assert len(client.requests) < 50
    assert await client.leave() == 0


OURS = {"iquest/status", "didChangeStatus", "iquest/answered"}
COPILOT = {"editorInfo": {"name": "Neovim", "version": "0.11"}, "editorPluginInfo": {"name": "x", "version": "1"}}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, set()),
        ({"notifications": []}, set()),
        ({"notifications": "iquest/status"}, set()),
        ({"notifications": ["iquest/status", "any", 1, None]}, {"iquest/status"}),
        ({"notifications": ["iquest/answered", "didChangeStatus"]}, {"iquest/answered", "didChangeStatus"}),
        (COPILOT, {"didChangeStatus"}),
    ],
    ids=["nothing", "no list", "a word", "one and others", "two", "copilot"],
)
async def test_only_what_a_client_knows_is_sent(
    home: Home, root: Path, options: dict[str, object], expected: set[str]
) -> None:
    client = await RawClient.start(home, *FAKE, "--standalone")
    await client.initialize(root, knows_status=False, **options)
    uri = client.open(root / "shapes.py", (root / "shapes.py").read_text())
    for _ in range(3):
        assert await client.inline(uri, 4, 9)
    sent = {item["method"] for item in client.notifications}
    assert sent & OURS == expected
    assert {method for method in sent - expected if not method.startswith(("window/", "textDocument/", "$/"))} == set()
    assert client.messages() == []  # and none of these options is an unknown setting
    assert await client.leave() == 0
