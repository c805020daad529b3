"""Who is at the other end of a local socket."""

from __future__ import annotations

import os
import socket
import struct
import sys

from iquest_lsp.errors import DaemonError

# <sys/un.h> of macOS: level SOL_LOCAL, option LOCAL_PEERCRED, struct xucred (version, uid, ...).
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_SIZE = 0, 1, 76


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, as the kernel says; raises DaemonError."""
    try:
        if sys.platform == "darwin":
            data = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_SIZE)
            return int(struct.unpack_from("=II", data)[1])
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", data)[1])
    except (OSError, AttributeError, struct.error) as error:
        raise DaemonError("The other end of the socket cannot be checked", why=str(error)) from error


def check_peer(connection: socket.socket) -> None:
    """Raises DaemonError unless the other end is this user."""
    uid = peer_uid(connection)
    if uid != os.geteuid():
        raise DaemonError("The other end of the socket is not trusted", why=f"it belongs to user {uid}")
