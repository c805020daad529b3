"""The daemon without Unix sockets, flock and fork, as on Windows: the same tests as elsewhere, and its own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from iquest_lsp.daemon import handshake
from tests.e2e import test_daemon
from tests.e2e.home import CODE, Home, HomeWithoutPosix, kill, private_home
from tests.e2e.rawclient import RawClient
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.usefixtures("no_client_left")

FAKE = test_daemon.FAKE

test_two_editors_share_one_daemon = test_daemon.test_two_editors_share_one_daemon
test_many_editors_start_at_once_and_get_one_daemon = test_daemon.test_many_editors_start_at_once_and_get_one_daemon
test_a_killed_daemon_is_told_and_followed_by_another = test_daemon.test_a_killed_daemon_is_told_and_followed_by_another
test_stop_tells_the_editors = test_daemon.test_stop_tells_the_editors
test_an_editor_that_goes_without_a_word = test_daemon.test_an_editor_that_goes_without_a_word_has_an_exit_code
test_an_incompatible_busy_daemon = test_daemon.test_an_incompatible_busy_daemon_leads_to_service_alone


@pytest.fixture
def home() -> Iterator[Home]:
    with private_home(HomeWithoutPosix) as made:
        yield made


def endpoint(home: Home) -> tuple[int, bytes]:
    """The port and the key of the one daemon of a home."""
    (file,) = home.sockets
    if os.name != "nt":  # there the folder of the user's profile keeps others out
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    said = json.loads(file.read_text())
    return said["port"], bytes.fromhex(said["key"])


async def answer(port: int, first: bytes) -> bytes:
    """What the daemon says to these bytes before it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_who_does_not_know_the_key_gets_no_answer(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    port, key = endpoint(home)
    nonce = "0" * 32
    wrong = [
        handshake.hello("status"),
        handshake.hello("stop", token=key.hex()),
        handshake.hello("status", proven=handshake.introduction(b"x" * 32)),
        handshake.hello("status", proven={"nonce": nonce, "proof": ""}),
        handshake.hello("status", proven={"nonce": nonce, "proof": handshake.proof(key, handshake.DAEMON, nonce)}),
        handshake.line({"want": "status", "nonce": 1, "proof": 1}),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\n",
    ]
    for first in wrong:
        assert await answer(port, first) == b""
    assert b"welcome" in await answer(port, handshake.hello("status", proven=handshake.introduction(key)))
    assert "did not know the key" in home.log()
    assert await client.inline(client.open(root / "shapes.py", CODE), 4, 9) == ["width, height):"]
    assert await client.leave() == 0


async def test_a_port_that_somebody_else_took_is_told_nothing(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    (first,) = home.pids()
    port, key = endpoint(home)
    kill(first)
    assert (await client.ended())[0] == 1
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        # The dead daemon's file is still there. Its own port cannot be had at once, while old connections linger.
        assert endpoint(home) == (port, key)
        port = server.sockets[0].getsockname()[1]
        (file,) = home.sockets
        file.write_text(json.dumps({"port": port, "key": key.hex(), "pid": first}))
        done = await asyncio.to_thread(home.command, "daemon", "status", *FAKE)
        assert "No daemon is running" in done.stderr
        again = await RawClient.start(home, *FAKE)
        await again.initialize(root)
        assert home.pids() != [first]
        assert endpoint(home)[0] != port
        assert endpoint(home)[1] != key
        assert await again.leave() == 0
    assert heard == []


async def test_what_answers_without_the_key_is_nobody(home: Home, root: Path) -> None:
    """A daemon holds the lock, but its file names the port of another program: nothing but a digest reaches that."""
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    (file,) = home.sockets
    said = json.loads(file.read_text())
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(handshake.reply(handshake.WELCOME, pid=1, status={"pid": 1}, proof="0" * 64))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        file.write_text(json.dumps({**said, "port": server.sockets[0].getsockname()[1]}))
        done = await asyncio.to_thread(home.command, "daemon", "status", *FAKE)
        assert done.returncode == 1
        assert "somebody else listens on the daemon's port" in done.stderr
    (line,) = heard
    assert said["key"].encode() not in line
    file.write_text(json.dumps(said))
    assert home.status(*FAKE)["clients"] == 1
    # A file that was cleaned away is made again, with another port and key.
    file.unlink()
    await asyncio.to_thread(home.until, lambda: home.sockets)
    assert endpoint(home)[1].hex() != said["key"]
    assert (await asyncio.to_thread(home.status, *FAKE))["clients"] == 1
    assert await client.leave() == 0
