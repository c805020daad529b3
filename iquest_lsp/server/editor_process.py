"""The editor's own process, which a client names when it connects (`processId`): who outlives it ends too.

A pipe may stay open after the editor died, held by another process that inherited it. A process that cannot be seen
from here may have ended already, or live where its number means nothing here (a container): then the connection ends
only once nothing has come over it for a while.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable

from iquest_lsp import processes

log = logging.getLogger(__name__)

#: Between two looks where the system cannot tell by itself that a process ended.
LOOK_EVERY_S = 3.0
#: How long a client whose process was never seen may be silent.
SILENCE_S = 30.0


class EditorProcess:
    """Watches one process for one connection; `gone` is called on the event loop when it has ended.

    `heard_at` gives the time of the monotonic clock at which the client last said something.
    """

    def __init__(self, gone: Callable[[], None], heard_at: Callable[[], float]) -> None:
        self._gone = gone
        self._heard_at = heard_at
        self._descriptor: int | None = None
        self._looking: asyncio.TimerHandle | None = None

    def watch(self, pid: int | None) -> None:
        """Begins to watch; without a process (null, as the protocol has it), or with none that there can be, nothing
        is watched."""
        self.stop()
        if pid is None or not 0 < pid < 2**31 or pid == os.getpid():
            return
        if not processes.is_alive(pid):
            log.warning("no process %d is to be seen, which the client named as its own", pid)
            self._wait_for_silence(pid)
        elif not self._follow(pid):
            self._look(pid)

    def stop(self) -> None:
        """Ends the watching."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _follow(self, pid: int) -> bool:
        """Lets the system tell, where it can; it does so of a process that nobody has waited for, too."""
        if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
            return False
        try:
            self._descriptor = os.pidfd_open(pid)
        except OSError as error:  # gone this moment, or forbidden in a sandbox
            log.debug("process %d cannot be followed: %s", pid, error)
            return False
        asyncio.get_running_loop().add_reader(self._descriptor, self._end, pid)
        return True

    def _look(self, pid: int) -> None:
        if processes.is_alive(pid):
            self._looking = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look, pid)
        else:
            self._end(pid)

    def _wait_for_silence(self, pid: int) -> None:
        left = self._heard_at() + SILENCE_S - time.monotonic()
        if left <= 0:
            self._end(pid)
        else:
            self._looking = asyncio.get_running_loop().call_later(left, self._wait_for_silence, pid)

    def _end(self, pid: int) -> None:
        log.info("the client's process %d has ended; so does its connection", pid)
        self.stop()
        self._gone()
