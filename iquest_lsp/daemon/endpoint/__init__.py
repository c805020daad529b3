"""Where a daemon listens and how it is reached: a Unix socket, or where there is none a port of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from iquest_lsp.daemon.endpoint.unix import UnixEndpoint
from iquest_lsp.daemon.runtime_dir import DaemonFiles

if TYPE_CHECKING:
    import asyncio


class Endpoint(Protocol):
    """One end for the daemon, another for who wants to reach it; both are made of the daemon's files alone."""

    def dial(self) -> tuple[socket.socket, bytes] | None:
        """A connection to whatever listens, and the key that both ends have to know ("" for none); None when nothing
        does. Raises DaemonError when it is somebody else."""

    def is_answered(self) -> bool:
        """Whether somebody listens, for who waits for the daemon's lock."""

    async def listen(
        self, accept: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], limit: int
    ) -> asyncio.Server:
        """Listens, and lets itself be found once it does; `limit` is that of the readers. Raises OSError."""

    def is_mine(self) -> bool:
        """Whether who looks for the daemon finds the one that this object made listen."""

    def remove(self) -> None:
        """Lets nobody find the daemon any more."""

    def check_caller(self, connection: socket.socket) -> None:
        """Raises DaemonError for a connection that the system says to be somebody else's."""

    def answer_to(self, hello: Mapping[str, object]) -> dict[str, str]:
        """What a reply to this first line has to say beside the rest; raises DaemonError for a caller without the key,
        who gets no reply."""


def endpoint_of(files: DaemonFiles) -> Endpoint:
    """The endpoint of a daemon on this system."""
    if hasattr(os, "getuid"):
        return UnixEndpoint(files.socket)
    from iquest_lsp.daemon.endpoint.loopback import LoopbackEndpoint

    return LoopbackEndpoint(files.port, files.lock)
