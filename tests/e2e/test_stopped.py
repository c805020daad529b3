"""Processes that stand still, as on a machine that sleeps: the daemon, the engine, both; and a disk that fills up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.home import CODE, Home, HomeOfWorkers, engine_processes, private_home, stopped
from tests.e2e.rawclient import RawClient
from tests.waiting import PATIENT_MS

pytestmark = pytest.mark.usefixtures("no_client_left")

FAKE = ("--engine", "fake")


@pytest.fixture
def home() -> Iterator[Home]:
    """A home whose engines can be stopped."""
    with private_home(HomeOfWorkers) as made:
        yield made


def inline(uri: str) -> dict[str, object]:
    position = {"line": 4, "character": 9}
    return {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 2}}


async def test_an_engine_that_stands_still_costs_answers_and_nothing_else(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.ready()
    uri = client.open(root / "shapes.py", CODE)
    assert await client.inline(uri, 4, 9) == ["width, height):"]
    (engine,) = engine_processes(home.pids()[0])
    client.notify("workspace/didChangeConfiguration", {"settings": {"iquest": {"deadlineMs": 200}}})
    above = {"line": 4, "character": 0}
    change = {"range": {"start": above, "end": above}, "text": "size = 1\n"}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    with stopped(engine):
        # The answer comes all the same, with nothing in it, though the engine will never say a word.
        assert await client.inline(uri, 5, 9) == []
    # Awake again, it answers; nobody was told of anything, and nothing was started anew.
    client.notify("workspace/didChangeConfiguration", {"settings": {"iquest": {"deadlineMs": PATIENT_MS}}})
    assert await client.inline(uri, 5, 9) == ["width, height):"]
    assert engine_processes(home.pids()[0]) == [engine]
    assert client.messages() == []
    assert [number for number, answers in client.responses.items() if len(answers) != 1] == []
    assert await client.leave() == 0


async def test_all_of_it_sleeps_and_wakes_up(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.ready()
    uri = client.open(root / "shapes.py", CODE)
    assert await client.inline(uri, 4, 9) == ["width, height):"]
    daemon = home.pids()[0]
    offspring = engine_processes(daemon)
    with stopped(daemon, *offspring):
        asked = [client.ask("textDocument/inlineCompletion", inline(uri)) for _ in range(3)]
        client.notify("$/cancelRequest", {"id": asked[0]})
        await asyncio.sleep(1.0)  # nothing can come of it; a while of sleep, however long
        assert not any(number in client.responses for number in asked)
    await client.until(lambda: all(number in client.responses for number in asked))
    assert await client.inline(uri, 4, 9) == ["width, height):"]
    assert [len(client.responses[number]) for number in asked] == [1, 1, 1]
    assert home.pids() == [daemon]
    assert engine_processes(daemon) == offspring
    assert client.messages() == []
    assert await client.leave() == 0


@pytest.fixture
def small_disk(home: Home) -> Iterator[Path]:
    """The home's state and cache folders on a disk of 256 KB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    folder = home.folder / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        yield folder
    finally:
        home.end()
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_disk_that_fills_up_costs_what_was_to_be_kept(home: Home, root: Path, small_disk: Path) -> None:
    """Logs, statistics, saved windows and the history's store lie on a disk without a free byte."""
    environment = {}
    for name in ("STATE_HOME", "CACHE_HOME", "DATA_HOME"):
        (small_disk / name).mkdir()
        environment[f"XDG_{name}"] = str(small_disk / name)
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Compute the areas that the survey asks for"], check=True)
    client = await RawClient.start(home, *FAKE, environment=environment)
    await client.initialize(root)
    await client.ready()
    with contextlib.suppress(OSError), (small_disk / "rest").open("wb") as rest:
        while True:
            rest.write(b"\0" * 512)
            rest.flush()
    uri = client.open(root / "shapes.py", CODE)
    long = "".join(f"value_{number} = {number}\n" for number in range(400))
    client.open(root / "long.py", long)
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert await client.inline(uri, 4, 9) == ["width, height):"]
    answer = await client.request("iquest/why", {"uri": uri, "line": 1})
    assert "survey" in str(answer["result"]["story"])
    (small_disk / "rest").unlink()
    assert await client.inline(uri, 4, 9) == ["width, height):"]
    assert len(client.messages()) <= 1, client.messages()
    assert len(home.pids()) == 1
    assert await client.leave() == 0
