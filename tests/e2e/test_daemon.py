"""The daemon as editors meet it: real bridges, a real daemon, on the fake engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp import processes
from iquest_lsp.daemon import control
from tests.e2e.home import (
    CODE,
    PROGRAM,
    Home,
    HomeOfProcesses,
    children,
    engine_processes,
    is_daemon,
    kill,
    private_home,
    stopped,
)
from tests.e2e.rawclient import RawClient
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.usefixtures("no_client_left")

FAKE = ("--engine", "fake")


@pytest.fixture
def home() -> Iterator[Home]:
    """How daemons start and end is what is tested: they do so as a user's."""
    with private_home(HomeOfProcesses) as made:
        yield made


async def gone(pid: int) -> None:
    await until(lambda: not is_daemon(pid), lambda: f"process {pid} lives on")


async def status(home: Home) -> dict[str, Any]:
    return await asyncio.to_thread(home.status, *FAKE)


async def test_two_editors_share_one_daemon(home: Home, root: Path) -> None:
    one, two = await asyncio.gather(*(RawClient.start(home, *FAKE) for _ in range(2)))
    await one.initialize(root, enable=False)
    await two.initialize(root)
    await asyncio.gather(one.ready(), two.ready())
    shown = await status(home)
    assert shown.keys() == {"pid", "version", "uptime_s", "model", "state", "clients", "workspaces", "memory_bytes"}
    assert (shown["clients"], shown["model"], shown["state"]) == (2, "fake", "ready")
    assert [item["root"] for item in shown["workspaces"]] == [str(root)]
    assert shown["memory_bytes"] > 10_000_000
    assert home.pids() == [shown["pid"]]
    engines = engine_processes(shown["pid"])
    assert len(engines) == 1

    # One file, two buffers: each editor counts its own versions and is answered from its own text and settings.
    uri = one.open(root / "shapes.py", CODE, version=7)
    two.open(root / "shapes.py", CODE.replace("area", "volume"), version=1)
    assert await one.inline(uri, 4, 9) == []
    one.notify("workspace/didChangeConfiguration", {"settings": {"iquest": {"enable": True}}})
    two.notify("workspace/didChangeConfiguration", {"settings": {"iquest": {"enable": False}}})
    assert await one.inline(uri, 4, 9) == ["width, height):"]
    assert await two.inline(uri, 4, 11) == []
    two.notify("workspace/didChangeConfiguration", {"settings": {"iquest": {"enable": True}}})
    place = {"line": 4, "character": 11}
    change = {"range": {"start": place, "end": place}, "text": "wid"}
    two.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    assert await two.inline(uri, 4, 14) == ["th, height):"]
    warm = (await status(home))["workspaces"][0]
    assert warm["warm_tokens"] == warm["window_tokens"] > 0

    # What one closes stays open for the other, and the engine's death is told to both, once.
    one.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await two.inline(uri, 4, 14) == ["th, height):"]
    kill(engines[0])
    killed = "signal 9" if os.name != "nt" else "ended with code"
    for client in (one, two):
        await client.until(lambda client=client: client.states()[-1] == "ready" and "restarting" in client.states())
        assert len([text for text in client.messages() if killed in text]) == 1
    assert await one.leave() == 0
    assert await two.inline(uri, 4, 14) == ["th, height):"]
    assert (await status(home))["clients"] == 1
    assert await two.leave() == 0


async def test_many_editors_start_at_once_and_get_one_daemon(home: Home, root: Path) -> None:
    clients = await asyncio.gather(*(RawClient.start(home, *FAKE) for _ in range(5)))
    await asyncio.gather(*(client.initialize(root) for client in clients))
    assert len(home.pids()) == 1
    assert (await status(home))["clients"] == 5
    assert await asyncio.gather(*(client.leave() for client in clients)) == [0] * 5


async def test_a_killed_daemon_is_told_and_followed_by_another(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.ready()
    first = home.pids()[0]
    offspring = [*engine_processes(first), *children(first, "multiprocessing")]
    assert offspring
    kill(first)
    code, said = await client.ended()
    assert code == 1
    assert "The daemon stopped unexpectedly" in said
    assert "Traceback" not in said
    assert len(home.sockets) == 1  # stale now
    again = await RawClient.start(home, *FAKE)
    await again.initialize(root)
    assert home.pids() != [first]
    # The bridge is killed: the daemon notices, and nothing of the first daemon is left.
    assert again.process is not None
    again.process.kill()
    end = time.monotonic() + PATIENCE_S
    while (await status(home))["clients"] or any(map(processes.is_alive, offspring)):
        assert time.monotonic() < end


async def test_stop_tells_the_editors(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root, idleExitSeconds=1)
    pid = home.pids()[0]
    done = await asyncio.to_thread(home.command, "daemon", "stop", *FAKE)
    assert (done.returncode, done.stdout) == (0, ""), (done.stderr, home.log())
    code, said = await client.ended()
    assert code == 1
    assert "stopped by `iquest-lsp daemon stop`" in said
    await gone(pid)
    assert home.sockets == []
    for command in ("status", "stop"):
        done = await asyncio.to_thread(home.command, "daemon", command, *FAKE)
        assert done.returncode == 1
        assert "No daemon is running" in done.stderr
    logs = await asyncio.to_thread(home.command, "daemon", "logs", *FAKE)
    assert "a client came" in logs.stdout

    # An idle daemon ends by itself.
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root, idleExitSeconds=1)
    pid = home.pids()[0]
    assert await client.leave() == 0
    await gone(pid)


