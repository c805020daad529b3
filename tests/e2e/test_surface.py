"""What the server offers beside completion: actions, hover, lenses, files, settings, status, as a client sees it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.home import children, engine_processes, private_home, stopped
from tests.e2e.rawclient import RawClient, close_all
from tests.waiting import PATIENCE_S

FAKE = ("--engine", "fake")
CODE = "def area(width, height):\n    return width * height\n\n\ndef volume(a, b, c):\n    return a * b * c\n"
DYNAMIC = {"dynamicRegistration": True}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    (root / "shapes.py").write_text(CODE)
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Compute *areas*"], check=True)
    return root


@asynccontextmanager
async def client_in(
    root: Path,
    *arguments: str,
    capabilities: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    results: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[RawClient, dict[str, Any]]]:
    with private_home() as home:
        client = await RawClient.start(home, *arguments, environment=environment)
        client.results |= results or {}
        try:
            answer = await client.initialize(root, capabilities=capabilities, **options)
            yield client, answer["result"]["capabilities"]
            assert await client.leave() == 0
        finally:
            await close_all()


def at(uri: str, line: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": 4}}


def actions(uri: str, line: int, **context: Any) -> dict[str, Any]:
    place = {"line": line, "character": 0}
    diagnostics = [{"range": {"start": place, "end": place}, "message": "name 'q' is not defined"}]
    return {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": diagnostics, **context},
    }


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
        await client.until(lambda: _registered(client, "client/registerCapability") >= wanted)
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
        await client.until(lambda: _asked(client, "workspace/codeLens/refresh") > 1)  # once for the settings
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


async def test_a_project_s_own_settings_are_followed(root: Path) -> None:
    capabilities = {"textDocument": {"hover": DYNAMIC}}
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, told):
        assert "hoverProvider" not in told
        uri = client.open(root / "shapes.py", CODE)
        assert (await client.request("textDocument/hover", at(uri, 1)))["result"] is None
        (root / "iquest.toml").write_text('hover = true\ndeadline_ms = "soon"\n')
        changed = {"uri": (root / "iquest.toml").as_uri(), "type": 1}
        client.notify("workspace/didChangeWatchedFiles", {"changes": [changed]})
        await client.until(lambda: "textDocument/hover" in _registered(client, "client/registerCapability"))
        assert (await client.request("textDocument/hover", at(uri, 1)))["result"] is not None
        await client.until(lambda: "iquest.toml: deadline_ms: expected a whole number" in client.messages())
        (root / "iquest.toml").unlink()
        client.notify("workspace/didChangeWatchedFiles", {"changes": [changed | {"type": 3}]})
        await client.until(lambda: "textDocument/hover" in _registered(client, "client/unregisterCapability"))


def _registered(client: RawClient, method: str) -> set[str]:
    key = "registrations" if method == "client/registerCapability" else "unregisterations"
    return {item["method"] for asked in client.requests if asked["method"] == method for item in asked["params"][key]}


def _asked(client: RawClient, method: str) -> int:
    return sum(item["method"] == method for item in client.requests)


async def test_completions_are_announced_while_a_model_is_there(root: Path) -> None:
    capabilities = {
        "textDocument": {"inlineCompletion": DYNAMIC, "completion": DYNAMIC},
        "window": {"workDoneProgress": True},
    }
    both = {"textDocument/inlineCompletion", "textDocument/completion"}
    slow = {"IQUEST_LSP_FAKE": json.dumps({"load_ms": 3000})}
    async with client_in(root, *FAKE, capabilities=capabilities, environment=slow) as (client, told):
        assert "completionProvider" not in told
        assert "inlineCompletionProvider" not in told
        assert not _registered(client, "client/registerCapability") & both
        # The user gives loading up, asks for it again, and then it is there.
        loading = "IQuest: loading the model"
        await client.until(lambda: engine_processes(client.home.pids()[0]))
        with stopped(*engine_processes(client.home.pids()[0]), may_end=True):  # so that the user comes in time
            await client.until(lambda: _bar(client, loading, "begin"))
            begun = _bar(client, loading, "begin")[0]
            assert begun["value"]["cancellable"] is True
            client.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
            await client.until(lambda: "failed" in client.states())
        assert any("given up" in text for text in client.messages())
        assert not _registered(client, "client/registerCapability")
        await client.request("iquest/reloadModel", {})
        await client.until(lambda: _registered(client, "client/registerCapability") == both)
        statuses = [item["params"] for item in client.notifications if item["method"] == "didChangeStatus"]
        assert _failed(statuses)["busy"] is False
        assert "given up" in _failed(statuses)["message"]
        assert statuses[-1]["kind"] == "Normal"
        assert any(item["busy"] and "Loading" in item["message"] for item in statuses)


def _progress(client: RawClient, kind: str) -> list[dict[str, Any]]:
    told = [item["params"] for item in client.notifications if item["method"] == "$/progress"]
    return [item for item in told if item["value"].get("kind") == kind]


def _failed(statuses: list[dict[str, Any]]) -> dict[str, Any]:
    return next(item for item in statuses if item["kind"] == "Error")


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
        roots = [item["root"] for item in _status(client)["workspaces"]]
        assert str(other) in roots
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
        await client.request("iquest/models", {})
        assert str(other) not in [item["root"] for item in _status(client)["workspaces"]]


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
        assert [item["root"] for item in _status(client)["workspaces"]] == [str(root), str(other)]
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
        assert [item["root"] for item in _status(client)["workspaces"]] == [str(root)]
        folder = {"uri": link.as_uri(), "name": "link"}
        other.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
        assert await other.inline(theirs, 8, 11)
        assert await other.leave() == 0
        assert await client.inline(uri, 8, 9)
        assert [item["root"] for item in _status(client)["workspaces"]] == [str(root)]


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


def _status(client: RawClient) -> dict[str, Any]:
    return client.home.status(*FAKE)


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
            assert _asked(client, "iquest/diagnostics") == bool(experimental)
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
        await client.until(lambda: _asked(client, "iquest/diagnostics"))
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


async def test_a_user_may_end_the_indexing(root: Path) -> None:
    """The files' index process is stopped on its way, so that the user comes in time."""
    many = root / "many"
    many.mkdir()
    for number in range(1500):
        (many / f"part{number}.py").write_text(f"def part_{number}(x):\n    return x * {number}\n" * 20)
    capabilities = {"window": {"workDoneProgress": True}}
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, _):
        title = f"IQuest: indexing the files of {root.name}"
        await client.until(lambda: _bar(client, title, "begin"))
        processes = children(client.home.pids()[0], "multiprocessing")
        with stopped(*processes, may_end=True):
            begun = _bar(client, title, "begin")[0]
            assert begun["value"]["cancellable"] is True
            client.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
            await client.until(lambda: _bar(client, title, "end"))
        assert "related files will be missing" in client.home.log()
        assert client.messages() == []
        # What was read till then serves, and a change is read as ever.
        await client.ready()
        uri = client.open(root / "shapes.py", CODE)
        assert await client.inline(uri, 1, 18) is not None
        (root / "use.py").write_text("from shapes import area\n")
        client.notify("workspace/didCreateFiles", {"files": [{"uri": (root / "use.py").as_uri()}]})
        answer = await client.request("iquest/context", at((root / "use.py").as_uri(), 0))
        assert answer["result"]["tokens"] > 0


