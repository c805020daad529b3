"""A small editor for benchmarks: speaks the protocol to the real program and counts every response."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iquest_lsp.errors import DaemonError
from iquest_lsp.server.framing import frame, receive

PATIENCE_S = 120.0


class BenchEditor:
    """One client of `iquest-lsp --stdio`; `environment` gives it folders of its own, and so a daemon of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._number = 0
        self._sent: dict[int, float] = {}
        self.took_ms: dict[int, float] = {}
        self.responses: dict[int, list[dict[str, Any]]] = {}
        self.answers: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self.states: list[str] = []
        self.model = ""
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, root: Path, arguments: list[str], environment: Mapping[str, str], **options: Any
    ) -> BenchEditor:
        """Starts the program, initializes it for one folder, and waits for the model; raises DaemonError."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "iquest_lsp.cli",
            *arguments,
            "--stdio",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **environment},
            limit=2**24,
        )
        made = cls(process)
        capabilities = {"experimental": {"iquest": {"answers": True, "status": True}}}
        folders = [{"uri": root.as_uri(), "name": root.name}]
        params = {
            "processId": os.getpid(),
            "rootUri": root.as_uri(),
            "workspaceFolders": folders,
            "capabilities": capabilities,
            "initializationOptions": options,
        }
        await made.response(made.ask("initialize", params))
        made.notify("initialized", {})
        await made.until(lambda: bool({"ready", "failed"} & set(made.states)))
        if "ready" not in made.states:
            await made.leave()
            raise DaemonError("The model could not be loaded", fix="`iquest-lsp doctor` says why")
        return made

    def notify(self, method: str, params: object) -> None:
        """Sends a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: object) -> int:
        """Sends a request; returns its id."""
        self._number += 1
        self._sent[self._number] = time.perf_counter()
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    async def response(self, number: int, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Waits for a response; raises DaemonError when the server has gone."""
        await self.until(lambda: number in self.responses, patience_s)
        return self.responses[number][0]

    async def until(self, ready: Any, patience_s: float = PATIENCE_S) -> None:
        """Waits for a condition that messages bring about; raises DaemonError."""
        end = time.monotonic() + patience_s
        while not ready():
            left = end - time.monotonic()
            if left <= 0 or self._reading.done():
                raise DaemonError("The server did not answer", why=f"in {patience_s:.0f} s, or it has ended")
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left, 1.0))

    async def leave(self) -> None:
        """Ends the session."""
        with contextlib.suppress(DaemonError, OSError):
            await self.response(self.ask("shutdown", None))
            self.notify("exit", None)
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        self._reading.cancel()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(frame(message))

    async def _read(self) -> None:
        reader = self._process.stdout
        assert reader is not None
        try:
            while True:
                self._take(await receive(reader))
                self._news.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def _take(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is not None and number is not None:
            self._send({"jsonrpc": "2.0", "id": number, "result": None})
        elif method == "iquest/status":
            self.states.append(message["params"]["state"])
            self.model = message["params"]["model"] or self.model
        elif method == "iquest/answered":
            told = message["params"]
            self.answers.setdefault((told["uri"], told["version"]), []).append(told)
        elif isinstance(number, int):
            self.took_ms.setdefault(number, (time.perf_counter() - self._sent[number]) * 1000)
            self.responses.setdefault(number, []).append(message)
