"""The program an editor starts: finds the daemon or starts it, and copies bytes both ways.

Two threads and blocking calls, since nothing is quicker: a byte goes from one descriptor to the other as it comes.
A session of the protocol has state, so a bridge whose daemon died does not look for another: it says so and ends with
an exit code that makes the editor start it again.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.daemon import handshake
from iquest_lsp.daemon.endpoint import endpoint_of
from iquest_lsp.daemon.runtime_dir import DaemonFiles, daemon_files, with_absolute_paths
from iquest_lsp.daemon.starting import Starter
from iquest_lsp.errors import DaemonError, NoDaemonError

START_PATIENCE_S = 60.0
REPLY_PATIENCE_S = 20.0
FAREWELL_PATIENCE_S = 3.0
CHUNK = 64 * 1024
#: What a bridge says whose stdin ended before a byte had come.
NOBODY = "This is the language server that an editor starts, and no editor is on its stdin; see `iquest-lsp --help`."
WITHOUT = "This editor is served without the daemon"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a bridge ended: the exit code, and what to say of it ("" when all went well)."""

    code: int
    message: str = ""


def run_bridge(options: Mapping[str, object]) -> Ending:
    """Serves the editor on stdin and stdout through the daemon; raises DaemonError when there can be none."""
    files, connection, first = join(options, WITHOUT)
    return copy(connection, first, files.log)


