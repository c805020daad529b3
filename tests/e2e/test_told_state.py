"""What a client is told of the model and of long work, and what a user may end of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import CODE, DYNAMIC, FAKE, at, client_in, registered, shapes_in
from tests.e2e.home import HomeOfWorkers, children, engine_processes, stopped
from tests.e2e.rawclient import RawClient


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shapes_in(tmp_path)


async def test_completions_are_announced_while_a_model_is_there(root: Path) -> None:
    capabilities = {
        "textDocument": {"inlineCompletion": DYNAMIC, "completion": DYNAMIC},
        "window": {"workDoneProgress": True},
    }
    both = {"textDocument/inlineCompletion", "textDocument/completion"}
    slow = {"IQUEST_LSP_FAKE": json.dumps({"load_ms": 3000})}
    async with client_in(root, *FAKE, capabilities=capabilities, environment=slow, kind=HomeOfWorkers) as (
        client,
        told,
    ):
        assert "completionProvider" not in told
        assert "inlineCompletionProvider" not in told
        assert not registered(client, "client/registerCapability") & both
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
        assert not registered(client, "client/registerCapability")
        await client.request("iquest/reloadModel", {})
        await client.until(lambda: registered(client, "client/registerCapability") == both)
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


async def test_a_user_may_end_the_indexing(root: Path) -> None:
    """The files' index process is stopped on its way, so that the user comes in time."""
    many = root / "many"
    many.mkdir()
    for number in range(1500):
        (many / f"part{number}.py").write_text(f"def part_{number}(x):\n    return x * {number}\n" * 20)
    capabilities = {"window": {"workDoneProgress": True}}
    async with client_in(root, *FAKE, capabilities=capabilities, kind=HomeOfWorkers) as (client, _):
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
    async with client_in(root, *FAKE, capabilities=capabilities, kind=HomeOfWorkers) as (client, _):
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
