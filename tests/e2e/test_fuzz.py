"""Hostile clients: exactly one response per request, never a stack trace, and the server serves on.

IQUEST_FUZZ sets how many messages are sent in-process (`make fuzz`: 100,000) and, a fiftieth of them, to daemons with
the fake engine and with the embedded model.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.datatypes import Position
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.server.app import connect
from iquest_lsp.server.protocol import Protocol, converse
from iquest_lsp.server.stream import READ_LIMIT
from iquest_lsp.settings import Configuration
from tests.e2e.fuzz_grammar import Raw, encode, steps
from tests.e2e.home import engine_processes, private_home
from tests.e2e.rawclient import RawClient, close_all
from tests.waiting import PATIENCE_S, PATIENT_MS

ASKED = int(os.environ.get("IQUEST_FUZZ", "0"))
IN_PROCESS = ASKED or 3000
OVER_THE_WIRE = ASKED // 50 or 400
PER_CLIENT = 40
CODE = "def area(width, height):\n    return width * height\n\n\ndef area("
SHOWN = ("Traceback", 'File \\"', "site-packages", "iquest_lsp.")

Step = Raw | dict[str, Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "shapes.py").write_text(CODE)
    (folder / "iquest.toml").write_text("")
    return folder


class Recorder:
    """What the server writes, as messages."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        text = body.decode("ascii")
        assert f"Content-Length: {len(body)}".encode() in head
        assert not any(sign in text for sign in SHOWN), text[:2000]
        self.messages.append(json.loads(text))

    def close(self) -> None:
        """Nothing to close."""

    def answered(self) -> Counter[str]:
        """How many responses each id got."""
        return Counter(key(item["id"]) for item in self.messages if "id" in item and "method" not in item)


def key(number: object) -> str:
    """An id as a key: 1 and "1" differ."""
    return json.dumps(number)


def expected(sent: list[Step]) -> tuple[Counter[str], Counter[str]]:
    """How many responses each id must get, and how many more it may: a broken length can swallow what follows it."""
    must: Counter[str] = Counter()
    may: Counter[str] = Counter()
    broken = False
    for step in sent:
        if isinstance(step, Raw):
            broken = broken or step.breaks
            continue
        number = step.get("id")
        usable = isinstance(number, str) and len(number) <= 1000
        usable = usable or (isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**63)
        is_answer = "method" not in step and step["jsonrpc"] == "2.0"
        if usable and not is_answer:
            (may if broken else must)[key(number)] += 1
        broken = False
    return must, may


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


@pytest.fixture(scope="module")
def assistant(loop: asyncio.AbstractEventLoop) -> Iterator[Assistant]:
    engine = ProcessEngine(EngineOptions(kind="fake", context_tokens=4096))
    made = Assistant(Configuration({"max_tokens": 8, "deadline_ms": PATIENT_MS}), engine, watch=False)
    yield made
    loop.run_until_complete(made.close())


def opening(root: Path) -> list[dict[str, Any]]:
    params = {"processId": None, "rootUri": root.as_uri(), "capabilities": {}}
    return [
        {"jsonrpc": "2.0", "id": "opening", "method": "initialize", "params": params},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
    ]


async def serve(assistant: Assistant, root: Path, sent: list[Step]) -> Recorder:
    """One client in-process: all of it over the real framing, then one sound request, then the end."""
    reader = asyncio.StreamReader(limit=READ_LIMIT)
    recorder = Recorder()
    connection = connect(assistant)
    protocol = connection.protocol
    assert isinstance(protocol, Protocol)
    serving = asyncio.create_task(converse(protocol, reader, recorder))
    for step in [*opening(root), *sent]:
        reader.feed_data(encode(step))
        if random.random() < 0.3:
            await asyncio.sleep(0)
    sound = {"jsonrpc": "2.0", "id": "sound", "method": "iquest/noSuchMethod", "params": {}}
    reader.feed_data(encode(sound) + encode({**sound, "id": "sound too"}))
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while recorder.answered()['"sound too"'] == 0 or protocol.under_way:
        assert not serving.done(), serving.exception()
        assert asyncio.get_running_loop().time() < end, (protocol.under_way, recorder.messages[-3:])
        await asyncio.sleep(0.001)
    reader.feed_eof()
    await serving
    connection.close()
    return recorder


@pytest.fixture(autouse=True)
def _no_failure_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What a client sends is never an unexpected error to us."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("pygls").setLevel(logging.NOTSET)


