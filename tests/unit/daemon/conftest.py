"""What several tests of the daemon begin with."""

from __future__ import annotations

import socket

import pytest

from iquest_lsp.daemon import handshake

LAST = handshake.farewell(3, "It was stopped by `iquest-lsp daemon stop`")
PARTS = {
    "whole": (LAST,),
    "in parts": (LAST[:1], LAST[1:9], LAST[9:]),
    "with more after it": (LAST + b"Content-Length: 2\r\n\r\n{}",),
}


@pytest.fixture(params=list(PARTS))
def left(request: pytest.FixtureRequest) -> socket.socket:
    """The client's end of a connection at whose other end all was said and the daemon has gone."""
    ours, theirs = socket.socketpair()
    with theirs:
        for part in PARTS[request.param]:
            theirs.sendall(part)
    return ours
