"""The server on its port, with a daemon that only notes what it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.errors import DaemonError, RequestCancelledError
from iquest_lsp.http_server import wire
from iquest_lsp.http_server.answers import AssistantAnswer
from iquest_lsp.http_server.file_finder import CursorInFile, FileFinder
from iquest_lsp.http_server.server import HttpServer, kept_token
from tests.unit.http_server.test_asked import LLAMA_VIM, LLAMA_VIM_RING, LLAMA_VSCODE, ZED

TOKEN = "a" * 64
SAID = AssistantAnswer(
    "width, height):",
    "nano",
    "stop",
    {"prefill_ms": 4.0, "decode_ms": 10.0},
    {"window": 100, "prefilled": 2, "generated": 5, "reused": 98},
)


class NotingLink:
    """Stands for the daemon."""

    model, said = "nano", SAID

    def __init__(self) -> None:
        self.state = "ready"
        self.asked: list[tuple[CursorInFile, int | None, int | None]] = []
        self.warmed: list[CursorInFile] = []
        self.failure: BaseException | None = None
        self.hangs = False
        self.cancelled = asyncio.Event()

    async def connect(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def complete(self, place: CursorInFile, max_tokens: int | None, deadline_ms: int | None) -> AssistantAnswer:
        self.asked.append((place, max_tokens, deadline_ms))
        if self.failure is not None:
            raise self.failure
        try:
            if self.hangs:
                await asyncio.sleep(1000)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return self.said

    async def warm(self, place: CursorInFile) -> None:
        self.warmed.append(place)


class Serving:
    """A server that listens, and a client of it."""

    def __init__(self, link: NotingLink, port: int) -> None:
        self.link = link
        self.port = port

    async def send(self, data: bytes) -> bytes:
        """Everything that comes back until the server ends the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        answer = await reader.read()
        writer.close()
        return answer

    async def ask(self, method: str, path: str, told: Any = None, **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        given = {"Host": f"127.0.0.1:{self.port}", "Authorization": f"Bearer {TOKEN}", "Connection": "close"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = b"" if told is None else told if isinstance(told, bytes) else json.dumps(told).encode()
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value)]
        data = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
        head, _, answer = (await self.send(data)).partition(b"\r\n\r\n")
        return int(head.split()[1]), answer


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Serving]:
    link = NotingLink()
    server = HttpServer(link, FileFinder([tmp_path]), TOKEN)  # type: ignore[arg-type]
    listening = await asyncio.start_server(server.connection, "127.0.0.1", 0, limit=wire.MAX_HEAD)
    server.port = listening.sockets[0].getsockname()[1]
    yield Serving(link, server.port)
    listening.close()
    await listening.wait_closed()


async def test_llama_vim_is_answered(serving: Serving) -> None:
    status, answer = await serving.ask("POST", "/infill", LLAMA_VIM)
    assert status == 200
    assert json.loads(answer) == {
        "content": "width, height):",
        "timings/prompt_n": 2,
        "timings/predicted_ms": 10.0,
        "truncated": False,
        "tokens_cached": 98,
    }
    place, tokens, deadline = serving.link.asked[0]
    assert (place.line, place.column) == (7, len("def area("))
    assert (tokens, deadline) == (128, 750)
    # Its own quick check of an answer before it reads it.
    assert answer.startswith(b"{")
    assert b'"content":"' in answer


async def test_its_warming_up_is_answered_at_once(serving: Serving) -> None:
    assert await serving.ask("POST", "/infill", LLAMA_VIM_RING) == (200, b"{}")
    assert not serving.link.asked
    assert not serving.link.warmed


async def test_llama_vscode_is_answered_and_warmed(serving: Serving) -> None:
    status, answer = await serving.ask("POST", "/infill", LLAMA_VSCODE)
    assert status == 200
    (told,) = json.loads(answer)
    assert told["content"] == "width, height):"
    assert told["timings"]["predicted_per_second"] == 500.0
    status, _ = await serving.ask("POST", "/infill", {**LLAMA_VSCODE, "n_predict": 0})
    assert status == 200
    assert len(serving.link.warmed) == 1
    assert json.loads((await serving.ask("GET", "/health"))[1]) == {"status": "ok"}


async def test_while_the_model_is_loaded_a_client_is_told_to_ask_again(serving: Serving) -> None:
    serving.link.state, serving.link.said = "loading", AssistantAnswer()
    for method, path, asked in (("GET", "/health", None), ("POST", "/infill", LLAMA_VIM)):
        status, answer = await serving.ask(method, path, asked)
        assert (status, json.loads(answer)["error"]["type"]) == (503, "unavailable_error")


async def test_zed_is_answered(serving: Serving) -> None:
    status, answer = await serving.ask("POST", "/v1/completions", ZED)
    told = json.loads(answer)
    assert status == 200
    assert isinstance(told["id"], str)
    assert told["choices"][0]["text"] == "width, height):"
    assert told["choices"][0]["finish_reason"] == "stop"
    assert serving.link.asked[0][0].text.endswith("def area(\n")
    assert json.loads((await serving.ask("GET", "/v1/models"))[1])["data"][0]["id"] == "nano"


