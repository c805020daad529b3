"""A daemon's port: who finds it, who is answered, what a dead one leaves."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from iquest_lsp.daemon import handshake, lock
from iquest_lsp.daemon.bridge import ask
from iquest_lsp.daemon.endpoint.loopback import LoopbackEndpoint
from iquest_lsp.errors import DaemonError


@pytest.fixture
def held(tmp_path: Path) -> Iterator[lock.Lock]:
    """The lock of a daemon that lives."""
    found = lock.acquire(tmp_path / "daemon.lock", 1, lambda: False)
    assert found is not None
    yield found
    found.release()


def made(folder: Path) -> LoopbackEndpoint:
    return LoopbackEndpoint(folder / "daemon.port", folder / "daemon.lock")


async def nobody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_it_is_found_by_its_file_while_its_lock_is_held(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path / "daemon.lock", 1, lambda: False)
    assert held is not None
    daemon, client = made(tmp_path), made(tmp_path)
    assert client.dial() is None
    async with await daemon.listen(nobody, 1000) as server:
        file = tmp_path / "daemon.port"
        assert file.stat().st_mode & 0o777 == 0o600
        said = json.loads(file.read_text())
        assert said["pid"] == os.getpid()
        assert server.sockets[0].getsockname() == ("127.0.0.1", said["port"])
        dialed = client.dial()
        assert dialed is not None
        assert dialed[0].getpeername() == ("127.0.0.1", said["port"])
        assert dialed[1].hex() == said["key"]
        dialed[0].close()
        assert client.is_answered()
        assert [daemon.is_mine(), client.is_mine()] == [True, False]
        client.remove()
        assert file.exists()
        held.release()  # as when it is killed
        assert client.dial() is None
        assert not client.is_answered()
        daemon.remove()
        assert not file.exists()
        assert not daemon.is_mine()


async def test_each_one_has_a_port_and_a_key_of_its_own(tmp_path: Path, held: lock.Lock) -> None:
    first, second = made(tmp_path), made(tmp_path)
    async with await first.listen(nobody, 1000):
        before = json.loads((tmp_path / "daemon.port").read_text())
        async with await second.listen(nobody, 1000):
            after = json.loads((tmp_path / "daemon.port").read_text())
            assert before["key"] != after["key"]
            assert before["port"] != after["port"]
            assert [first.is_mine(), second.is_mine()] == [False, True]
            first.remove()
            assert (tmp_path / "daemon.port").exists()


@pytest.mark.parametrize(
    "left",
    [
        "",
        "{",
        "[]",
        '{"port": 1}',
        '{"port": 9, "key": "%s"}',
        '{"port": 70000, "key": "%s", "pid": 0}',
        '{"port": 0, "key": "%s", "pid": 0}',
        '{"port": 9, "key": "00", "pid": 0}',
    ],
)
def test_a_file_that_is_not_whole_is_none(tmp_path: Path, held: lock.Lock, left: str) -> None:
    (tmp_path / "daemon.port").write_text(left.replace("%s", "ab" * 32).replace(" 0}", f" {os.getpid()}}}"))
    assert made(tmp_path).dial() is None


def test_a_port_that_nobody_listens_on_is_none(tmp_path: Path, held: lock.Lock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        said = {"port": taken.getsockname()[1], "key": "ab" * 32, "pid": os.getpid()}
        (tmp_path / "daemon.port").write_text(json.dumps(said))
        assert made(tmp_path).dial() is None


def test_a_file_left_by_the_one_before_is_none_while_the_next_one_begins(tmp_path: Path, held: lock.Lock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = {"port": taken.getsockname()[1], "key": "ab" * 32, "pid": os.getpid() + 1}
        (tmp_path / "daemon.port").write_text(json.dumps(said))
        assert made(tmp_path).dial() is None


async def test_only_who_knows_the_key_is_answered(tmp_path: Path, held: lock.Lock) -> None:
    daemon = made(tmp_path)
    with pytest.raises(DaemonError, match="did not know the key"):
        daemon.answer_to(handshake.introduction(b""))  # before it listens it has none
    async with await daemon.listen(nobody, 1000):
        key = bytes.fromhex(json.loads((tmp_path / "daemon.port").read_text())["key"])
        introduction = handshake.introduction(key)
        proof = daemon.answer_to(introduction)["proof"]
        assert handshake.knows(key, handshake.DAEMON, introduction["nonce"], proof)
        assert not handshake.knows(key, handshake.CALLER, introduction["nonce"], proof)
        assert key.hex() not in json.dumps([introduction, proof])
        for wrong in (
            {},
            {"nonce": introduction["nonce"]},
            {"nonce": introduction["nonce"], "proof": proof},  # what it said itself
            {"nonce": "other", "proof": introduction["proof"]},
            {"nonce": 5, "proof": None},
            {"nonce": "\ud800", "proof": "\ud800"},
            handshake.introduction(b"another"),
        ):
            with pytest.raises(DaemonError, match="did not know the key"):
                daemon.answer_to(wrong)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400\r\n\r\n", handshake.reply(handshake.WELCOME), b""])
def test_a_client_says_nothing_more_to_who_does_not_know_the_key(said: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            ask(ours, "serve", key=b"key")
        heard = theirs.recv(4096)
    assert heard.count(b"\n") == 1
    assert b'"key"' not in heard