async def test_an_editor_that_goes_without_a_word_has_an_exit_code(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    assert await client.end() == 1
    client = await RawClient.start(home, *FAKE)
    client.notify("exit", None)
    assert (await client.ended())[0] == 1


async def test_an_incompatible_busy_daemon_leads_to_service_alone(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    other = "from iquest_lsp.daemon import handshake; handshake.WIRE += 1; from iquest_lsp.cli import main; main()"
    alone = await RawClient.start(home, *FAKE, command=(sys.executable, "-P", "-c", other))
    await alone.initialize(root)
    await alone.ready()
    uri = alone.open(root / "shapes.py", CODE)
    assert await alone.inline(uri, 4, 9) == ["width, height):"]
    assert len([text for text in alone.messages() if "served without the daemon" in text]) == 1
    assert (await status(home))["clients"] == 1
    assert await alone.leave() == 0
    assert await client.leave() == 0


@pytest.fixture
def version(home: Home) -> Callable[[str], dict[str, str]]:
    """An environment in which all programs, the daemon too, are of a version."""
    folder = home.folder / "versions"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import os, iquest_lsp\niquest_lsp.__version__ = os.environ['IQUEST_TEST_VERSION']\n"
    )
    return lambda number: {"PYTHONPATH": str(folder), "IQUEST_TEST_VERSION": number}


async def test_a_newer_client_replaces_an_idle_daemon_and_joins_a_busy_one(
    home: Home, root: Path, version: Callable[[str], dict[str, str]]
) -> None:
    async def client(number: str) -> RawClient:
        made = await RawClient.start(home, *FAKE, environment=version(number))
        await made.initialize(root)
        await made.ready()
        return made

    assert await (await client("1.9.0")).leave() == 0
    (old,) = home.pids()
    assert (await status(home))["version"] == "1.9.0"
    newer = await client("1.10.0")  # later, though not as a text
    (pid,) = home.pids()
    await gone(old)
    assert pid != old
    assert (await status(home))["version"] == "1.10.0"
    assert "A newer version (1.10.0) takes over" in home.log()
    # Somebody is served: whoever comes, newer or older, joins.
    others = [await client("2.0.0"), await client("0.1.0")]
    for one in (newer, *others):
        assert await one.inline(one.open(root / "shapes.py", CODE), 4, 9) == ["width, height):"]
        assert one.messages() == []
    assert home.pids() == [pid]
    for one in (newer, *others):
        assert await one.leave() == 0
    # An older client does not replace an idle one.
    assert await (await client("0.1.0")).leave() == 0
    assert home.pids() == [pid]


async def test_where_no_socket_can_be_the_editor_is_served_and_told_what_to_do(home: Home, root: Path) -> None:
    (home.folder / "run" / "iquest-lsp").write_text("a file in its place")
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.until(client.messages)
    (message,) = client.messages()
    assert message.startswith("This editor is served without the daemon: ")
    assert "it is a link or a file, not a folder" in message
    assert "set XDG_RUNTIME_DIR to a folder of your own" in message
    assert await client.inline(client.open(root / "shapes.py", CODE), 4, 9) == ["width, height):"]
    assert await client.leave() == 0


async def test_a_daemon_that_stands_still_can_be_stopped(
    home: Home, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    (pid,) = home.pids()
    for name in ("TOLD_PATIENCE_S", "STOP_PATIENCE_S"):
        monkeypatch.setattr(control, name, 0.3)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    with stopped(pid, may_end=True):
        assert await asyncio.to_thread(control.stop, {"engine": "fake"}) == pid
    await gone(pid)
    assert "The daemon stopped unexpectedly" in (await client.ended())[1]


async def test_names_are_utf_8_whatever_the_locale_of_the_first_editor(home: Home, root: Path) -> None:
    folder = root / "häuser 漢字"
    folder.mkdir()
    (folder / "iquest.toml").write_text("max_tokens = 7\n")
    (folder / "größe.py").write_text(CODE)
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for environment in (plain, {"LC_ALL": "C.UTF-8"}):
        client = await RawClient.start(home, *FAKE, environment=environment)
        await client.initialize(folder)
        await client.ready()
        # Its settings and its text are read from the disk.
        assert await client.inline((folder / "größe.py").as_uri(), 4, 9) == ["width,"]
        assert client.messages() == []
        assert await client.leave() == 0
    assert [item["root"] for item in (await status(home))["workspaces"]] == [str(folder)]
    assert "Traceback" not in home.log()


def test_who_starts_the_server_by_hand_is_told_what_it_is(home: Home) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *FAKE], stdin=theirs, stderr=subprocess.PIPE, env={**os.environ, **home.environment}, text=True
    )
    os.close(theirs)
    assert process.stderr is not None
    assert "an editor starts" in process.stderr.readline()
    assert "iquest-lsp --help" in process.stderr.readline()
    os.close(ours)  # the terminal is gone
    assert process.wait(PATIENCE_S) == 1
    process.stderr.close()


