"""Many commands of the real program from one process that has imported it: each runs in a fork of that process.

Python's start and the imports are most of what a command costs. What a command sees is what a process of its own would
see: arguments, environment, folder, streams; it ends as `iquest-lsp` itself does.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.waiting import PATIENCE_S

#: Variables that are read when Python or a library starts, too early for a fork.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "OMP_", "OPENBLAS_")
#: Imports what commands import, most of it late: the forks have it all. None of it is garbage: a fork that looks it
#: through when it ends would have all its pages copied, in a third of a second.
IMPORTS = """
import gc, importlib, pkgutil
import git, tree_sitter, tree_sitter_python, rich.markdown, tomlkit, sqlite3
import iquest_lsp.assistant, iquest_lsp.doctor
for room in ("cli", "codeflow", "nextedit", "daemon.endpoint", "runtime.backends"):
    package = importlib.import_module("iquest_lsp." + room)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith(("__main__", "windows", "unix")):
            importlib.import_module(found.name)
gc.collect()
gc.freeze()
"""
# A fork of the listening process takes a request, has another fork run it, and tells how that ended.
LISTENER = (
    IMPORTS
    + """
import json, os, select, signal, socket, sys

def serve(connection):
    told, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    with connection.makefile("rb") as rest:
        asked = json.loads(told + rest.read())
    child = os.fork()
    if not child:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(asked["folder"])
        sys.argv[1:] = asked["arguments"]
        iquest_lsp.cli.main()
        return
    connection.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)

listening = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while 0 not in select.select([0, listening], [], [])[0]:  # the test process holds the other end of 0 while it lives
    connection, _ = listening.accept()
    if not os.fork():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        listening.close()
        serve(connection)
        break
    connection.close()
"""
)


@functools.cache
def _address() -> str:
    """Where the process listens that the commands of this test process are forks of; started once, ended with it."""
    folder = tempfile.mkdtemp(prefix="iq-forks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(16)
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", LISTENER, str(listening.fileno())],
            pass_fds=[listening.fileno()],
            stdin=subprocess.PIPE,
            cwd=folder,
        )
    atexit.register(process.wait)
    atexit.register(process.kill)
    return address


def command(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs `iquest-lsp ARGUMENTS` in a folder, in exactly this environment; `stdin` fits into a pipe."""
    late = {name for name in {*environment, *os.environ} if environment.get(name) != os.environ.get(name)}
    assert not any(name.startswith(_AT_START) for name in late), f"a process of its own is needed: {late}"
    asked = {"arguments": list(arguments), "folder": str(folder.absolute()), "environment": dict(environment)}
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(stdin.encode())
    with (
        os.fdopen(reading, "rb") as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.settimeout(2 * PATIENCE_S)  # longer than any deadline of a test
        connection.connect(_address())
        text = json.dumps(asked).encode()
        sent = socket.send_fds(connection, [text], [given.fileno(), out.fileno(), err.fileno()])
        connection.sendall(text[sent:])
        connection.shutdown(socket.SHUT_WR)
        code = int(connection.recv(16))
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(["iquest-lsp", *arguments], code, out.read().decode(), err.read().decode())
