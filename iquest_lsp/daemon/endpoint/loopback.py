"""A port of this machine that anybody here can reach, and a key in a file that only this user can read.

Neither end trusts the other before it has shown that it knows the key, and neither says it: each answers with a digest
of the caller's random number under the key. A port that somebody else has taken since the daemon died learns nothing
that would help him, and is told nothing.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.daemon import handshake
from iquest_lsp.daemon.lock import holder
from iquest_lsp.errors import DaemonError

if TYPE_CHECKING:  # a bridge has no event loop, and loads none
    import asyncio

HOST = "127.0.0.1"
KEY_BYTES = 32
#: A port of this machine answers at once, or nobody does.
PATIENCE_S = 5.0
WAITING = 256


class LoopbackEndpoint:
    """See Endpoint. The file says {"port", "key", "pid"}; it counts only while that very process holds the lock."""

    def __init__(self, file: Path, lock: Path) -> None:
        self._file = file
        self._lock = lock
        self._key = b""

    def dial(self) -> tuple[socket.socket, bytes] | None:
        found = self._read()
        # A daemon that died has left its file, and its port may be another program's; the next one takes the lock
        # before it takes that file away.
        if found is None or holder(self._lock) != found[2]:
            return None
        port, key, _ = found
        try:
            connection = socket.create_connection((HOST, port), PATIENCE_S)
        except (ConnectionError, TimeoutError):
            return None
        except OSError as error:
            raise DaemonError(f"Cannot use port {port}", why=error.strerror or str(error)) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, key

    def is_answered(self) -> bool:
        try:
            dialed = self.dial()
        except DaemonError:
            return False
        if dialed is not None:
            dialed[0].close()
        return dialed is not None

    async def listen(
        self, accept: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], limit: int
    ) -> asyncio.Server:
        import asyncio

        self._file.unlink(missing_ok=True)  # of one that died
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # else others may listen on the same port, on Windows
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            listener.bind((HOST, 0))
            listener.setblocking(False)
            server = await asyncio.start_server(accept, sock=listener, limit=limit, backlog=WAITING)
        except OSError:
            listener.close()
            raise
        self._key = os.urandom(KEY_BYTES)
        said = {"port": listener.getsockname()[1], "key": self._key.hex(), "pid": os.getpid()}
        try:
            atomic_write(self._file, json.dumps(said))
        except OSError:
            server.close()
            raise
        return server

    def is_mine(self) -> bool:
        found = self._read()
        return found is not None and hmac.compare_digest(found[1], self._key)

    def remove(self) -> None:
        if self.is_mine():
            with contextlib.suppress(OSError):  # somebody reads it this moment: it counts for nothing without the lock
                self._file.unlink(missing_ok=True)

    def check_caller(self, connection: socket.socket) -> None:
        """The system does not say whose it is; see `answer_to`."""

    def answer_to(self, hello: Mapping[str, object]) -> dict[str, str]:
        if not handshake.knows(self._key, handshake.CALLER, hello.get("nonce"), hello.get("proof")):
            raise DaemonError("A caller did not know the key", why="it is not one of this user's, or of another daemon")
        return {"proof": handshake.proof(self._key, handshake.DAEMON, str(hello["nonce"]))}

    def _read(self) -> tuple[int, bytes, int] | None:
        """The port, the key and the process; None where no daemon has left them, whole."""
        try:
            said = json.loads(self._file.read_text("ascii"))
            port, key, pid = int(said["port"]), bytes.fromhex(said["key"]), int(said["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (port, key, pid) if 0 < port < 2**16 and len(key) == KEY_BYTES else None
