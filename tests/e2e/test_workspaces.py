"""Folders, files and settings of a workspace, as a client opens and changes them."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.e2e.clients import CODE, DYNAMIC, FAKE, actions, at, client_in, newest_status, registered, shapes_in
from tests.e2e.rawclient import RawClient
from tests.waiting import PATIENCE_S


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shapes_in(tmp_path)


async def test_a_project_s_own_settings_are_followed(root: Path) -> None:
    capabilities = {"textDocument": {"hover": DYNAMIC}}
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, told):
        assert "hoverProvider" not in told
        uri = client.open(root / "shapes.py", CODE)
        assert (await client.request("textDocument/hover", at(uri, 1)))["result"] is None
        (root / "iquest.toml").write_text('hover = true\ndeadline_ms = "soon"\n')
        changed = {"uri": (root / "iquest.toml").as_uri(), "type": 1}
        client.notify("workspace/didChangeWatchedFiles", {"changes": [changed]})
        await client.until(lambda: "textDocument/hover" in registered(client, "client/registerCapability"))
        assert (await client.request("textDocument/hover", at(uri, 1)))["result"] is not None
        await client.until(lambda: "iquest.toml: deadline_ms: expected a whole number" in client.messages())
        (root / "iquest.toml").unlink()
        client.notify("workspace/didChangeWatchedFiles", {"changes": [changed | {"type": 3}]})
        await client.until(lambda: "textDocument/hover" in registered(client, "client/unregisterCapability"))


async def test_files_folders_and_focus(root: Path, tmp_path: Path) -> None:
    operations = {"didCreate": True, "didRename": True, "didDelete": True}
    capabilities = {"workspace": {"fileOperations": operations}}
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, told):
        workspace = told["workspace"]
        assert set(workspace["fileOperations"]) == {"didCreate", "didRename", "didDelete"}
        assert workspace["workspaceFolders"] == {"supported": True, "changeNotifications": True}
        await client.ready()
        uri = client.open(root / "shapes.py", CODE)
        client.notify("textDocument/didFocus", {"textDocument": {"uri": uri}})
        client.notify("textDocument/didFocus", {})
        client.notify("textDocument/didFocus", {"textDocument": {"uri": "untitled:1"}})

        async def shown(file: str) -> set[str]:
            answer = await client.request("iquest/context", at((root / file).as_uri(), 0))
            assert "result" in answer, answer
            return {chunk["path"] for chunk in answer["result"]["chunks"]}

        async def until_shown(file: str, wanted: set[str], not_wanted: set[str]) -> None:
            end = time.monotonic() + PATIENCE_S
            while not wanted <= (found := await shown(file)) or found & not_wanted:
                assert time.monotonic() < end, (found, wanted, not_wanted)
                await asyncio.sleep(0.1)

        (root / "use.py").write_text("from shapes import area, volume\n\nprint(area(1, 2))\n")
        client.notify("workspace/didCreateFiles", {"files": [{"uri": (root / "use.py").as_uri()}]})
        await until_shown("use.py", {"shapes.py"}, set())
        # The file moves into a folder, and then goes.
        (root / "lib").mkdir()
        (root / "shapes.py").rename(root / "lib" / "shapes.py")
        moved = {"oldUri": uri, "newUri": (root / "lib" / "shapes.py").as_uri()}
        client.notify("workspace/didRenameFiles", {"files": [moved]})
        await until_shown("use.py", {"lib/shapes.py"}, {"shapes.py"})
        (root / "lib" / "shapes.py").unlink()
        client.notify("workspace/didDeleteFiles", {"files": [{"uri": (root / "lib").as_uri()}]})
        await until_shown("use.py", set(), {"lib/shapes.py", "shapes.py"})

        other = tmp_path / "other"
        other.mkdir()
        (other / "iquest.toml").write_text('model = "evil.gguf"\n')
        (other / "a.py").write_text("x = 1\n")
        folder = {"uri": other.as_uri(), "name": "other"}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
        await client.until(lambda: any("may not set this" in text for text in client.messages()))
        roots = [item["root"] for item in newest_status(client)["workspaces"]]
        assert str(other) in roots
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
        await client.request("iquest/models", {})
        assert str(other) not in [item["root"] for item in newest_status(client)["workspaces"]]


NO_FILES = ("git:/Untitled-1.py", "vscode-vfs://github/a", "file://[bad", "file:a.py", "file:///a%00b.py", "")


async def test_documents_that_are_no_files_are_left_alone_and_files_beside_them_are_not(
    root: Path, tmp_path: Path
) -> None:
    """Editors ask of every document that they show, and an error at each would be shown to the user."""
    other = tmp_path / "other"
    other.mkdir()
    async with client_in(root, *FAKE, hover=True, codeLens=True) as (client, _):
        await client.ready()
        for uri in NO_FILES:
            item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
            client.notify("textDocument/didOpen", {"textDocument": item})
            change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": CODE}]}
            client.notify("textDocument/didChange", change)
            assert await client.inline(uri, 4, 0) == []
            assert (await client.request("textDocument/completion", at(uri, 4)))["result"]["items"] == []
            assert (await client.request("textDocument/codeAction", actions(uri, 1)))["result"] == []
            assert (await client.request("textDocument/hover", at(uri, 1)))["result"] is None
            assert (await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}))["result"] == []
            for method in ("iquest/context", "iquest/complete"):
                assert (await client.request(method, at(uri, 1)))["error"]["code"] == -32803
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        folders = [{"uri": uri, "name": "x"} for uri in (*NO_FILES, other.as_uri())]
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": folders, "removed": folders[:-1]}})
        await client.request("iquest/models", {})
        assert [item["root"] for item in newest_status(client)["workspaces"]] == [str(root), str(other)]
        assert client.messages() == []
        assert "Traceback" not in client.home.log()


async def test_a_workspace_that_is_reached_through_a_link_is_opened_once(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    (root / "below").mkdir()
    (link / "below" / "deep.py").write_text(CODE)
    async with client_in(root, *FAKE) as (client, _):
        uri = client.open(link / "shapes.py", CODE + "\n\ndef area(")  # by the other name at once
        assert await client.inline(uri, 8, 9)
        other = await RawClient.start(client.home, *FAKE)
        await other.initialize(link)
        theirs = other.open(link / "shapes.py", CODE + "\n\ndef volume(")
        assert await other.inline(theirs, 8, 11)
        assert await client.inline(uri, 8, 9)  # each its own buffer
        own = client.open(root / "below" / "deep.py", "x = 1\n")
        shown = await client.request("iquest/context", at(own, 0))
        assert shown["result"]["root"] == root.as_uri()
        beside = await other.request("iquest/context", at((link / "below" / "deep.py").as_uri(), 0))
        assert beside["result"]["root"] == root.as_uri()
        chunks = [chunk["path"] for chunk in beside["result"]["chunks"]]
        assert not any(path.startswith("/") for path in chunks), chunks  # all of them lie in the workspace
        assert [item["root"] for item in newest_status(client)["workspaces"]] == [str(root)]
        folder = {"uri": link.as_uri(), "name": "link"}
        other.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
        assert await other.inline(theirs, 8, 11)
        assert await other.leave() == 0
        assert await client.inline(uri, 8, 9)
        assert [item["root"] for item in newest_status(client)["workspaces"]] == [str(root)]


async def test_a_rule_that_cannot_be_used_is_told(root: Path) -> None:
    (root / "below").mkdir()
    (root / "below" / ".gitignore").write_bytes(b"a\0b")
    (root / "below" / "a.py").write_text(CODE)
    async with client_in(root, *FAKE) as (client, _):
        await client.until(lambda: any("below/.gitignore" in text for text in client.messages()))
        (told,) = (text for text in client.messages() if "below/.gitignore" in text)
        assert "not a text file" in told
        assert "kept out" in told
        assert "below/.gitignore" in client.home.log()
        other = await RawClient.start(client.home, *FAKE)
        await other.initialize(root)
        await other.until(lambda: told in other.messages())  # who comes later is told too
        assert await other.leave() == 0
        done = client.home.command("doctor", "--json")
        (check,) = (check for check in json.loads(done.stdout)["checks"] if check["name"] == "ignore rules")
        assert check["ok"]  # there is nothing wrong where it was run
        (root / "below" / ".gitignore").write_bytes(b"*.x\n")
        (root / "other.py").write_text("from below import a\nprint(a.area(1, 2))\n")

        async def until_it_is_shown() -> None:
            uri = client.open(root / "other.py", "from below import a\nprint(a.area(1, 2))\n")
            while True:
                shown = await client.request("iquest/context", at(uri, 1))
                if "below/a.py" in {chunk["path"] for chunk in shown["result"]["chunks"]}:
                    return
                await asyncio.sleep(0.1)

        await asyncio.wait_for(until_it_is_shown(), PATIENCE_S)