def run_tcp_bridge(port: int, token: str) -> Ending:
    """The same through a service on this machine's loopback."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), REPLY_PATIENCE_S)
    except OSError as error:
        raise DaemonError(f"Nothing serves on port {port}", why=error.strerror or str(error)) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said, first = ask(connection, "serve", token)
    if said.get("answer") != handshake.WELCOME:
        raise DaemonError(f"The service on port {port} refuses", why=str(said.get("reason", said.get("answer"))))
    return copy(connection, first, Path())


# ---------------------------------------------------------------------------------------------------- reaching


def join(options: Mapping[str, object], without: str) -> tuple[DaemonFiles, socket.socket, bytes]:
    """The daemon for these command line options, a connection that it welcomed, and the first bytes that came on it.

    Raises NoDaemonError, beginning with `without`: what happens without the daemon.
    """
    options = with_absolute_paths(options)
    try:
        files = daemon_files(options)
        return files, *reach(files, options, without)
    except NoDaemonError:
        raise
    except DaemonError as error:
        why = f"{error.what} ({error.why})" if error.why else error.what
        raise NoDaemonError(without, why=why, fix=error.fix) from error


def reach(files: DaemonFiles, options: Mapping[str, object], without: str = WITHOUT) -> tuple[socket.socket, bytes]:
    """A connection that the daemon of these files welcomed, starting one when there is none; raises DaemonError."""
    end = time.monotonic() + START_PATIENCE_S
    pause = 0.005
    with contextlib.closing(Starter(files, options, without)) as starter:
        while time.monotonic() < end:
            dialed = dial(files)
            if dialed is not None:
                connection, key = dialed
                said, first = _ask_gently(connection, key, without)
                if said.get("answer") == handshake.WELCOME and handshake.is_compatible(said):
                    return connection, first
                connection.close()
                _check_refusal(said, without)
            else:
                starter.start()
            time.sleep(pause)
            pause = min(pause * 1.3, 0.25)
    raise NoDaemonError(
        without,
        why=f"it did not start within {START_PATIENCE_S:.0f} s",
        fix=f"See {files.log} and {files.last_words}",
    )


def _check_refusal(said: Mapping[str, object], without: str) -> None:
    """Raises DaemonError for a reply that will not be another one in a moment."""
    if said and said.get("answer") != handshake.REPLACED:
        raise NoDaemonError(
            without,
            why=str(said.get("reason") or f"the daemon is version {said.get('version')}"),
            fix="Close the other editors, or run `iquest-lsp daemon stop`, to share one model again",
        )


def dial(files: DaemonFiles) -> tuple[socket.socket, bytes] | None:
    """A connection to whatever listens, and the key to it; None when nothing does. Raises DaemonError when it is
    somebody else."""
    return endpoint_of(files).dial()


def ask(
    connection: socket.socket, want: str, token: str = "", patience_s: float = REPLY_PATIENCE_S, key: bytes = b""
) -> tuple[dict[str, object], bytes]:
    """Says what is wanted; returns the reply and the bytes after it. Raises DaemonError, OSError.

    With a key, what answers without it is taken for nobody: the daemon has ended, and its port is another program's.
    """
    connection.settimeout(patience_s)
    proven = handshake.introduction(key)
    connection.sendall(handshake.hello(want, token, proven))
    data = b""
    while b"\n" not in data and len(data) <= handshake.MAX_LINE:
        more = connection.recv(CHUNK)
        if not more:
            raise ConnectionResetError("the daemon ended before it answered")
        data += more
    connection.settimeout(None)
    said, _, first = data.partition(b"\n")
    try:
        found = handshake.parse(said)
    except DaemonError:
        if key:
            raise ConnectionResetError("somebody else listens on the daemon's port") from None
        raise
    if key and not handshake.knows(key, handshake.DAEMON, proven["nonce"], found.get("proof")):
        raise ConnectionResetError("somebody else listens on the daemon's port")
    return found, first


def _ask_gently(connection: socket.socket, key: bytes, without: str) -> tuple[dict[str, object], bytes]:
    """The same; a daemon that ends before it answers has said nothing, and is asked again."""
    try:
        return ask(connection, "serve", key=key)
    except ConnectionError:
        return {}, b""
    except TimeoutError as error:
        raise NoDaemonError(without, why="it does not answer", fix="Run `iquest-lsp daemon stop`") from error


# ----------------------------------------------------------------------------------------------------- copying


def copy(connection: socket.socket, first: bytes, log: Path, source: int = 0, sink: int = 1) -> Ending:
    """Copies between two descriptors and the daemon until either side ends."""
    left, heard = threading.Event(), threading.Event()
    threading.Thread(target=_outward, args=(connection, source, left, heard), daemon=True).start()
    last: bytes | None = None
    data = first
    try:
        while True:
            if last is not None:
                last += data
            elif handshake.FAREWELL in data:
                body, _, last = data.partition(handshake.FAREWELL)
                write_all(sink, body)
            else:
                write_all(sink, data)
            data = connection.recv(CHUNK)
            if not data:
                break
    except BrokenPipeError:
        return Ending(1)  # the editor has gone
    except OSError:
        last = None
    return _ending(last, left.is_set(), heard.is_set(), log)


def _ending(last: bytes | None, left: bool, heard: bool, log: Path) -> Ending:
    if last:
        with contextlib.suppress(DaemonError):
            said = handshake.parse_farewell(last)
            code = said.get("exit")
            unsaid = "" if heard else NOBODY
            return Ending(code if isinstance(code, int) else 1, str(said.get("message", "")) or unsaid)
    if left:
        return Ending(1, "" if heard else NOBODY)
    return Ending(1, f"The daemon stopped unexpectedly. Start the language server again; the log is {log}.")


def _outward(connection: socket.socket, source: int, left: threading.Event, heard: threading.Event) -> None:
    """What the editor says, to the daemon; the end of it ends the connection, at once or a little later."""
    try:
        while data := _read(source):
            heard.set()
            connection.sendall(data)
    except OSError:
        return  # the other direction sees why
    left.set()
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
    time.sleep(FAREWELL_PATIENCE_S)
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read(source: int) -> bytes:
    while True:
        try:
            return os.read(source, CHUNK)
        except BlockingIOError:  # an editor may have made the pipe so
            select.select([source], [], [])


def write_all(sink: int, data: bytes) -> None:
    """Writes all of it, also to a descriptor that does not block."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(sink, view) :]
        except BlockingIOError:
            select.select([], [sink], [])
