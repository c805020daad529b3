"""Framing: every damage is reported, and the messages around it are read."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.server.framing import Damage, messages


async def read(data: bytes, limit: int = 1024) -> list[bytes | Damage]:
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(data)
    reader.feed_eof()
    return [item async for item in messages(reader)]


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_messages_are_read_one_after_the_other() -> None:
    typed = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:3\r\n\r\nabc"
    assert await read(frame(b"{}") + typed + frame(b"")) == [b"{}", b"abc", b""]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"hello\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: ten\r\n\r\n",
        b"Content-Length: 9999999999999999\r\n\r\n",
        b"X: y\r\n\r\n",
        b"z" * 5000 + b"\r\n\r\n",
    ],
)
async def test_damage_is_reported_and_reading_goes_on(rubbish: bytes) -> None:
    got = await read(frame(b"1") + rubbish + frame(b"2"))
    assert got[0] == b"1"
    assert isinstance(got[1], Damage)
    assert got[-1] == b"2"


async def test_a_message_cut_off_is_the_end() -> None:
    assert await read(frame(b"1") + b"Content-Length: 10\r\n\r\nabc") == [b"1"]


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    asyncio.run(read(data, limit=64))