async def test_what_is_streamed_comes_as_events(serving: Serving) -> None:
    _, answer = await serving.ask("POST", "/v1/completions", {**ZED, "stream": True})
    first, last, done, end = answer.decode().split("\n\n")
    assert json.loads(first.removeprefix("data: "))["choices"][0]["text"] == "width, height):"
    assert json.loads(last.removeprefix("data: "))["choices"][0]["finish_reason"] == "stop"
    assert (done, end) == ("data: [DONE]", "")
    _, answer = await serving.ask("POST", "/infill", {**LLAMA_VSCODE, "stream": True, "n_cmpl": 1})
    first, last, end = answer.decode().split("\n\n")
    assert json.loads(first.removeprefix("data: ")) == {"content": "width, height):", "stop": False}
    assert json.loads(last.removeprefix("data: "))["stop"] is True


async def test_a_string_that_ends_the_text_is_heeded(serving: Serving) -> None:
    _, answer = await serving.ask("POST", "/v1/completions", {**ZED, "stop": [",", "t)"]})
    assert json.loads(answer)["choices"][0]["text"] == "width"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer " + "b" * 64}, 401),
        ({"Authorization": "Basic " + TOKEN}, 401),
        ({"Authorization": "Bearer ü"}, 401),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "127.0.0.1.evil.example:1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
async def test_who_may_not_ask_is_refused(serving: Serving, headers: dict[str, str], status: int) -> None:
    for path in ("/infill", "/v1/completions"):
        told, answer = await serving.ask("POST", path, LLAMA_VIM, **headers)
        assert told == status
        assert json.loads(answer)["error"]["code"] == status
        assert TOKEN.encode() not in answer
    assert not serving.link.asked


async def test_a_page_is_not_allowed_anything_by_a_preflight(serving: Serving) -> None:
    status, _ = await serving.ask("OPTIONS", "/infill", None, Origin="https://evil.example")
    assert status == 403
    host = f"127.0.0.1:{serving.port}"
    raw = await serving.send(f"OPTIONS /infill HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert raw.startswith(b"HTTP/1.1 405")
    assert b"access-control" not in raw.lower()


HOSTILE = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET /infill HTTP/1.1\r\nbad header\r\n\r\n",
    b"GET /infill HTTP/1.1\r\n: x\r\n\r\n",
    b"POST /infill HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /infill HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST /infill HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /infill HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("data", HOSTILE)
async def test_what_is_no_request_gets_an_error_and_ends(
    serving: Serving, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iquest_lsp.http_server.wire.HEAD_S", 1.0)  # what is no head by then is refused as well
    raw = await serving.send(data)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert 400 <= int(head.split()[1]) < 500
    assert json.loads(body)["error"]["message"]
    assert (await serving.ask("GET", "/health"))[0] == 200


async def test_a_request_that_makes_no_sense_gets_an_error(serving: Serving) -> None:
    for path, told, status in (
        ("/infill", b"{", 400),
        ("/infill", b"[1]", 400),
        ("/infill", b"[" * 100_000, 400),
        ("/v1/completions", {"prompt": 3}, 400),
        ("/nothing/here", {}, 404),
        ("/../../etc/passwd", {}, 404),
    ):
        found, answer = await serving.ask("POST", path, told)
        assert found == status
        assert json.loads(answer)["error"]["message"]
    assert (await serving.ask("GET", "/infill"))[0] == 405


async def test_what_fails_behind_it_is_told(serving: Serving) -> None:
    serving.link.failure = DaemonError("The daemon ended", fix="Ask again")
    status, answer = await serving.ask("POST", "/infill", LLAMA_VIM)
    assert (status, json.loads(answer)["error"]["message"]) == (503, "The daemon ended. Ask again.")
    serving.link.failure = RequestCancelledError("newer")
    status, answer = await serving.ask("POST", "/infill", LLAMA_VIM)
    assert (status, json.loads(answer)["content"]) == (200, "")
    serving.link.failure = KeyError("a fault of ours")
    status, answer = await serving.ask("POST", "/infill", LLAMA_VIM)
    assert status == 500
    assert b"fault of ours" not in answer


async def test_who_goes_away_ends_the_request(serving: Serving) -> None:
    serving.link.hangs = True
    body = json.dumps(LLAMA_VIM).encode()
    head = f"POST /infill HTTP/1.1\r\nHost: localhost:{serving.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", serving.port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    while not serving.link.asked:
        await asyncio.sleep(0.01)
    writer.close()
    await asyncio.wait_for(serving.link.cancelled.wait(), 60)


async def test_a_connection_serves_several_requests(serving: Serving) -> None:
    head = f"GET /health HTTP/1.1\r\nHost: localhost:{serving.port}\r\n"
    raw = await serving.send(f"{head}\r\n{head}Connection: close\r\n\r\n".encode())
    assert raw.count(b"HTTP/1.1 200 OK") == 2


async def test_a_long_body_is_asked_for_where_the_client_waits(serving: Serving) -> None:
    body = json.dumps(LLAMA_VIM).encode()
    head = f"POST /infill HTTP/1.1\r\nHost: localhost:{serving.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
    writer.write(f"{head}Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    writer.close()


def test_the_token_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    token, file = kept_token()
    assert len(token) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert kept_token() == (token, file)
    assert file.stat().st_mode & 0o777 == 0o600
