"""Processes beside this one that answer questions: several at once, each of which can be given up at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from iquest_lsp.project.index_process import IndexProcess

T = TypeVar("T")
#: How long a process that nobody asks stays: an agent thinks between two questions.
IDLE_S = 300.0
MOST = 3


class Workers:
    """At most so many processes; one question more waits for a process that is free."""

    def __init__(self, most: int = MOST, niceness: int = 0) -> None:
        self._niceness = niceness
        self._free: list[IndexProcess] = []
        self._all: list[IndexProcess] = []
        self._places = asyncio.Semaphore(most)

    async def ask(self, work: Callable[..., T], *args: Any, report: Callable[..., None]) -> T:
        """What `work(*args, report=...)` returns or raises in another process; cancelling this ends the work at once.

        `report` is called from another thread.
        """
        async with self._places:
            process = self._free.pop() if self._free else self._new()
            try:
                answer = await asyncio.to_thread(process.call, work, *args, report=report)
            except asyncio.CancelledError:
                process.stop()
                self._all.remove(process)
                raise
            except Exception:
                self._free.append(process)  # where it died, the next call starts it again
                raise
            self._free.append(process)
            return answer

    def pids(self) -> list[int]:
        """The processes that run."""
        return [process.pid for process in self._all if process.pid is not None]

    def close(self) -> None:
        """Ends all of them."""
        for process in self._all:
            process.stop()

    def _new(self) -> IndexProcess:
        process = IndexProcess("history", idle_s=IDLE_S, niceness=self._niceness)
        self._all.append(process)
        return process
