"""HTTP/1.1 as far as programs on one machine need it: a request with a length, a JSON answer, or server-sent events.

Whatever comes, a request is read within its bounds or refused with a status and a sentence; nothing else is read then.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_HEAD, MAX_BODY = 16 * 1024, 8 * 1024 * 1024
#: How long the next request on a connection may be awaited, and how long one may take to come.
IDLE_S, HEAD_S, BODY_S = 60.0, 10.0, 30.0
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/1\.([01])")
_LENGTH = re.compile(r"\d{1,12}")


class Refused(Exception):  # noqa: N818  # an answer, not a failure
    """A request that is answered with an error: its HTTP status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came; names of headers in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    keeps: bool  # the connection stays for another one


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """The next request on a connection, None where it ends; raises Refused, after which the connection is to end."""
    try:
        first = await asyncio.wait_for(reader.read(1), IDLE_S)
    except (TimeoutError, ConnectionError):
        return None
    if not first:
        return None
    try:
        head = first + await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_S)
    except asyncio.LimitOverrunError as error:
        raise Refused(431, f"The request's head is longer than {MAX_HEAD} bytes") from error
    except TimeoutError as error:
        raise Refused(408, "The request's head did not come") from error
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, minor, headers = _head(head)
    keeps = headers.get("connection", "").lower() != "close" and minor == 1
    return HttpRequest(method, path, headers, await _body(headers, reader, writer), keeps)


def _head(head: bytes) -> tuple[str, str, int, dict[str, str]]:
    first, *lines = head[:-4].split(b"\r\n")
    found = _LINE.fullmatch(first)
    if found is None:
        raise Refused(400, "This is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, mark, value = line.partition(b":")
        if not mark or not _TOKEN.fullmatch(name):
            raise Refused(400, "The request has a header that cannot be read")
        key = name.decode("ascii").lower()
        if key in headers and key in ("host", "content-length", "transfer-encoding", "authorization", "origin"):
            raise Refused(400, f"The request has {key} twice")
        headers[key] = value.strip().decode("latin-1")
    return found[1].decode("ascii"), found[2].decode("ascii"), int(found[3]), headers


async def _body(headers: Mapping[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    if "transfer-encoding" in headers:
        raise Refused(411, "The request's body must come with a Content-Length")
    told = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(told):
        raise Refused(400, "The request's Content-Length is no number")
    length = int(told)
    if length > MAX_BODY:
        raise Refused(413, f"The request's body is longer than {MAX_BODY} bytes")
    if headers.get("expect", "").lower() == "100-continue" and length:  # curl asks before it sends a long body
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        return await asyncio.wait_for(reader.readexactly(length), BODY_S)
    except TimeoutError as error:
        raise Refused(408, "The request's body did not come") from error
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise Refused(400, "The request's body ended before its Content-Length") from error


def answer(status: int, body: object, *, keeps: bool) -> bytes:
    """A JSON answer."""
    return _framed(status, "application/json", _json(body), keeps=keeps)


def events(parts: Iterable[object], *, keeps: bool, done: bool) -> bytes:
    """An answer of server-sent events, each with JSON; `done` ends it as OpenAI's servers do."""
    told = b"".join(b"data: " + _json(part) + b"\n\n" for part in parts)
    return _framed(200, "text/event-stream", told + (b"data: [DONE]\n\n" if done else b""), keeps=keeps)


def _json(body: object) -> bytes:
    """JSON without spaces: llama.vim takes an answer only where `"content":"` stands in it, to the letter."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _framed(status: int, kind: str, body: bytes, *, keeps: bool) -> bytes:
    head = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"Connection: {'keep-alive' if keeps else 'close'}",
    ]
    if status == 401:
        head.append("WWW-Authenticate: Bearer")
    return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + body
