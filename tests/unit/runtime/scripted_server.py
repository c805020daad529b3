"""An HTTP server that answers from a script, rightly or wrongly, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """What is sent: `events` as a stream, else `body` as JSON; `cut` ends the connection in the middle.

    `hold` is waited for before the last event; `gone` is set when the client has left before the end.
    """

    status: int = 200
    body: Any = None
    events: list[Any] | None = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hold: threading.Event | None = None
    gone: threading.Event | None = None


Script = Callable[[Asked], Reply]


def streams(*items: Any, **more: Any) -> Script:
    """Answers everything by a stream of these events."""
    return lambda asked: Reply(events=list(items), **more)


def piece(text: str, **more: Any) -> dict[str, Any]:
    """An event of a completion's stream."""
    return {"choices": [{"index": 0, "text": text, "finish_reason": None, **more}]}


def delta(finish: str | None = None, **words: str) -> dict[str, Any]:
    """An event of a chat's stream."""
    return {"choices": [{"index": 0, "delta": words, "finish_reason": finish}]}


class Scripted:
    """`answer` may be replaced while it runs."""

    def __init__(self, answer: Script) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.clients: set[tuple[str, int]] = set()  # the addresses that connected
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                scripted.clients.add(self.client_address)
                super().setup()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                data = self.rfile.read(length)
                asked = Asked(self.command, self.path, dict(self.headers), json.loads(data) if data else None)
                scripted.asked.append(asked)
                reply = scripted.answer(asked)
                try:
                    self._send(reply)
                except OSError:
                    if reply.gone is not None:
                        reply.gone.set()
                    self.close_connection = True

            def _send(self, reply: Reply) -> None:
                if reply.raw is not None:
                    self.wfile.write(reply.raw)
                    self.close_connection = True
                    return
                if reply.events is None:
                    data = json.dumps(reply.body).encode()
                    self.send_response(reply.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data) + (10 if reply.cut else 0)))
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(data)
                    self.close_connection |= reply.cut
                    return
                self.send_response(reply.status)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                items = [json.dumps(item) if not isinstance(item, str) else item for item in reply.events]
                for number, item in enumerate(items):
                    if reply.hold is not None and number == len(items) - 1:
                        self._wait(reply)
                    self._chunk(f"data: {item}\n\n".encode())
                if reply.cut:
                    self.close_connection = True
                    return
                self._chunk(b"data: [DONE]\n\n")
                self._chunk(b"")

            def _wait(self, reply: Reply) -> None:
                assert reply.hold is not None
                self.connection.settimeout(0.05)
                while not reply.hold.is_set():
                    try:
                        if not self.connection.recv(1):
                            raise ConnectionResetError
                    except TimeoutError:
                        continue
                self.connection.settimeout(None)

            def _chunk(self, data: bytes) -> None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()

        self.connections: list[socket.socket] = []

        class Handling(Handler):
            def setup(self) -> None:
                super().setup()
                scripted.connections.append(self.connection)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address to set."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close_connections(self) -> None:
        """Closes the connections that clients keep, as servers do after a while."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [item.path for item in self.asked]

    def of(self, path: str) -> list[Asked]:
        """The requests for one path."""
        return [item for item in self.asked if item.path == path]


@contextmanager
def serving(answer: Script) -> Iterator[Scripted]:
    """A server for the time of a test."""
    server = Scripted(answer)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def model_server(
    complete: Script, *, models: tuple[str, ...] = ("coder",), tokens: tuple[str, ...] = (), chat: Script | None = None
) -> Script:
    """A server with these models and control tokens; each other character is a token of its own."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/v1/models":
            return Reply(body={"data": [{"id": name, "max_model_len": 4096} for name in models]})
        if asked.path == "/tokenize":
            if "prompt" not in asked.body:
                return Reply(400, {"detail": "prompt is missing"})
            text, count = asked.body["prompt"], 0
            for token in tokens:
                count += text.count(token)
                text = text.replace(token, "")
            return Reply(body={"tokens": list(range(count + len(text)))})
        if asked.path == "/v1/completions":
            return complete(asked)
        if asked.path == "/v1/chat/completions" and chat is not None:
            return chat(asked)
        return Reply(404, {"error": {"message": "no such path"}})

    return answer
