"""The HTTP client: addresses, connections that are used again, streams of events."""

from __future__ import annotations

import pytest

from iquest_lsp.errors import RemoteEngineError
from iquest_lsp.runtime.remote.http_client import Address, HttpClient, events
from tests.unit.runtime.scripted_server import model_server, piece, serving, streams


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://x/", "http://", "http://a:b@c/v1", "http://x:99999/v1"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(RemoteEngineError):
        Address.parse(url)


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.8.9.1:1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://localhost/v1", True),
        ("http://a.localhost/v1", True),
        ("http://10.0.0.1/v1", False),
        ("https://localhost.example.org/v1", False),
    ],
)
def test_which_servers_are_on_this_machine(url: str, near: bool) -> None:
    assert Address.parse(url).is_loopback is near


async def test_a_connection_that_the_server_closed_costs_no_try() -> None:
    with serving(model_server(streams(piece("x")))) as server:
        client = HttpClient(Address.parse(server.url))
        for _ in range(3):
            assert await client.call("GET", "/models", retries=0)
            server.close_connections()
        await client.close()


def test_a_line_separator_in_an_answer_is_text() -> None:
    lines = iter(['data: {"a": "\u2028\x85"}\n'.encode(), b"\n"])
    assert list(events(lambda: next(lines, b""))) == ['{"a": "\u2028\x85"}']


def test_events_are_read_as_the_standard_says() -> None:
    sent = b": hello\nevent: x\ndata: a\ndata:b\n\ndata: \n\nid: 3\n\ndata: [DONE]\nnever"
    lines = iter(sent.splitlines(keepends=True))
    assert list(events(lambda: next(lines, b""))) == ["a\nb", "", "[DONE]"]
