"""A process beside this one for work that holds the interpreter or runs native parsers: git, tree-sitter, chunking.

It starts with the first call, runs at low priority if nothing else is said, answers one call at a time, and ends by
itself when it has been idle, when it is stopped, or when its parent is gone. What it started ends with it.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from iquest_lsp.errors import IQuestError

__all__ = ["IndexProcess", "IndexProcessError", "log_failure"]

log = logging.getLogger(__name__)

T = TypeVar("T")
#: What a call is told while it runs: any picklable values.
IndexReport = Callable[..., None]

IDLE_S = 30.0
NICENESS = 5


class IndexProcessError(IQuestError):
    """The process died, or was stopped, while it worked."""


class IndexProcess:
    """See the module's docstring. `call` belongs to one thread; `stop` may come from another."""

    def __init__(self, name: str, *, idle_s: float = IDLE_S, niceness: int = NICENESS) -> None:
        self._name = name
        self._idle_s = idle_s
        self._niceness = niceness
        self._lock = threading.Lock()
        self._running: tuple[BaseProcess, Connection] | None = None
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The process, where there is one."""
        running = self._running
        return running[0].pid if running is not None and running[0].is_alive() else None

    def call(self, work: Callable[..., T], *args: Any, report: IndexReport | None = None) -> T:
        """What `work(*args)` returns or raises there; `work` is a module's function.

        With `report`, `work` gets a function as keyword `report`, and what it is called with arrives here. Raises
        IndexProcessError when the process ends meanwhile.
        """
        message = (work, args, report is not None)
        kind, value = self._ask(message, report, again=True)
        if kind == "failed":
            raise value
        answer: T = value
        return answer

    def stop(self) -> None:
        """Ends the process; a call under way fails."""
        with self._lock:
            self._stopped = True
            if self._running is not None:
                _kill(self._running[0])

    def interrupt(self) -> None:
        """Ends the call under way, which fails; the next one starts a new process."""
        with self._lock:
            if self._running is not None:
                _kill(self._running[0])

    def _ask(self, message: object, report: IndexReport | None, *, again: bool) -> tuple[str, Any]:
        process, connection = self._ready()
        try:
            connection.send(message)
            while True:
                kind, value = connection.recv()
                if kind != "report":
                    return kind, value
                if report is not None:
                    report(*value)
        except (EOFError, ConnectionError) as error:
            process.join(5)
            if again and process.exitcode == 0 and not self._stopped:
                # It ended for idleness just when it was called.
                return self._ask(message, report, again=False)
            why = "it was stopped" if self._stopped else f"exit code {process.exitcode}"
            raise IndexProcessError(f"The {self._name} process ended", why=why) from error

    def _ready(self) -> tuple[BaseProcess, Connection]:
        with self._lock:
            if self._stopped:
                raise IndexProcessError(f"The {self._name} process was stopped")
            if self._running is not None:
                process, connection = self._running
                if process.is_alive():
                    return process, connection
                connection.close()
            context = multiprocessing.get_context("spawn")
            connection, there = context.Pipe()
            process = context.Process(
                target=_serve, args=(there, self._idle_s, self._niceness), name=self._name, daemon=True
            )
            process.start()
            there.close()
            self._running = (process, connection)
            return self._running


def _kill(process: BaseProcess) -> None:
    """Ends a process and those that it started."""
    if not hasattr(os, "killpg"):  # Windows has no groups
        from iquest_lsp import processes

        if process.pid is not None and process.is_alive():
            processes.kill_children(process.pid)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if process.pid is not None and process.is_alive() and os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _serve(connection: Connection, idle_s: float, niceness: int) -> None:
    """The process itself."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # a group of its own, so that its git processes end with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    if hasattr(os, "nice"):
        os.nice(niceness)
    _end_with_parent()
    while connection.poll(idle_s):
        try:
            work, args, reports = connection.recv()
        except EOFError:
            return
        try:
            extra = {"report": lambda *values: connection.send(("report", values))} if reports else {}
            answer = ("done", work(*args, **extra))
        except Exception as error:  # noqa: BLE001  it is raised again where the work was asked for
            error.add_note(traceback.format_exc())
            answer = ("failed", error)
        try:
            connection.send(answer)
        except (BrokenPipeError, ConnectionError):
            return


def _end_with_parent() -> None:
    """Makes this process end when its parent is killed, which it would not notice while it works."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        from iquest_lsp import processes

        processes.kill_children(os.getpid())
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="parent").start()


def log_failure(future: Future[None]) -> None:
    """Logs what went wrong in work that nobody waits for."""
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("work in the background failed", exc_info=error)
