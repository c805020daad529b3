"""What the daemon says last is heard, in one part or several, and with more sent after it."""

from __future__ import annotations

import socket

import pytest

from iquest_lsp.daemon.client import DaemonClient
from iquest_lsp.errors import DaemonError


def test_the_command_line_tells_it(left: socket.socket) -> None:
    with left, pytest.raises(DaemonError) as told:
        DaemonClient(left, b"").request("iquest/complete", {})  # cannot even be sent any more
    assert told.value.why == "It was stopped by `iquest-lsp daemon stop`"
