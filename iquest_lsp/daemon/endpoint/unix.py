"""A Unix socket, whose other end the kernel names."""

from __future__ import annotations

import socket
import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from iquest_lsp.daemon.endpoint.peers import check_peer
from iquest_lsp.errors import DaemonError

if TYPE_CHECKING:  # a bridge has no event loop, and loads none
    import asyncio

#: Connections taken before those who came earlier are looked at, and those that may wait in the kernel meanwhile.
AT_ONCE, WAITING = 8, 256


class UnixEndpoint:
    """See Endpoint."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = 0

    def dial(self) -> tuple[socket.socket, bytes] | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(self._path))
        except (FileNotFoundError, ConnectionError, BlockingIOError):
            connection.close()
            return None
        except OSError as error:
            connection.close()
            raise DaemonError(f"Cannot use {self._path}", why=error.strerror or str(error)) from error
        check_peer(connection)
        return connection, b""

    def is_answered(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._path))
            except OSError:
                return False
        return True

    async def listen(
        self, accept: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], limit: int
    ) -> asyncio.Server:
        """Puts a listening socket in its place at once: nobody finds one that does not listen yet."""
        import asyncio

        made = self._path.with_suffix(".new")
        made.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(made))
        made.chmod(0o600)
        listener.setblocking(False)
        self._inode = made.lstat().st_ino
        server = await asyncio.start_unix_server(accept, sock=listener, limit=limit, backlog=AT_ONCE)
        listener.listen(WAITING)  # asyncio takes its `backlog` for both
        made.rename(self._path)
        return server

    def is_mine(self) -> bool:
        try:
            status = self._path.lstat()
        except OSError:
            return False
        return stat.S_ISSOCK(status.st_mode) and status.st_ino == self._inode

    def remove(self) -> None:
        if self.is_mine():
            self._path.unlink(missing_ok=True)

    def check_caller(self, connection: socket.socket) -> None:
        check_peer(connection)

    def answer_to(self, hello: Mapping[str, object]) -> dict[str, str]:
        return {}
