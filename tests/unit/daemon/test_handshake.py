from __future__ import annotations

import pytest

from iquest_lsp import __version__
from iquest_lsp.daemon import handshake
from iquest_lsp.errors import DaemonError

KEY = b"k" * 32


def test_each_side_says_who_it_is_on_one_line() -> None:
    said = handshake.parse(handshake.hello("serve", "token"))
    assert handshake.is_compatible(said)
    assert (said["want"], said["version"], said["token"]) == ("serve", __version__, "token")
    assert handshake.hello("serve").count(b"\n") == 1
    assert handshake.parse(handshake.reply(handshake.WELCOME, status={}))["answer"] == "welcome"


def test_the_last_word_is_told_from_what_comes_behind_it() -> None:
    last = handshake.farewell(3, "It was stopped")
    assert last.startswith(handshake.FAREWELL)
    assert handshake.parse_farewell(last[1:] + b"more") == {"exit": 3, "message": "It was stopped"}


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"{", b"HTTP/1.1 400 Bad Request", b'{"a":' + b"[" * 70_000])
def test_what_says_something_else_is_no_daemon(data: bytes) -> None:
    with pytest.raises(DaemonError):
        handshake.parse(data)


def test_a_proof_is_of_one_side_and_one_nonce() -> None:
    said = handshake.introduction(KEY)
    assert handshake.knows(KEY, handshake.CALLER, said["nonce"], said["proof"])
    assert not handshake.knows(KEY, handshake.DAEMON, said["nonce"], said["proof"])
    assert not handshake.knows(KEY, handshake.CALLER, "another", said["proof"])
    assert not handshake.knows(b"x" * 32, handshake.CALLER, said["nonce"], said["proof"])
    assert handshake.introduction(KEY)["nonce"] != said["nonce"]
    assert handshake.introduction(b"") == {}


@pytest.mark.parametrize(("nonce", "shown"), [(None, "x"), (7, "x"), ("x", None), ("x", ["x"]), ("x", "\ud800")])
def test_nonsense_proves_nothing(nonce: object, shown: object) -> None:
    assert not handshake.knows(KEY, handshake.CALLER, nonce, shown)
    assert not handshake.knows(b"", handshake.CALLER, nonce, shown)


@pytest.mark.parametrize(
    ("version", "than", "is_newer"),
    [
        ("1.10.0", "1.9", True),
        ("1.9", "1.10.0", False),
        ("1.0", "1.0", False),
        ("nonsense", "0.1", False),
        (None, "0.1", False),
    ],
)
def test_versions_are_compared_number_by_number(version: object, than: str, is_newer: bool) -> None:
    assert handshake.is_newer(version, than) is is_newer
