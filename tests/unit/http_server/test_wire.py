"""A request is read within its bounds, or refused with a status and a sentence."""

from __future__ import annotations

import asyncio
import json
from typing import cast

import pytest

from iquest_lsp.http_server.wire import MAX_BODY, HttpRequest, Refused, answer, events, read_request


class Writer:
    """What is said to a client before its request is whole."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data


async def read(data: bytes) -> tuple[HttpRequest | None, bytes]:
    reader, writer = asyncio.StreamReader(limit=2000), Writer()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_request(reader, cast("asyncio.StreamWriter", writer)), writer.sent


async def test_a_request_is_read_with_its_body() -> None:
    told, said = await read(b"POST /infill HTTP/1.1\r\nHost: x\r\nContent-LENGTH: 2\r\n\r\n{}rest")
    assert told == HttpRequest("POST", "/infill", {"host": "x", "content-length": "2"}, b"{}", keeps=True)
    assert said == b""


@pytest.mark.parametrize("rest", [b"0\r\n\r\n", b"1\r\nConnection: close\r\n\r\n", b"1\r\nConnection: CLOSE\r\n\r\n"])
async def test_a_connection_ends_where_the_client_says_so(rest: bytes) -> None:
    told, _ = await read(b"GET / HTTP/1." + rest)
    assert told is not None
    assert not told.keeps


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost: x"])
async def test_a_client_that_goes_has_asked_nothing(data: bytes) -> None:
    assert (await read(data))[0] is None


async def test_a_client_that_asks_before_it_sends_is_told_to_go_on() -> None:
    told, said = await read(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx")
    assert told is not None
    assert said == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 3000 + b"\r\n\r\n", 431),
    ],
)
async def test_what_is_out_of_bounds_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        await read(data)
    assert refused.value.status == status
    assert refused.value.message


def test_an_answer_says_how_long_it_is_and_whether_another_may_be_asked() -> None:
    head, _, body = answer(200, {"content": "é"}, keeps=True).partition(b"\r\n\r\n")
    assert json.loads(body) == {"content": "é"}
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Connection: keep-alive" in head
    assert b"Connection: close" in answer(404, {}, keeps=False)
    assert b"WWW-Authenticate: Bearer" in answer(401, {}, keeps=False)


def test_events_end_as_the_client_knows_it() -> None:
    told = events([{"a": 1}, {"b": 2}], keeps=False, done=True).partition(b"\r\n\r\n")[2]
    assert told == b'data: {"a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n'
    assert events([], keeps=False, done=False).endswith(b"\r\n\r\n")
