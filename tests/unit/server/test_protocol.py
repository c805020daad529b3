"""Requests of ours to a client: bounded, given up in time, and no business of the client's own."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from iquest_lsp.server import framing
from iquest_lsp.server import protocol as module
from iquest_lsp.server.framing import frame
from iquest_lsp.server.protocol import MAX_UNANSWERED, Protocol, converse
from tests.waiting import until


class Written:
    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        """Nothing to close."""


def made() -> tuple[Protocol, Written]:
    server = LanguageServer("test", "1", protocol_cls=Protocol)
    protocol, written = server.protocol, Written()
    assert isinstance(protocol, Protocol)
    protocol.set_writer(written)
    return protocol, written


def take(protocol: Protocol, **message: Any) -> None:
    protocol.receive(json.dumps({"jsonrpc": "2.0", **message}).encode())


async def test_too_many_are_refused_until_some_are_answered() -> None:
    protocol, written = made()
    waiting = [protocol.send_request("iquest/any", {}) for _ in range(MAX_UNANSWERED)]
    assert (protocol.unanswered, protocol.under_way) == (MAX_UNANSWERED, 0)
    with pytest.raises(JsonRpcException, match="not answered"):
        protocol.send_request("iquest/any", {}).result(0)
    assert len(written.messages) == MAX_UNANSWERED  # the one that was refused was not sent
    take(protocol, id=written.messages[0]["id"], result=7)
    assert waiting[0].result(0) == 7
    assert protocol.send_request("iquest/any", {}).done() is False
    assert protocol.unanswered == MAX_UNANSWERED
    protocol.withdraw()
    assert (protocol.unanswered, waiting[1].cancelled()) == (0, True)


async def test_each_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    protocol, written = made()
    future = protocol.send_request("iquest/any", {})
    await until(future.done)
    with pytest.raises(JsonRpcException, match="not answered"):
        future.result(0)
    assert protocol.unanswered == 0
    take(protocol, id=written.messages[0]["id"], result=7)  # late: nobody waits any more
    with pytest.raises(JsonRpcException, match="not answered"):
        future.result(0)


async def test_one_that_is_not_waited_for_is_forgotten() -> None:
    protocol, _ = made()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(protocol.send_request_async("iquest/any", {}), 0.01)
    assert (protocol.unanswered, protocol.under_way) == (0, 0)


@pytest.mark.parametrize(
    "answer", [{"error": {"code": -1, "message": "no"}}, {"error": "no"}, {"error": {"code": "x"}}], ids=str
)
async def test_an_error_is_an_answer(answer: dict[str, Any]) -> None:
    protocol, written = made()
    future: Future[Any] = protocol.send_request("iquest/any", {})
    take(protocol, id=written.messages[0]["id"], **answer)
    with pytest.raises(JsonRpcException):
        future.result(0)
    assert protocol.unanswered == 0


async def test_the_client_cancels_only_its_own() -> None:
    protocol, written = made()
    protocol.initialized = True
    future = protocol.send_request("iquest/any", {})
    take(protocol, method="$/cancelRequest", params={"id": written.messages[0]["id"]})
    assert not future.done()


async def test_withdrawing_what_is_answered_costs_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, written = made()
    protocol.initialized = True
    handled: list[object] = []
    monkeypatch.setattr(protocol, "handle_message", handled.append)
    for number in (7, "seven", None, True, {"a": 1}, 2**70):
        take(protocol, method="$/cancelRequest", params={"id": number})
    take(protocol, method="$/cancelRequest", params=[7])
    take(protocol, method="$/cancelRequest")
    assert (handled, written.messages) == ([], [])


async def test_what_is_withdrawn_already_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, written = made()
    protocol.initialized = True
    handled: list[Any] = []
    monkeypatch.setattr(protocol, "handle_message", handled.append)
    reader = asyncio.StreamReader()
    params = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}
    for number in range(200):
        reader.feed_data(frame({"jsonrpc": "2.0", "id": number, "method": "textDocument/hover", "params": params}))
        if number:
            withdrawal = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number - 1}}
            reader.feed_data(frame(withdrawal))
    reader.feed_eof()
    await converse(protocol, reader, written)
    assert [message.id for message in handled] == [199]
    assert [(one["id"], one["error"]["code"]) for one in written.messages] == [
        (number, -32800) for number in range(199)
    ]


async def test_reading_ahead_ends_where_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MOST_AHEAD", 1000)
    reader = asyncio.StreamReader(limit=100)
    bodies = [b'"' + b"x" * 400 + b'"' for _ in range(9)]
    for body in bodies:
        reader.feed_data(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    reader.feed_eof()
    ahead = framing.MessageReader(reader)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(ahead) == 3
    assert [body async for body in ahead] == bodies
