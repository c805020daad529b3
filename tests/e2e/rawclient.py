"""A client that sees every byte: it counts the responses to each id and may send what no editor would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iquest_lsp.server.framing import frame, receive
from tests.e2e.home import Home
from tests.waiting import PATIENCE_S, PATIENT_MS, until


def knowing_all(capabilities: dict[str, Any] | None) -> dict[str, Any]:
    """The same, of a client that knows what the server tells of its state."""
    given = capabilities or {}
    ours = {"status": True, "didChangeStatus": True, **given.get("experimental", {}).get("iquest", {})}
    return {**given, "experimental": {**given.get("experimental", {}), "iquest": ours}}


_open: list[RawClient] = []


async def close_all() -> None:
    """Ends the clients that a test, perhaps a failed one, left."""
    while _open:
        client = _open.pop()
        client.writer.close()
        client.reading.cancel()
        await asyncio.gather(client.reading, return_exceptions=True)
        if client.process is not None:
            with contextlib.suppress(ProcessLookupError):
                client.process.kill()
            await client.process.communicate()


class RawClient:
    """Speaks JSON-RPC over a pair of streams, whoever holds their other end."""

    home: Home

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.responses: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []  # those the server made
        self.results: dict[str, Any] = {}  # what they are answered with
        self.is_answering = True
        self.rejections: list[dict[str, Any]] = []  # responses to what had no usable id
        self.process: asyncio.subprocess.Process | None = None
        self._waiting: dict[Any, asyncio.Future[dict[str, Any]]] = {}
        self.number = 0
        self.reading = asyncio.create_task(self._read())
        _open.append(self)

    @classmethod
    async def start(
        cls, home: Home, *arguments: str, environment: dict[str, str] | None = None, command: tuple[str, ...] = ()
    ) -> RawClient:
        """The real program, as an editor would start it."""
        full = {**os.environ, **home.environment, **(environment or {})}
        process = await asyncio.create_subprocess_exec(
            *(command or home.program(full)),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=home.folder,
            limit=2**24,
            env=full,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        client = cls(process.stdout, process.stdin)
        client.home = home
        client.process = process
        return client

    async def initialize(
        self, root: Path, *, capabilities: dict[str, Any] | None = None, knows_status: bool = True, **options: Any
    ) -> dict[str, Any]:
        """The opening of the protocol; the deadline is long where none is given, since a busy machine makes no test
        fail."""
        if not {"deadline_ms", "deadlineMs"} & options.keys():
            options["deadline_ms"] = PATIENT_MS
        answer = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": root.as_uri(),
                "capabilities": knowing_all(capabilities) if knows_status else capabilities or {},
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "initializationOptions": options,
            },
        )
        self.notify("initialized", {})
        return answer

    async def ready(self) -> None:
        """Waits until the model is loaded."""
        await self.until(lambda: "ready" in self.states())

    def states(self) -> list[str]:
        """The engine's states that were told, in order."""
        return [item["params"]["state"] for item in self.notifications if item["method"] == "iquest/status"]

    def messages(self) -> list[str]:
        """The messages that were shown."""
        return [item["params"]["message"] for item in self.notifications if item["method"] == "window/showMessage"]

    async def until(self, ready: Callable[[], object]) -> None:
        """Waits for a condition."""
        await until(ready, lambda: (self.notifications[-5:], self.rejections[-5:]))

    def open(self, file: Path, text: str, version: int = 1) -> str:
        """Opens a document."""
        uri = file.as_uri()
        item = {"uri": uri, "languageId": "python", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    async def inline(self, uri: str, line: int, character: int) -> list[str]:
        """The texts of the ghost text items."""
        answer = await self.request(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": 2},
            },
        )
        return [item["insertText"] for item in answer["result"]["items"]]

    def send(self, message: object) -> None:
        """One message."""
        self.writer.write(frame(message))

    def notify(self, method: str, params: object) -> None:
        """A notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: object) -> int:
        """A request whose answer is counted; returns its id."""
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        return self.number

    async def request(self, method: str, params: object) -> dict[str, Any]:
        """A request and its answer."""
        number = self.ask(method, params)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        return await asyncio.wait_for(waiting, PATIENCE_S)

    async def leave(self) -> int:
        """The end of the protocol; returns the program's exit code (0 where there is no program)."""
        await self.request("shutdown", None)
        self.notify("exit", None)
        return await self.end()

    async def end(self) -> int:
        """Closes the stream and waits for the end."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.close()
        code = 0
        if self.process is not None:
            code = await asyncio.wait_for(self.process.wait(), PATIENCE_S)
        await asyncio.wait_for(self.reading, PATIENCE_S)
        return code

    async def ended(self) -> tuple[int, str]:
        """Waits for the program to end by itself; its exit code and what it said on stderr."""
        assert self.process is not None
        assert self.process.stderr is not None
        said = await asyncio.wait_for(self.process.stderr.read(), PATIENCE_S)
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S), said.decode()

    async def _read(self) -> None:
        try:
            while True:
                self._take(await receive(self.reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the server has gone"))

    def _take(self, message: dict[str, Any]) -> None:
        assert "Traceback" not in json.dumps(message)
        if "method" in message and "id" in message:
            self.requests.append(message)
            if not self.is_answering:
                return
            result = self.results.get(message["method"])
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        elif "method" in message:
            self.notifications.append(message)
            del self.notifications[:-2000]
        elif message["id"] is None:
            self.rejections.append(message)
        else:
            self.responses[message["id"]].append(message)
            waiting = self._waiting.pop(message["id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
