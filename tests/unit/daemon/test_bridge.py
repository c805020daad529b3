"""What the daemon says last is heard, in one part or several, and with more sent after it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from iquest_lsp.daemon.bridge import copy


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
