"""The same service on TCP, for those who ask for it: loopback only, and only for clients that know the token."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.daemon.runtime_dir import daemon_files
from iquest_lsp.errors import DaemonError


def serve(options: Mapping[str, object], port: int, token: str, ready: Callable[[int, str], None]) -> None:
    """Serves until it is interrupted; tells `ready` the port (0 lets the system choose) and the token ("": a new one).

    Raises DaemonError when the port cannot be had.
    """
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.daemon.service import Service
    from iquest_lsp.settings import Configuration, user_file
    from iquest_lsp.telemetry import kept_statistics

    token = token or secrets.token_hex(32)

    async def work() -> None:
        assistant = Assistant(Configuration(options, user_file()), statistics=kept_statistics())
        service = Service(assistant, None, token=token)
        await service.run(port, lambda bound: ready(bound, token))

    try:
        asyncio.run(work())
    except OSError as error:
        raise DaemonError(f"Cannot serve on port {port}", why=error.strerror or str(error)) from error


def leave_token(port: int, token: str) -> Path:
    """Writes the token where this user's bridges look for it; raises DaemonError."""
    file = _file(port)
    try:
        atomic_write(file, token)
    except (OSError, ValueError) as error:
        raise DaemonError(f"Cannot write {file}", why=str(error)) from error
    return file


def find_token(port: int) -> str:
    """The token of the service on a port of this machine; raises DaemonError."""
    try:
        return _file(port).read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise DaemonError(
            f"The token for port {port} is not known", why=str(error), fix="Set IQUEST_LSP_TOKEN to it"
        ) from error


def _file(port: int) -> Path:
    return daemon_files({}).folder / f"tcp-{port}.token"
