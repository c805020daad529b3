"""The first line each side says on a connection to the daemon, and the last one the daemon says.

    client  {"iquest-lsp": 1, "version": "0.1.0", "want": "serve"}\\n         want: serve, status, stop
    daemon  {"iquest-lsp": 1, "version": "0.1.0", "answer": "welcome", ...}\\n
    ...     with `serve`: the Language Server Protocol, in both directions
    daemon  NUL {"exit": 0, "message": ""}\\n                                 what the bridge ends with

No message of the protocol holds a NUL (JSON escapes it), so that the end is told from the messages without reading
them. The keys `iquest-lsp`, `version` and `want` stay as they are in every version; `iquest-lsp` counts up when two
versions can no longer be joined by copying bytes.

Where the two ends have a key (endpoint/loopback.py), the client's line has a random `nonce` and a `proof`, the
daemon's a `proof` of its own: HMAC-SHA256 of who speaks and of the nonce. Who has no proof gets no answer.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from iquest_lsp import __version__
from iquest_lsp.errors import DaemonError

WIRE = 1
MAX_LINE = 64 * 1024
FAREWELL = b"\0"

#: Who speaks, in a proof: one end's cannot be sent back as the other's.
CALLER, DAEMON = "caller", "daemon"
WELCOME, REPLACED, INCOMPATIBLE, FULL, DENIED = "welcome", "replaced", "incompatible", "full", "denied"


def hello(want: str, token: str = "", proven: Mapping[str, str] | None = None) -> bytes:
    """What a client says first; `proven` is what `introduction` gives."""
    said: dict[str, object] = {"iquest-lsp": WIRE, "version": __version__, "want": want, **(proven or {})}
    if token:
        said["token"] = token
    return line(said)


def introduction(key: bytes) -> dict[str, str]:
    """What shows that a client knows the key, without saying it; nothing where there is none."""
    if not key:
        return {}
    nonce = os.urandom(16).hex()
    return {"nonce": nonce, "proof": proof(key, CALLER, nonce)}


def proof(key: bytes, who: str, nonce: str) -> str:
    """What only somebody who knows the key can say to a nonce."""
    import hmac  # a bridge to a Unix socket needs none

    return hmac.new(key, f"{who} {nonce}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def knows(key: bytes, who: str, nonce: object, shown: object) -> bool:
    """Whether what was shown is the proof, in a time that says nothing of it."""
    if not key or not isinstance(nonce, str) or not isinstance(shown, str):
        return False
    import hmac

    return hmac.compare_digest(proof(key, who, nonce).encode(), shown.encode("utf-8", "surrogatepass"))


def reply(answer: str, **more: object) -> bytes:
    """What the daemon says first."""
    return line({"iquest-lsp": WIRE, "version": __version__, "answer": answer, **more})


def farewell(code: int, message: str = "") -> bytes:
    """What the daemon says last: the bridge's exit code, and why it is not 0."""
    return FAREWELL + line({"exit": code, "message": message})


def parse_farewell(last: bytes) -> dict[str, object]:
    """What was said last, from the bytes after FAREWELL, which more may follow; raises DaemonError."""
    return parse(last.partition(b"\n")[0])


def line(said: Mapping[str, object]) -> bytes:
    """One JSON object on a line."""
    return json.dumps(said, separators=(",", ":")).encode("ascii") + b"\n"


def parse(data: bytes) -> dict[str, object]:
    """The object on a line; raises DaemonError."""
    try:
        said = json.loads(data) if len(data) <= MAX_LINE else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise DaemonError("What answered is not a daemon of ours", why=f"it said {data[:40]!r}")
    return said


def is_compatible(said: Mapping[str, object]) -> bool:
    """Whether the other side's bytes can be copied to us as they are."""
    return said.get("iquest-lsp") == WIRE


def is_newer(version: object, than: str = __version__) -> bool:
    """Whether a version is a later one; one that cannot be read is not."""
    return _numbers(str(version)) > _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d{1,9}(\.\d{1,9})*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
