"""Many commands of the real program from one process that has imported it: each runs in a fork of that process.

Python's start and the imports are most of what a command costs, and what a daemon costs (`fork_server.py`).
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e import fork_server
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
#: A daemon and a server that an editor starts import these too.
SERVER = "import iquest_lsp.daemon.__main__, iquest_lsp.daemon.service\n"
PROGRAM = Path(__file__).with_name("fork_server.py")


@functools.cache
def _address(more: str) -> str:
    """Where the process listens that the commands of this test process are forks of; started once, ended with it. It
    has imported `more` too."""
    folder = tempfile.mkdtemp(prefix="iq-forks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(16)
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                str(PROGRAM),
                "listen",
                str(listening.fileno()),
                SERVER + more + IMPORTS,
                "-" * 8000,
            ],
            pass_fds=[listening.fileno()],
            stdin=subprocess.PIPE,
            cwd=folder,
        )
    atexit.register(process.wait)
    atexit.register(process.kill)
    return address


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a fork finds this environment as a process of its own would."""
    late = {name for name in {*environment, *os.environ} if environment.get(name) != os.environ.get(name)}
    return os.name != "nt" and not any(name.startswith(_AT_START) for name in late)


def program(more: str = "") -> tuple[str, ...]:
    """What starts a fork as `iquest-lsp`, with its own arguments, streams, folder and environment; `more` is a line of
    imports that others do not need."""
    return (sys.executable, "-I", "-S", str(PROGRAM), "run", _address(more))


def command(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdin: str = "",
    *,
    starts_forks: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs `iquest-lsp ARGUMENTS` in a folder, in exactly this environment; `stdin` fits into a pipe. With
    `starts_forks` a daemon that it starts is a fork too."""
    assert can_fork(environment), "a process of its own is needed"
    asked = {"what": "program", "arguments": list(arguments), "folder": str(folder.absolute())}
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(stdin.encode())
    with os.fdopen(reading, "rb") as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = dict(enumerate((given.fileno(), out.fileno(), err.fileno())))
        more = {"environment": dict(environment), "starts_forks": starts_forks}
        code = fork_server.ask(
            _address(""), {**asked, **more}, streams, 2 * PATIENCE_S
        )  # longer than any deadline of a test
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(["iquest-lsp", *arguments], code, out.read().decode(), err.read().decode())
