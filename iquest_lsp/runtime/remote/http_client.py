"""JSON over HTTP/1.1 for one server, with streaming, retries, and cancellation that closes the connection.

The standard library's client on a thread per exchange: a request is cancelled by shutting its socket down, which
servers take as the end of the work. Redirects are not followed, so that the key goes nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import random
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from iquest_lsp import __version__
from iquest_lsp.errors import RemoteEngineError

log = logging.getLogger(__name__)

CONNECT_S = 3.0
SILENCE_S = 60.0
RETRIES = 2
FIRST_PAUSE_S = 0.15
LONGEST_PAUSE_S = 5.0
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
MAX_LINE = 4 * 1024 * 1024
MAX_BODY = 64 * 1024 * 1024
MAX_IDLE = 4
MAX_SAID = 300


class _PassingError(RemoteEngineError):
    """A failure that another try may mend; `after` are the seconds the server asked for."""

    after: float | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: `base` is the path before /completions, without a slash at its end."""

    secure: bool
    host: str
    port: int
    base: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Reads http(s)://HOST[:PORT][/PATH]; raises RemoteEngineError."""
        fix = "Write `remote` as http://HOST:PORT/v1"
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError as error:
            raise RemoteEngineError("The server's address cannot be read", why=str(error), fix=fix) from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RemoteEngineError("The server's address cannot be read", why="it is no http(s) address", fix=fix)
        if parts.username or parts.password:
            raise RemoteEngineError(
                "The server's address holds a password", fix="Put the key into the variable that `remote_key` names"
            )
        secure = parts.scheme == "https"
        return cls(secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/"))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.base}"


class Client:
    """Speaks to one server; connections that are done wait for the next request.

    `key` is sent as a bearer token, and shown nowhere.
    """

    def __init__(self, address: Address, key: str = "", *, connect_s: float = CONNECT_S) -> None:
        self.address = address
        self.key = key
        self._connect_s = connect_s
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        silence_s: float = SILENCE_S,
        retries: int = RETRIES,
        base: str | None = None,
    ) -> Any:
        """One answer as JSON, of a path under `base` (None: the address's own); raises RemoteEngineError."""
        last: Any = None
        async for item in self.stream(method, path, body, silence_s=silence_s, retries=retries, base=base):
            last = item
        return last

    async def stream(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        silence_s: float = SILENCE_S,
        retries: int = RETRIES,
        base: str | None = None,
    ) -> AsyncIterator[Any]:
        """The objects of an event stream, or the one object of a plain answer; raises RemoteEngineError.

        Only a request of whose answer nothing has come is tried again. Closing the iterator ends the exchange.
        """
        pause = FIRST_PAUSE_S
        for left in range(retries, -1, -1):
            exchange = _Exchange(self, method, (self.address.base if base is None else base) + path, body, silence_s)
            begun = False
            try:
                async for item in exchange.run():
                    begun = True
                    yield item
                return
            except _PassingError as error:
                if begun or not left:
                    raise RemoteEngineError(error.what, why=error.why, fix=error.fix) from error
                wait = error.after if error.after is not None else pause * (0.5 + random.random())
                if wait > LONGEST_PAUSE_S:
                    raise RemoteEngineError(error.what, why=error.why, fix=error.fix) from error
                log.debug("%s; tried again in %.2f s", error.what, wait)
                await asyncio.sleep(wait)
                pause *= 2
            finally:
                exchange.end()

    def close(self) -> None:
        """Closes the waiting connections."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def without_key(self, text: str) -> str:
        """A text of the server's for logs and messages: short, on one line, and without the key it may repeat."""
        if self.key:
            text = text.replace(self.key, "***")
        return " ".join(text.split())[:MAX_SAID]

    def headers(self) -> dict[str, str]:
        """What goes with every request."""
        made = {"Accept": "application/json, text/event-stream", "User-Agent": f"iquest-lsp/{__version__}"}
        return made | ({"Authorization": f"Bearer {self.key}"} if self.key else {})

    def take(self) -> http.client.HTTPConnection | None:
        """A waiting connection, if there is one."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give(self, connection: http.client.HTTPConnection) -> None:
        """A connection whose answer was read to its end."""
        with self._lock:
            if len(self._idle) < MAX_IDLE and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """A new connection; raises OSError."""
        there = self.address
        made = (
            http.client.HTTPSConnection(
                there.host, there.port, timeout=self._connect_s, context=ssl.create_default_context()
            )
            if there.secure
            else http.client.HTTPConnection(there.host, there.port, timeout=self._connect_s)
        )
        made.connect()
        if made.sock is not None:
            made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def failure(self, error: Exception) -> _PassingError:
        """What a broken connection means."""
        if isinstance(error, http.client.IncompleteRead):
            why = "its answer was cut off"
        elif isinstance(error, TimeoutError):
            why = "it does not answer in time"
        elif isinstance(error, ssl.SSLCertVerificationError):
            why = f"its certificate is not valid ({error.verify_message})"
        elif isinstance(error, OSError) and error.strerror:
            why = error.strerror
        else:
            why = str(error) or type(error).__name__
        return _PassingError(
            f"The server {self.address} cannot be used",
            why=self.without_key(why),
            fix="See that it runs and that `remote` is its address",
        )


class _Exchange:
    """One request and its answer, on a thread of its own."""

    def __init__(self, client: Client, method: str, path: str, body: object, silence_s: float) -> None:
        self._client = client
        self._method = method
        self._path = path
        self._body = None if body is None else json.dumps(body).encode("ascii")
        self._silence_s = silence_s
        self._connection: http.client.HTTPConnection | None = None
        self._ended = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def run(self) -> AsyncIterator[Any]:
        """The objects of the answer; raises _PassingError, RemoteEngineError."""
        threading.Thread(target=self._work, daemon=True, name="remote").start()
        while True:
            kind, value = await self._queue.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value

    def end(self) -> None:
        """Nobody waits any more: what is under way is cut off."""
        self._ended.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _work(self) -> None:
        kind: str
        value: Any
        try:
            self._exchange()
            kind, value = "end", None
        except RemoteEngineError as error:
            kind, value = "error", error
        except (OSError, http.client.HTTPException) as error:
            kind, value = "error", self._client.failure(error)
        except Exception as error:  # the one who waits must hear, whatever a server sends
            log.debug("an exchange failed", exc_info=True)
            kind, value = "error", self._client.failure(error)
        self._say(kind, value)

    def _say(self, kind: str, value: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (kind, value))

    def _exchange(self) -> None:
        waiting = self._client.take()
        response = self._send(waiting) if waiting is not None else None
        if response is None:  # none waited, or the one that did was closed meanwhile by the server
            if self._ended.is_set():
                return
            response = self._send(self._client.connect(), fresh=True)
        assert response is not None
        connection = self._connection
        assert connection is not None
        whole = False
        try:
            if response.status != 200:
                raise self._refusal(response)
            if "text/event-stream" in response.headers.get("Content-Type", ""):
                whole = self._read_events(response)
            else:
                self._say("item", _parse(_body(response)))
                whole = True
        finally:
            self._connection = None
            response.close()
            if whole and not response.will_close and not self._ended.is_set():
                self._client.give(connection)
            else:
                connection.close()

    def _send(self, connection: http.client.HTTPConnection, *, fresh: bool = False) -> http.client.HTTPResponse | None:
        self._connection = connection
        headers = self._client.headers()
        if self._body is not None:
            headers["Content-Type"] = "application/json"
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._silence_s)
            connection.request(self._method, self._path, self._body, headers)
            return connection.getresponse()
        except TimeoutError:
            connection.close()
            raise
        except (OSError, http.client.HTTPException):
            connection.close()
            if fresh:
                raise
            return None

    def _read_events(self, response: http.client.HTTPResponse) -> bool:
        """Whether the answer was read to its end."""
        for data in events(lambda: response.readline(MAX_LINE + 1)):
            if self._ended.is_set():
                return False
            if data == "[DONE]":
                response.read(MAX_LINE)
                return response.isclosed()
            item = _parse(data.encode("utf-8"))
            if isinstance(item, dict) and item.get("error"):
                raise RemoteEngineError(
                    f"The server {self._client.address} failed", why=self._client.without_key(said(item))
                )
            self._say("item", item)
        _check_whole(response)
        return True

    def _refusal(self, response: http.client.HTTPResponse) -> RemoteEngineError:
        """The error that an answer other than 200 means."""
        text = _body(response, 64 * 1024).decode("utf-8", "replace")
        try:
            text = said(json.loads(text))
        except ValueError:
            text = response.reason or ""
        why = f"{response.status}: {self._client.without_key(text)}" if text else str(response.status)
        what = f"The server {self._client.address} refuses"
        if response.status in (401, 403):
            return RemoteEngineError(what, why=why, fix="Put its key into the variable that `remote_key` names")
        if response.status == 404:
            return RemoteEngineError(what, why=why, fix="`remote` usually ends in /v1; `remote_model` names its model")
        if response.status in RETRIED:
            error = _PassingError(what, why=why, fix="See its log")
            with contextlib.suppress(ValueError):
                error.after = max(float(response.headers["Retry-After"] or ""), 0.0)
            return error
        fix = "Make `window_tokens` smaller" if "context" in text.lower() else "See its log"
        return RemoteEngineError(what, why=why, fix=fix)


def events(readline: Callable[[], bytes]) -> Iterator[str]:
    """The data of server-sent events (HTML standard, section 9.2); raises RemoteEngineError."""
    data: list[str] = []
    while line := readline():
        if len(line) > MAX_LINE:
            raise RemoteEngineError("The server's answer cannot be read", why="a line of it has no end")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if data:
                yield "\n".join(data)
            data = []
        elif text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
            if text[5:].strip() == "[DONE]":  # some servers forget the empty line after it
                yield "[DONE]"
                return
    if data:
        yield "\n".join(data)


def said(answer: object) -> str:
    """What an error object says: OpenAI's form, FastAPI's, or whatever it is."""
    found = answer.get("error", answer.get("detail", answer.get("message", ""))) if isinstance(answer, dict) else answer
    if isinstance(found, dict):
        found = found.get("message", found)
    return found if isinstance(found, str) else json.dumps(found)


def _body(response: http.client.HTTPResponse, limit: int = MAX_BODY) -> bytes:
    data = response.read(limit + 1)
    if len(data) > limit:
        raise RemoteEngineError("The server's answer cannot be read", why=f"it is longer than {limit:,} bytes")
    _check_whole(response)
    return data


def _check_whole(response: http.client.HTTPResponse) -> None:
    """Raises IncompleteRead for an answer that was cut off, which the library passes over when it reads in pieces."""
    if response.chunk_left is not None if response.chunked else response.length:
        raise http.client.IncompleteRead(b"")


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RemoteEngineError("The server's answer cannot be read", why="it is not JSON") from error