async def test_the_log_says_as_much_as_is_wished_now(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.ready()
    for level in ("debug", "error"):
        client.notify("workspace/didChangeConfiguration", {"settings": {"iquest": {"logLevel": level}}})
        client.notify("textDocument/didFocus", {"textDocument": {"uri": f"untitled:{level}"}})  # a line of debugging
        await client.request("iquest/models", {})
    assert "untitled:debug" in home.log()
    assert "untitled:error" not in home.log()
    assert await client.leave() == 0


async def test_a_link_in_place_of_the_folder_is_refused(home: Home, root: Path) -> None:
    elsewhere = home.folder / "elsewhere"
    elsewhere.mkdir()
    (home.folder / "run" / "iquest-lsp").symlink_to(elsewhere)
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.until(lambda: any("link" in text for text in client.messages()))
    assert list(elsewhere.iterdir()) == []
    assert await client.leave() == 0


async def test_a_full_disk_stops_nobody(home: Home, root: Path) -> None:
    """No file can grow: no log, no process id in the lock."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        client = await RawClient.start(home, *FAKE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await client.initialize(root)
    await client.ready()
    assert await client.inline(client.open(root / "shapes.py", CODE), 4, 9) == ["width, height):"]
    pid = (await status(home))["pid"]
    assert home.log() == ""
    assert await client.leave() == 0
    done = await asyncio.to_thread(home.command, "daemon", "stop", *FAKE)
    assert done.returncode == 0, done.stderr
    await gone(pid)


async def test_tcp_asks_for_the_token(home: Home, root: Path) -> None:
    environment = {**os.environ, **home.environment}
    service = await asyncio.create_subprocess_exec(
        *PROGRAM, *FAKE, "--tcp", "0", env=environment, stderr=asyncio.subprocess.PIPE, cwd=home.folder
    )
    assert service.stderr is not None
    try:
        said = (await asyncio.wait_for(service.stderr.readline(), PATIENCE_S)).decode()
        port = int(said.partition("127.0.0.1:")[2].partition(";")[0])
        token = Path(said.rpartition(" ")[2].strip())
        assert token.stat().st_mode & 0o777 == 0o600
        for hello in (b"", b'{"want":"serve"}', b'{"want":"serve","token":"x"}', b"POST / HTTP/1.1"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(hello + b"\n")
            answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
            assert b"welcome" not in answer
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        client = await RawClient.start(home, "--connect", str(port))
        await client.initialize(root)
        assert await client.leave() == 0
        wrong = await RawClient.start(home, "--connect", str(port), environment={"IQUEST_LSP_TOKEN": "wrong"})
        code, told = await wrong.ended()
        assert code == 1
        assert "token" in told
    finally:
        service.terminate()
        assert await asyncio.wait_for(service.wait(), PATIENCE_S) == 0
    assert not token.exists()


async def test_sockets_that_say_nothing_keep_nobody_out(home: Home, root: Path) -> None:
    """More silent connections than the daemon may have files open: who is there is served, and who comes after."""
    resource = pytest.importorskip("resource")
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    await client.ready()
    uri = client.open(root / "shapes.py", CODE)
    resource.prlimit(home.pids()[0], resource.RLIMIT_NOFILE, (128, 128))
    silent = [await asyncio.open_unix_connection(str(home.sockets[0])) for _ in range(200)]
    assert await client.inline(uri, 4, 9) == ["width, height):"]
    for _, writer in silent:
        writer.close()
    again = await RawClient.start(home, *FAKE)
    await again.initialize(root)
    assert await again.inline(again.open(root / "shapes.py", CODE), 4, 9) == ["width, height):"]
    assert len(home.pids()) == 1
    assert client.messages() == []
    assert "Traceback" not in home.log()
    assert await again.leave() == 0
    assert await client.leave() == 0
