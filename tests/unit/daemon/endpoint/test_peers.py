from __future__ import annotations

import os
import socket

import pytest

from iquest_lsp.daemon.endpoint import peers
from iquest_lsp.errors import DaemonError


def test_the_other_end_must_be_the_same_user(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = socket.socketpair()
    with one, two:
        peers.check_peer(one)
        mine = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
        with pytest.raises(DaemonError, match="not trusted"):
            peers.check_peer(one)
    with pytest.raises(DaemonError, match="cannot be checked"):
        peers.check_peer(one)