async def test_a_user_may_end_the_indexing_of_the_history(root: Path) -> None:
    commits = "".join(
        f"commit refs/heads/long\nauthor A <a@example.org> {10**9 + number} +0000\ncommitter A <a@example.org>"
        f" {10**9 + number} +0000\ndata <<E\nAdd the part {number} that the plan asks for\nE\n"
        f"M 100644 inline part{number}.py\ndata <<E\nvalue = {number}\nE\n\n"
        for number in range(1200)
    )
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "fast-import", "--quiet"], input=commits.encode(), check=True)
    subprocess.run([*git, "checkout", "-q", "long"], check=True)
    capabilities = {"window": {"workDoneProgress": True}}
    async with client_in(root, *FAKE, capabilities=capabilities) as (client, _):
        title = f"IQuest: indexing the history of {root.name}"
        await client.until(lambda: _bar(client, title, "begin"))
        processes = children(client.home.pids()[0], "multiprocessing")
        with stopped(*processes, may_end=True):
            client.notify("window/workDoneProgress/cancel", {"token": _bar(client, title, "begin")[0]["token"]})
            await client.until(lambda: _bar(client, title, "end"))
        assert client.messages() == []
        uri = client.open(root / "part7.py", "value = 7\n")
        answer = await client.request("iquest/why", {"uri": uri, "line": 0})
        assert "part 7 that" in json.dumps(answer["result"]["story"])


def _bar(client: RawClient, title: str, kind: str) -> list[dict[str, Any]]:
    """What was told of the progress bars with a title."""
    begun = [item for item in _progress(client, "begin") if item["value"]["title"] == title]
    tokens = [item["token"] for item in begun]
    return [item for item in _progress(client, kind) if item["token"] in tokens]


async def test_what_does_not_fit_of_a_model_is_told_with_its_state(root: Path) -> None:
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>"
    thinker = {"IQUEST_LSP_FAKE": json.dumps({"metadata": {"tokenizer.chat_template": template}})}
    async with client_in(root, *FAKE, environment=thinker) as (client, _):
        await client.ready()
        told = [item["params"] for item in client.notifications if item["method"] == "iquest/status"]
        (note,) = told[-1]["notes"]
        assert "made to think" in note
        assert told[0]["notes"] == []


async def test_warming_is_told_as_it_goes_on(root: Path) -> None:
    slow = {"IQUEST_LSP_FAKE": json.dumps({"prefill_ms": 1})}
    (root / "long.py").write_text("".join(f"value_{number} = {number}\n" for number in range(200)))
    async with client_in(root, *FAKE, environment=slow) as (client, _):
        await client.ready()
        client.open(root / "long.py", (root / "long.py").read_text())
        await client.until(lambda: "warming" in client.states())
        await client.until(lambda: client.states()[-1] == "ready")
        told = [item["params"] for item in client.notifications if item["method"] == "iquest/status"]
        shares = [item["progress"] for item in told if item["state"] == "warming"]
        assert all(0 <= share < 1 for share in shares)
        assert shares == sorted(shares)
        words = [item["params"] for item in client.notifications if item["method"] == "didChangeStatus"]
        assert any(item["busy"] and item["message"].startswith("Warming the window of work: ") for item in words)
        assert words[-1]["busy"] is False
