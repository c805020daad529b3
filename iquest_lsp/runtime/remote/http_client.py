"""JSON over HTTP/1.1 for one server (httpx), with streaming, retries, and cancellation that closes the connection.

Redirects are not followed, so that the key goes nowhere else. The environment's proxies are used for servers
elsewhere, never for this machine's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from iquest_lsp import __version__
from iquest_lsp.errors import RemoteEngineError

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

CONNECT_S = 3.0
SILENCE_S = 60.0
RETRIES = 2
FIRST_PAUSE_S = 0.15
LONGEST_PAUSE_S = 5.0
#: How long the end of a stream is waited for after its last event, so that the connection can be used again.
END_S = 1.0
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
MAX_LINE = 4 * 1024 * 1024
MAX_BODY = 64 * 1024 * 1024
MAX_REFUSAL = 64 * 1024
MAX_IDLE = 4
MAX_SAID = 300
DONE = "[DONE]"


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

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, by its name."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"{self.origin}{self.base}"

    @property
    def origin(self) -> str:
        """The address without its path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


class HttpClient:
    """Speaks to one server, on one event loop; connections that are done wait for the next request.

    `key` is sent as a bearer token, and shown nowhere.
    """

    def __init__(self, address: Address, key: str = "", *, connect_s: float = CONNECT_S) -> None:
        import httpx  # here, since most installations never speak to a server

        for noisy in ("httpx", "httpcore"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self.address = address
        self.key = key
        self._connect_s = connect_s
        headers: dict[str, str | bytes] = {
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",  # a compressed stream comes in lumps
            "User-Agent": f"iquest-lsp/{__version__}",
        }
        if key:
            headers["Authorization"] = f"Bearer {key}".encode()
        try:
            self._http = httpx.AsyncClient(
                headers=headers,  # type: ignore[arg-type]  # values may be text and bytes side by side
                # The system's certificates, as for every other program of this machine.
                verify=ssl.create_default_context() if address.secure else False,
                trust_env=not address.is_loopback,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=MAX_IDLE, keepalive_expiry=None),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            what = "The proxy that the environment names cannot be used"
            raise RemoteEngineError(what, why=str(error), fix="Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY") from error

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
        stream = self.stream(method, path, body, silence_s=silence_s, retries=retries, base=base)
        async with contextlib.aclosing(stream):  # type: ignore[type-var]  # it is a generator
            async for item in stream:
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
        import httpx

        url = self.address.origin + (self.address.base if base is None else base) + path
        timeout = httpx.Timeout(silence_s, connect=self._connect_s)
        request = {"method": method, "url": url, "timeout": timeout}
        if body is not None:
            request |= {"content": json.dumps(body).encode("ascii"), "headers": {"Content-Type": "application/json"}}
        pause, left, waiting = FIRST_PAUSE_S, retries, MAX_IDLE
        while True:
            exchange = _Exchange(self, self._http, request)
            try:
                run = exchange.run()
                async with contextlib.aclosing(run):  # type: ignore[type-var]  # it is a generator
                    async for item in run:
                        yield item
                return
            except _PassingError as error:
                if exchange.is_stale and waiting:  # a connection that waited, and that the server closed meanwhile
                    waiting -= 1
                    continue
                wait = error.after if error.after is not None else pause * (0.5 + random.random())
                if exchange.has_begun or not left or wait > LONGEST_PAUSE_S:
                    raise RemoteEngineError(error.what, why=error.why, fix=error.fix) from error
                log.debug("%s; tried again in %.2f s", error.what, wait)
                await asyncio.sleep(wait)
                pause, left = pause * 2, left - 1

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()

    def without_key(self, text: str) -> str:
        """A text of the server's for logs and messages: short, on one line, and without the key it may repeat."""
        if self.key:
            text = text.replace(self.key, "***")
        return " ".join(text.split())[:MAX_SAID]

    def failure(self, error: Exception) -> _PassingError:
        """What a broken connection means."""
        import httpx

        causes = list(_causes(error))
        system = next((one for one in causes if isinstance(one, OSError) and one.strerror), None)
        certificate = next((one for one in causes if isinstance(one, ssl.SSLCertVerificationError)), None)
        if isinstance(error, httpx.TimeoutException):
            why = "it does not answer in time"
        elif certificate is not None:
            why = f"its certificate is not valid ({certificate.verify_message})"
        elif isinstance(error, httpx.RemoteProtocolError) and "incomplete" in str(error):
            why = "its answer was cut off"
        elif system is not None:
            why = str(system.strerror)
        else:
            why = str(error) or type(error).__name__
        return _PassingError(
            f"The server {self.address} cannot be used",
            why=self.without_key(why),
            fix="See that it runs and that `remote` is its address",
        )


class _Exchange:
    """One request and its answer."""

    def __init__(self, client: HttpClient, http: httpx.AsyncClient, request: dict[str, Any]) -> None:
        self._client = client
        self._http = http
        self._request = request | {"extensions": {"trace": self._trace}}
        self._is_fresh = self._is_answered = False
        self.has_begun = False

    @property
    def is_stale(self) -> bool:
        """Whether it failed on a connection that had waited, before anything was answered."""
        return not self._is_fresh and not self._is_answered

    async def run(self) -> AsyncIterator[Any]:
        """The objects of the answer; raises _PassingError, RemoteEngineError."""
        import httpx

        try:
            async with self._http.stream(**self._request) as response:
                self._is_answered = True
                if response.status_code != 200:
                    raise await self._refusal(response)
                if "text/event-stream" in response.headers.get("Content-Type", ""):
                    async for item in self._events(response):
                        self.has_begun = True
                        yield item
                else:
                    item = _parse(await _body(response))
                    self.has_begun = True
                    yield item
        except httpx.TimeoutException as error:
            self._is_answered = True  # it is slow, not gone
            raise self._client.failure(error) from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise self._client.failure(error) from error

    async def _trace(self, event: str, info: object) -> None:
        self._is_fresh |= event.startswith("connection.connect")

    async def _events(self, response: httpx.Response) -> AsyncIterator[Any]:
        reader, chunks = EventReader(), response.aiter_bytes()
        async for chunk in chunks:
            for data in reader.feed(chunk):
                if data == DONE:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(END_S):
                            async for _ in chunks:
                                pass
                    return
                yield self._item(data)
        for data in reader.end():
            if data != DONE:
                yield self._item(data)

    def _item(self, data: str) -> Any:
        item = _parse(data.encode("utf-8"))
        if isinstance(item, dict) and item.get("error"):
            why = self._client.without_key(said(item))
            raise RemoteEngineError(f"The server {self._client.address} failed", why=why)
        return item

    async def _refusal(self, response: httpx.Response) -> RemoteEngineError:
        """The error that an answer other than 200 means."""
        text = (await _body(response, MAX_REFUSAL)).decode("utf-8", "replace")
        try:
            text = said(json.loads(text))
        except (ValueError, RecursionError):
            text = response.reason_phrase
        why = f"{response.status_code}: {self._client.without_key(text)}" if text else str(response.status_code)
        what = f"The server {self._client.address} refuses"
        if response.status_code in (401, 403):
            return RemoteEngineError(what, why=why, fix="Put its key into the variable that `remote_key` names")
        if response.status_code == 404:
            return RemoteEngineError(what, why=why, fix="`remote` usually ends in /v1; `remote_model` names its model")
        if response.status_code in RETRIED:
            error = _PassingError(what, why=why, fix="See its log")
            with contextlib.suppress(ValueError):
                error.after = max(float(response.headers.get("Retry-After", "")), 0.0)
            return error
        fix = "Make `window_tokens` smaller" if "context" in text.lower() else "See its log"
        return RemoteEngineError(what, why=why, fix=fix)


class EventReader:
    """The data of server-sent events (HTML standard, section 9.2), from bytes as they come.

    Where httpx's own reader of lines would cut a JSON text at U+2028, this one cuts at line feeds alone, and it knows
    the mark at which OpenAI's streams end.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        """What became whole; raises RemoteEngineError for a line without end."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield from self._line(line)
        if len(self._rest) > MAX_LINE:
            raise RemoteEngineError("The server's answer cannot be read", why="a line of it has no end")

    def end(self) -> Iterator[str]:
        """What is left when the stream has ended without an empty line."""
        yield from self._line(self._rest)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not text:
            if self._data:
                yield "\n".join(self._data)
            self._data = []
        elif text.startswith("data:"):
            self._data.append(text[5:].removeprefix(" "))
            if text[5:].strip() == DONE:  # some servers forget the empty line after it
                self._data = []
                yield DONE


def events(readline: Callable[[], bytes]) -> Iterator[str]:
    """The data of the events whose lines `readline` gives, until its end or the streams' last mark."""
    reader = EventReader()
    while line := readline():
        for data in reader.feed(line):
            yield data
            if data == DONE:
                return
    yield from reader.end()


def said(answer: object) -> str:
    """What an error object says: OpenAI's form, FastAPI's, or whatever it is."""
    found = answer.get("error", answer.get("detail", answer.get("message", ""))) if isinstance(answer, dict) else answer
    if isinstance(found, dict):
        found = found.get("message", found)
    return found if isinstance(found, str) else json.dumps(found)


async def _body(response: httpx.Response, limit: int = MAX_BODY) -> bytes:
    data = b""
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > limit:
            raise RemoteEngineError("The server's answer cannot be read", why=f"it is longer than {limit:,} bytes")
    return data


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, groups of attempts included."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RemoteEngineError("The server's answer cannot be read", why="it is not JSON") from error
