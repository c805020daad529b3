"""A client of the daemon for the command line: a few requests over its socket, one after the other, no editor."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from iquest_lsp.daemon import handshake
from iquest_lsp.daemon.bridge import CHUNK, join
from iquest_lsp.daemon.runtime_dir import by_use
from iquest_lsp.errors import DaemonError, IQuestError, RequestFailedError, UsageError
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.server.framing import HEAD_END, body_length, frame
from iquest_lsp.settings import Settings

#: What the server calls a request that asks for what cannot exist (JSON-RPC: invalid params).
_WRONG_USAGE = -32602
WITHOUT = "The command runs without the daemon"
#: `window/showMessage`: errors and warnings.
_WORTH_SAYING = (1, 2)

NoticeListener = Callable[[dict[str, Any]], None]
AnyError = TypeVar("AnyError", bound=IQuestError)


class DaemonClient:
    """One connection; `messages` are the errors and warnings that the server showed meanwhile."""

    def __init__(self, connection: socket.socket, first: bytes) -> None:
        self._connection = connection
        self._data = first
        self._number = 0
        self.messages: list[str] = []

    def request(self, method: str, params: Mapping[str, object], listen: NoticeListener | None = None) -> Any:
        """The result of a request; with `listen` the parts that come ahead of it are heard as they come.

        Raises UsageError, RequestFailedError with what the server said, DaemonError when the daemon ends meanwhile.
        """
        self._number += 1
        number, asked = self._number, dict(params)
        if listen is not None:
            asked["partialResultToken"] = number
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": asked})
        while True:
            message = self._read()
            told = message.get("method")
            if told is None and message.get("id") == number:
                return _result(message)
            if told is not None and "id" in message:
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
            elif told == "window/showMessage" and message["params"]["type"] in _WORTH_SAYING:
                self.messages.append(str(message["params"]["message"]))
            elif told == "$/progress" and listen is not None and message["params"]["token"] == number:
                listen(message["params"]["value"])

    def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        """A notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def abandon(self) -> None:
        """Ends the connection, from any thread: a request under way fails, and the daemon gives it up."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _send(self, message: Mapping[str, object]) -> None:
        try:
            self._connection.sendall(frame(message))
        except OSError:
            self._ended()

    def _read(self) -> dict[str, Any]:
        while HEAD_END not in self._data:
            self._more()
        head, _, self._data = self._data.partition(HEAD_END)
        length = body_length(head)
        while len(self._data) < length:
            self._more()
        body, self._data = self._data[:length], self._data[length:]
        found: dict[str, Any] = json.loads(body)
        return found

    def _more(self) -> None:
        try:
            data = self._connection.recv(CHUNK)
        except OSError:
            data = b""
        self._data += data
        if not data or handshake.FAREWELL in self._data:
            self._ended()

    def _ended(self) -> None:
        # What it said last may be still on its way, in parts, or unread because something could not be sent.
        with contextlib.suppress(OSError):
            while data := self._connection.recv(CHUNK):
                self._data += data
        _, _, last = self._data.partition(handshake.FAREWELL)
        reason = ""
        with contextlib.suppress(DaemonError):
            reason = str(handshake.parse_farewell(last).get("message", ""))
        raise DaemonError("The daemon ended before it answered", why=reason, fix="Run the command again")


def _result(message: dict[str, Any]) -> Any:
    error = message.get("error")
    if error is None:
        return message.get("result")
    raise failure(error, UsageError if error.get("code") == _WRONG_USAGE else RequestFailedError)


def failure(error: Mapping[str, Any], kind: type[AnyError]) -> AnyError:
    """What a response says went wrong, in the parts of one of our errors where it gives them."""
    parts = error.get("data")
    if isinstance(parts, dict) and isinstance(parts.get("what"), str):
        return kind(parts["what"], why=str(parts.get("why", "")), fix=str(parts.get("fix", "")))
    return kind(str(error.get("message", "")))


def require_model(settings: Settings) -> None:
    """Raises ModelError where the model that completions need does not exist: no reason to start a daemon then."""
    if settings.engine != "fake" and not settings.remote:
        catalogue.resolve(settings.model)


@contextlib.contextmanager
def joined(given: Mapping[str, object]) -> Iterator[DaemonClient]:
    """A connection to the daemon for settings given on the command line, started when there is none.

    Those that choose the engine choose the daemon, the others hold for this connection. Raises DaemonError when there
    can be none.
    """
    options, settings = by_use(given)
    _, connection, first = join(options, WITHOUT)
    with connection:
        client = DaemonClient(connection, first)
        opening = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": {},
            "initializationOptions": settings,
        }
        client.request("initialize", opening)
        client.notify("initialized", {})
        yield client
        with contextlib.suppress(IQuestError):
            client.request("shutdown", {})
            client.notify("exit")
