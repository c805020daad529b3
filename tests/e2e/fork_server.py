"""A process that has imported the program, and what asks it for forks of itself: scripts, which import no other test.

    python -P fork_server.py listen DESCRIPTOR IMPORTS ROOM     serves on a listening socket while its stdin is open
    python -I -S fork_server.py run ADDRESS ARGUMENTS...        becomes `iquest-lsp ARGUMENTS` in a fork, by its streams

What a fork sees is what a process of its own would see: arguments, environment, folder, streams; it ends as the program
itself does, and with the process that asked for it. A daemon that it starts is a fork of the same process.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

#: Descriptors are moved here before they get their numbers, above all that a program is given.
_HIGH = 200


def ask(address: str, asked: Mapping[str, Any], descriptors: Mapping[int, int], patience_s: float | None = None) -> int:
    """Has a fork do what is asked, with these descriptors by the numbers they have there; its exit code."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience_s)
        connection.connect(address)
        text = json.dumps({**asked, "numbers": list(descriptors)}).encode()
        sent = socket.send_fds(connection, [text], list(descriptors.values()))
        connection.sendall(text[sent:])
        connection.shutdown(socket.SHUT_WR)
        return int(connection.recv(16) or -signal.SIGKILL)


def listen(address: str, listening: socket.socket, ending: Ending) -> None:
    """Serves until the process that holds the other end of stdin is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while 0 not in select.select([0, listening], [], [])[0]:
        connection, _ = listening.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            program = _serve(address, connection)
            ending.of(program)
            return
        connection.close()


def _serve(address: str, connection: socket.socket) -> Callable[[], None]:
    """Waits for a fork and tells how it ended; in the fork, what is to run there."""
    told, streams, _, _ = socket.recv_fds(connection, 1 << 20, 8)
    with connection.makefile("rb") as rest:
        asked = json.loads(told + rest.read())
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        _end_with(connection, child)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        try:
            connection.sendall(str(code).encode())
        finally:
            os._exit(0)
    connection.close()
    _take(streams, asked["numbers"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    if asked["what"] == "daemon":
        return _daemon(asked["arguments"])
    if asked["starts_forks"]:
        _start_daemons_by(address)
    sys.argv[1:] = asked["arguments"]
    import iquest_lsp.cli

    return iquest_lsp.cli.main


def _end_with(connection: socket.socket, child: int) -> None:
    """Waits for the end of a fork, and ends it when the process that asked for it is gone."""
    if hasattr(os, "pidfd_open"):
        handle = os.pidfd_open(child)
        poll = select.poll()
        poll.register(connection, 0)
        poll.register(handle, select.POLLIN)
        if handle not in dict(poll.poll()):
            os.kill(child, signal.SIGKILL)
        os.close(handle)


class Ending:
    """The end of forks: all that the end of Python's main program is, but for taking everything apart, which copies all
    the pages that a fork has from its parent (40 of the 48 ms of processor time that `--version` takes).

    Made before anything else is imported: what is registered first is called last.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        atexit.register(self._end)

    def of(self, program: Callable[[], None]) -> None:
        """Runs a program in a fork; how it ends holds for the process."""
        try:
            program()
        except SystemExit as ended:
            if ended.code is None or isinstance(ended.code, int):
                self._code = ended.code or 0
            raise
        self._code = 0

    def _end(self) -> None:
        """Where an end is not as usual, Python goes on by itself."""
        if self._code is None:
            return
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and not stream.closed:
                    stream.flush()
        except (OSError, ValueError):
            return
        os._exit(self._code)


def _take(streams: Sequence[int], numbers: Sequence[int]) -> None:
    import fcntl

    high = [fcntl.fcntl(stream, fcntl.F_DUPFD, _HIGH) for stream in streams]
    for stream in streams:
        os.close(stream)
    for stream, number in zip(high, numbers, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    # What Python has found out about the streams of the process before holds for these no more.
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        old = getattr(sys, name)
        made = open(number, mode, 1 if number == 2 else -1, old.encoding, old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, made)
        setattr(sys, f"__{name}__", made)


# ------------------------------------------------------------------------------------------------ daemons


def _start_daemons_by(address: str) -> None:
    """Has this process start daemons as forks; where another process cannot be told from its command line by what was
    written over it, they are processes of their own."""
    if sys.platform != "linux":
        return
    from types import SimpleNamespace

    from iquest_lsp.daemon import starting

    own = starting.subprocess

    def run(command: Sequence[str], **options: Any) -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        said = nothing if options["stderr"] == own.DEVNULL else options["stderr"]
        streams = {0: nothing, 1: nothing, 2: said, **{number: number for number in options["pass_fds"]}}
        asked = {"arguments": list(command), "folder": str(options["cwd"]), "environment": dict(options["env"])}
        try:
            ask(address, {"what": "daemon", **asked}, streams)
        finally:
            os.close(nothing)

    starting.subprocess = SimpleNamespace(run=run, DEVNULL=own.DEVNULL, PIPE=own.PIPE, Popen=own.Popen)


def _daemon(command: Sequence[str]) -> Callable[[], None]:
    os.setsid()
    _look_like(command)
    sys.argv[1:] = command[-1:]
    from iquest_lsp.daemon.__main__ import main

    return main


def _look_like(command: Sequence[str]) -> None:
    """Writes a command line over that of this process, for which `listen` was given room."""
    import ctypes
    from pathlib import Path

    start, end = map(int, Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[45:47])
    said = b"\0".join(word.encode() for word in command) + b"\0"
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, said, min(len(said), end - start - 1))


def main() -> None:
    """As the head of the file says."""
    if sys.argv[1] == "run":
        asked = {
            "what": "program",
            "arguments": sys.argv[3:],
            "folder": os.getcwd(),  # noqa: PTH109  pathlib takes longer than all else here
            "environment": dict(os.environ),
            "starts_forks": True,
        }
        code = ask(sys.argv[2], asked, {number: number for number in range(3)})
        if code < 0:
            os.kill(os.getpid(), -code)
        os._exit(code)
    ending = Ending()
    exec(sys.argv[3], {})
    listening = socket.socket(fileno=int(sys.argv[2]))
    address = listening.getsockname()
    del sys.argv[1:]
    listen(address, listening, ending)


if __name__ == "__main__":
    main()
