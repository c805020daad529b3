"""A process that has imported the program, and lends forks of itself. It imports no other test.

    main() with the arguments DESCRIPTOR IMPORTS ROOM     serves on a listening socket while its stdin is open

What a fork sees is what a process of its own would see: arguments, environment, folder, streams; it ends as the program
itself does, and with the process that asked for it (`fork_client.py`). Daemons that it starts, engines and index
processes are forks of the same process.
"""

from __future__ import annotations

import atexit
import marshal
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

#: Descriptors are moved here before they get their numbers, above all that a program is given.
_HIGH = 200


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
        asked = marshal.loads(told + rest.read())
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        _end_with(connection, child, with_group=asked["what"] == "python")
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
    if asked["what"] == "python":
        return _python(asked["arguments"])
    start_forks(address, asked["starts"])
    if asked["what"] == "daemon":
        return _daemon(asked["arguments"])
    sys.argv[1:] = asked["arguments"]
    import iquest_lsp.cli

    return iquest_lsp.cli.main


def _end_with(connection: socket.socket, child: int, *, with_group: bool) -> None:
    """Waits for the end of a fork, and ends it when the process that asked for it is gone, `with_group` also those that
    it has in a group of its own."""
    if hasattr(os, "pidfd_open"):
        handle = os.pidfd_open(child)
        poll = select.poll()
        poll.register(connection, 0)
        poll.register(handle, select.POLLIN)
        if handle not in dict(poll.poll()):
            if with_group and os.getpgid(child) == child:
                os.killpg(child, signal.SIGKILL)
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


# ------------------------------------------------------------------------------- what programs start


def start_forks(address: str, what: Sequence[str]) -> None:
    """Has this process start "daemons" and "workers", which are engines and index processes, as forks; where a fork
    cannot be told from its command line, or does not end with what asked for it, they are processes of their own."""
    if "daemons" in what and sys.platform == "linux":
        _start_daemons_by(address, what)
    if "workers" in what and hasattr(os, "pidfd_open"):
        import multiprocessing
        from types import SimpleNamespace

        from iquest_lsp.runtime.client import child

        launcher = f"{os.path.dirname(address)}/python"  # noqa: PTH120  see fork_client.py
        multiprocessing.set_executable(launcher)
        child.sys = SimpleNamespace(executable=launcher)


def _python(words: Sequence[str]) -> Callable[[], None]:
    """The module or the code that a command line of Python names."""
    at = next(number for number, word in enumerate(words) if word in ("-m", "-c"))
    sys.argv[:] = [words[at], *words[at + 2 :]]
    if words[at] == "-c":
        return lambda: exec(words[at + 1], {})
    import importlib

    main: Callable[[], None] = importlib.import_module(words[at + 1]).main
    return main


def _start_daemons_by(address: str, starts: Sequence[str]) -> None:
    """Has this process start daemons as forks, each with its own command line written over that of the server."""
    from types import SimpleNamespace

    import fork_client

    from iquest_lsp.daemon import starting

    own = starting.subprocess

    def run(command: Sequence[str], **options: Any) -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        said = nothing if options["stderr"] == own.DEVNULL else options["stderr"]
        streams = {0: nothing, 1: nothing, 2: said, **{number: number for number in options["pass_fds"]}}
        asked = {"arguments": list(command), "folder": str(options["cwd"]), "environment": dict(options["env"])}
        try:
            fork_client.ask(address, {"what": "daemon", "starts": list(starts), **asked}, streams)
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
    ending = Ending()
    exec(sys.argv[2], {})
    listening = socket.socket(fileno=int(sys.argv[1]))
    address = listening.getsockname()
    del sys.argv[1:]
    listen(address, listening, ending)
