"""Another language server, as one has beside ours: it completes `another_name` and complains of line 2.

What its command line names beyond that is nothing to it: a multiplexer names the servers it starts there.
"""

from __future__ import annotations

import json
import sys
from typing import Any

CAPABILITIES = {"textDocumentSync": 1, "completionProvider": {}, "hoverProvider": True}
ANSWERS: dict[str, Any] = {
    "initialize": {"capabilities": CAPABILITIES, "serverInfo": {"name": "another+iquest-lsp"}},
    "textDocument/completion": {"isIncomplete": False, "items": [{"label": "another_name"}]},
    "textDocument/hover": {"contents": "said by another"},
}
PLACE = {"line": 1, "character": 0}
COMPLAINT = {
    "range": {"start": PLACE, "end": {"line": 1, "character": 4}},
    "severity": 1,
    "message": "another complains",
}


def send(**message: object) -> None:
    """Sends one message."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    sys.stdout.buffer.flush()


def receive() -> dict[str, Any] | None:
    """The next message; None at the end."""
    length = 0
    while header := sys.stdin.buffer.readline().strip():
        name, _, value = header.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return json.loads(sys.stdin.buffer.read(length)) if length else None


while (told := receive()) is not None and told.get("method") != "exit":
    method = told.get("method", "")
    if method == "textDocument/didOpen":
        uri = told["params"]["textDocument"]["uri"]
        send(method="textDocument/publishDiagnostics", params={"uri": uri, "diagnostics": [COMPLAINT]})
    elif "id" in told and method.startswith("iquest/"):
        send(id=told["id"], error={"code": -32601, "message": f"{method} is not known here"})
    elif "id" in told and method:
        send(id=told["id"], result=ANSWERS.get(method))