def test_any_messages_in_process(
    loop: asyncio.AbstractEventLoop, assistant: Assistant, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clients = max(IN_PROCESS // PER_CLIENT, 1)
    count = 0

    @settings(
        max_examples=clients,
        deadline=None,
        database=None,
        derandomize=not ASKED,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if ASKED else [Phase.generate, Phase.shrink],
    )
    @given(st.lists(steps(root.as_uri()), min_size=PER_CLIENT, max_size=PER_CLIENT))
    def fuzz(sent: list[Step]) -> None:
        nonlocal count
        count += len(sent)
        caplog.clear()
        recorder = loop.run_until_complete(serve(assistant, root, sent))
        got = recorder.answered()
        must, may = expected(sent)
        for number in must.keys() | may.keys():
            assert must[number] <= got[number] <= must[number] + may[number], (number, got[number])
        assert set(got) <= {*must, *may, '"opening"', '"sound"', '"sound too"', "null"}
        assert got['"opening"'] == 1
        assert got['"sound too"'] == 1
        failures = [record for record in caplog.records if record.exc_info]
        assert not failures, failures[0].getMessage() + repr(failures[0].exc_info)

    fuzz()
    print(f"{count} messages of {clients} clients or more")
    # The assistant behind them all still completes, and nothing of the clients is left.
    assert assistant.workspaces.configuration.clients == frozenset()

    async def complete() -> str:
        assistant.session().buffers.open(root / "after.py", CODE, 1, "python")
        return (await assistant.session().complete(CompletionRequest(root / "after.py", Position(4, 9)))).text

    assert loop.run_until_complete(complete())


@pytest.mark.usefixtures("no_client_left")
@pytest.mark.parametrize("engine", ["fake", pytest.param("llama", marks=pytest.mark.skipif(not ASKED, reason="long"))])
async def test_any_messages_to_a_real_daemon(root: Path, engine: str) -> None:
    """With `make fuzz` also to one that runs the embedded model."""
    arguments = ("--engine", engine)
    rng = random.Random(20260101)
    sent: list[list[Step]] = []

    @settings(
        max_examples=max(OVER_THE_WIRE // PER_CLIENT, 1),
        deadline=None,
        database=None,
        derandomize=not ASKED,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(st.lists(steps(root.as_uri()), min_size=PER_CLIENT, max_size=PER_CLIENT))
    def collect(some: list[Step]) -> None:
        sent.append(some)

    collect()
    with private_home() as home:
        keeper = await RawClient.start(home, *arguments)
        await keeper.initialize(root)
        await keeper.ready()
        pid = home.pids()[0]
        (child,) = engine_processes(pid)
        for some in sent:
            client = await _straight(home.sockets[0])
            for step in [*opening(root), *some]:
                data = encode(step)
                cut = rng.randrange(len(data) + 1)
                client.writer.write(data[:cut])
                if rng.random() < 0.2:
                    await asyncio.sleep(0)
                client.writer.write(data[cut:])
            assert "error" in await client.request("iquest/first", {})  # a broken length may swallow this one's twin
            must, may = expected(some)
            await client.until(lambda c=client, m=must: all(_count(c, k) >= n for k, n in m.items()))
            for number in must.keys() | may.keys():
                assert _count(client, number) <= must[number] + may[number], number
            # Half a message, and gone.
            client.writer.write(b"Content-Length: 1000\r\n\r\n{")
            client.writer.close()
        huge = keeper.open(root / "huge.py", "value = 1\n" * 400_000)
        assert await keeper.inline(huge, 399_999, 9) is not None
        uri = keeper.open(root / "shapes.py", CODE)
        assert await keeper.inline(uri, 4, 9) or engine != "fake"  # a model may have nothing to say
        assert home.pids() == [pid]
        assert engine_processes(pid) == [child]
        assert "Traceback" not in home.log()
        assert await keeper.leave() == 0
        print(f"{sum(map(len, sent))} messages to a daemon with the engine {engine}")


async def _straight(path: Path) -> RawClient:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**24)
    writer.write(b'{"iquest-lsp":1,"version":"0","want":"serve"}\n')
    assert b"welcome" in await reader.readline()
    client = RawClient(reader, writer)
    client.number = 10_000  # beyond the ids of the grammar's small numbers
    return client


def _count(client: RawClient, number: str) -> int:
    return len(client.responses.get(json.loads(number), []))


async def test_garbage_instead_of_a_greeting() -> None:
    """The socket itself, spoken to by what is no bridge."""
    with private_home() as home:
        keeper = await RawClient.start(home, "--engine", "fake")
        try:
            answer = await keeper.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
            assert "result" in answer
            greetings = (b"", b"{}", b"[]", b"\xff" * 100, b"x" * 70_000, b'{"want":"fly"}', b"Content-Length: 2")
            for said in (greeting + b"\n" for greeting in greetings):
                reader, writer = await asyncio.open_unix_connection(str(home.sockets[0]))
                writer.write(said)
                writer.write_eof()
                data = await asyncio.wait_for(reader.read(), PATIENCE_S)
                assert b"welcome" not in data
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            assert home.status("--engine", "fake")["clients"] == 1
            assert "Traceback" not in home.log()
            assert await keeper.leave() == 0
        finally:
            await close_all()
