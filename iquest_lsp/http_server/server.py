"""The server: who may ask, what is asked, and what is answered."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.errors import DaemonError, IQuestError, RequestCancelledError
from iquest_lsp.http_server import answers, asked, wire
from iquest_lsp.http_server.answers import AssistantAnswer
from iquest_lsp.http_server.asked import AskedCompletion
from iquest_lsp.http_server.file_finder import CursorInFile, FileFinder
from iquest_lsp.http_server.link import Link
from iquest_lsp.http_server.wire import HttpRequest, Refused

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
#: How long a request waits for the search for its file, which goes on without it.
SEARCH_S = 0.1
#: After a search that found nothing there is none for so many times as long as it took.
SEARCH_PAUSE = 20.0
#: How often it is looked whether who asked is still there.
LOOK_S = 0.02
_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def serve(
    options: Mapping[str, object], port: int, roots: Sequence[Path], token: str, ready: Callable[[int], None]
) -> None:
    """Serves on this machine's loopback until it is interrupted; tells `ready` the port (0: the system chooses).

    Raises DaemonError when the port or the daemon cannot be had.
    """

    async def work() -> None:
        link = Link(options, roots)
        await link.connect()
        server = HttpServer(link, FileFinder(roots), token)
        try:
            listening = await asyncio.start_server(server.connection, "127.0.0.1", port, limit=wire.MAX_HEAD)
        except OSError as error:
            await link.close()
            raise DaemonError(f"Cannot serve on port {port}", why=error.strerror or str(error)) from error
        server.port = int(listening.sockets[0].getsockname()[1])
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell that starts it beside itself has the first one ignored
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        ready(server.port)
        try:
            await ended.wait()
        finally:
            listening.close()
            await link.close()

    asyncio.run(work())


def kept_token() -> tuple[str, Path]:
    """The token that clients must know, made once and kept for this user alone, and its file; raises DaemonError."""
    file = user_state_path("iquest-lsp") / "http.token"
    try:
        if file.exists() and (known := file.read_text("ascii").strip()):
            file.chmod(0o600)
            return known, file
        made = secrets.token_hex(32)
        atomic_write(file, made + "\n")
    except (OSError, ValueError) as error:
        raise DaemonError(
            f"Cannot keep a token in {file}", why=str(error), fix="Set IQUEST_LSP_TOKEN to one"
        ) from error
    return made, file


class HttpServer:
    """Answers connections; `port` is the one it listens on."""

    def __init__(self, link: Link, places: FileFinder, token: str) -> None:
        self._link = link
        self._places = places
        self._token = token
        self._connections = 0
        self._searching: asyncio.Task[None] | None = None
        self._search_again = 0.0
        self.port = 0

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first request to its last."""
        self._connections += 1
        try:
            if self._connections > MOST_CONNECTIONS:
                writer.write(_refusal(Refused(503, "There are too many connections")))
                return
            while await self._exchange(reader, writer):
                pass
            await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether another one may follow."""
        try:
            request = await wire.read_request(reader, writer)
        except Refused as refused:  # the rest of what was sent is not read
            writer.write(_refusal(refused))
            return False
        if request is None:
            return False
        working = asyncio.create_task(self._answered(request))
        while not working.done():
            await asyncio.wait([working], timeout=LOOK_S)
            if reader.at_eof():  # who asked has gone: as an editor's cancellation
                working.cancel()
                await asyncio.wait([working])
                return False
        writer.write(working.result())
        await writer.drain()
        return request.keeps

    async def _answered(self, request: HttpRequest) -> bytes:
        try:
            return await self._routed(request)
        except Refused as refused:
            return wire.answer(refused.status, answers.of_error(refused.status, refused.message), keeps=request.keeps)
        except IQuestError as error:
            return wire.answer(503, answers.of_error(503, str(error)), keeps=request.keeps)
        except Exception:
            log.exception("a request failed")
            told = answers.of_error(500, "An internal error; the log of this server has the details")
            return wire.answer(500, told, keeps=request.keeps)

    async def _routed(self, request: HttpRequest) -> bytes:
        self._admit(request)
        path = request.path.partition("?")[0]
        handlers: dict[str, tuple[str, Callable[[HttpRequest], Any]]] = {
            "/health": ("GET", self._health),
            "/v1/health": ("GET", self._health),
            "/v1/models": ("GET", self._models),
            "/models": ("GET", self._models),
            "/infill": ("POST", self._infill),
            "/v1/completions": ("POST", self._completion),
            "/completions": ("POST", self._completion),
        }
        found = handlers.get(path.rstrip("/"))
        if found is None:
            raise Refused(404, f"There is no {path[:100]} here")
        method, handler = found
        if request.method != method:
            raise Refused(405, f"{path} takes {method}")
        if handler != self._health:
            self._check_token(request)
        made: bytes = await handler(request)
        return made

    # ------------------------------------------------------------------------------------------------ who may ask

    def _admit(self, request: HttpRequest) -> None:
        """Raises Refused for what a web page may have sent: a name that leads here, or another site's script."""
        host, _, port = request.headers.get("host", "").rpartition(":")
        if host.lower() not in _HOSTS or port != str(self.port):
            raise Refused(403, f"The host must be 127.0.0.1:{self.port} or localhost:{self.port}")
        if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
            raise Refused(403, "Web pages are not answered")

    def _check_token(self, request: HttpRequest) -> None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip().encode("utf-8", "replace").decode("latin-1")
        if kind.lower() != "bearer" or not hmac.compare_digest(given.encode("latin-1"), self._token.encode("utf-8")):
            raise Refused(401, "The header `Authorization: Bearer TOKEN` must give the token")

    # ------------------------------------------------------------------------------------------------ the answers

    async def _health(self, request: HttpRequest) -> bytes:
        self._check_loaded()
        return wire.answer(200, {"status": "ok"}, keeps=request.keeps)

    def _check_loaded(self) -> None:
        """Raises Refused while the model is being loaded, as llama.cpp's server answers: a client asks again."""
        if self._link.state == "loading":
            raise Refused(503, "Loading model")

    async def _models(self, request: HttpRequest) -> bytes:
        await self._link.connect()
        return wire.answer(200, answers.of_models(self._link.model or "iquest-lsp"), keeps=request.keeps)

    async def _infill(self, request: HttpRequest) -> bytes:
        wanted = asked.infill(request.body)
        told = answers.of_infill(wanted, await self._said(wanted))
        if wanted.streams:
            first = {"content": told.get("content", ""), "stop": False}
            return wire.events([first, told | {"content": ""}], keeps=request.keeps, done=False)
        return wire.answer(200, [told] if wanted.several else told, keeps=request.keeps)

    async def _completion(self, request: HttpRequest) -> bytes:
        wanted = asked.completion(request.body)
        told = answers.of_completion(wanted, await self._said(wanted))
        if wanted.streams:
            choice = told["choices"][0]
            text = told | {"choices": [choice | {"finish_reason": None}]}
            end = told | {"choices": [choice | {"text": ""}]}
            return wire.events([text, end], keeps=request.keeps, done=True)
        return wire.answer(200, told, keeps=request.keeps)

    async def _said(self, wanted: AskedCompletion) -> AssistantAnswer:
        """What is suggested; nothing where a newer request took this one's place, or only warmth was wanted."""
        if wanted.is_empty:
            await self._link.connect()
            return AssistantAnswer(model=self._link.model)
        place = await self._place(wanted)
        if wanted.only_warms:
            await self._link.warm(place)
            return AssistantAnswer(model=self._link.model)
        try:
            said = await self._link.complete(place, wanted.max_tokens, wanted.deadline_ms)
        except RequestCancelledError:
            return AssistantAnswer(model=self._link.model)
        if not said.text:  # nothing is to be kept by a client of what was asked too early
            self._check_loaded()
        return said

    async def _place(self, wanted: AskedCompletion) -> CursorInFile:
        unknown = self._places.unknown(wanted.prefix, wanted.suffix)
        if self._searching is not None and not self._searching.done():
            return unknown
        found = self._places.at_hand(wanted.prefix, wanted.suffix)
        if found is not None or time.monotonic() < self._search_again:
            return found or unknown
        self._searching = asyncio.create_task(self._search(wanted))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._searching), SEARCH_S)
        found = self._places.at_hand(wanted.prefix, wanted.suffix) if self._searching.done() else None
        return found or unknown

    async def _search(self, wanted: AskedCompletion) -> None:
        """Looks for the file through the workspace; where it is in none, that is not done at every key."""
        begin = time.monotonic()
        if not await asyncio.to_thread(self._places.search, wanted.prefix, wanted.suffix, wanted.names):
            self._search_again = time.monotonic() + max(SEARCH_PAUSE * (time.monotonic() - begin), SEARCH_S)


def _refusal(refused: Refused) -> bytes:
    return wire.answer(refused.status, answers.of_error(refused.status, refused.message), keeps=False)
