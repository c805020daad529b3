"""What the daemon says last is heard, in one part or several, and with more sent after it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from iquest_lsp.daemon import handshake
from iquest_lsp.daemon.bridge import copy
from iquest_lsp.daemon.client import DaemonClient
from iquest_lsp.errors import DaemonError

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


def test_the_command_line_tells_it(left: socket.socket) -> None:
    with left, pytest.raises(DaemonError) as told:
        DaemonClient(left, b"").request("iquest/complete", {})  # cannot even be sent any more
    assert told.value.why == "It was stopped by `iquest-lsp daemon stop`"


def test_the_bridge_tells_it(left: socket.socket, tmp_path: Path) -> None:
    source, other = os.pipe()
    sink = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    try:
        with left:
            ending = copy(left, b"", tmp_path / "log", source, sink)
    finally:
        for descriptor in (source, other, sink):
            os.close(descriptor)
    assert (ending.code, ending.message) == (3, "It was stopped by `iquest-lsp daemon stop`")
    assert (tmp_path / "out").read_bytes() == b""
