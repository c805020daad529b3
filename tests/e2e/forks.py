"""Many commands of the real program from one process that has imported it: each runs in a fork of that process.

Python's start and the imports are most of what a command costs, and what a daemon costs (`fork_server.py`).
"""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e import fork_client
from tests.waiting import PATIENCE_S

#: Variables that are read when Python or a library starts, too early for a fork.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "OMP_", "OPENBLAS_")
#: Imports what commands import, most of it late: the forks have it all. None of it is garbage: a fork that looks it
#: through when it ends would have all its pages copied, in a third of a second.
IMPORTS = """
import gc, importlib, pkgutil
import git, tree_sitter, tree_sitter_python, rich.markdown, rich.progress, rich.syntax, tomlkit, sqlite3
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
#: What a program starts as forks: its daemon; this and engines and index processes.
DAEMONS = ("daemons",)
DAEMONS_AND_WORKERS = ("daemons", "workers")
#: Imported before others, since what is registered first is called last when a fork ends.
SCRIPTS = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import fork_client, fork_server
del sys.path[0]
"""
_SERVE = f"{SCRIPTS}fork_server.main()"
#: Becomes a fork, by a Python without its usual paths, which starts in 10 ms.
_BECOME = "import sys; sys.path.append({folder!r}); import fork_client; fork_client.{call}, sys.argv[1:])"


@functools.cache
def _address(more: str) -> str:
    """Where the process listens that the commands of this test process are forks of; started once, ended with it. It
    has imported `more` too."""
    folder = tempfile.mkdtemp(prefix="iq-forks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = f"{folder}/socket"
    for starts in (DAEMONS, DAEMONS_AND_WORKERS):
        _write_launcher(Path(folder, starts[-1]), f"program({address!r}, {starts!r}")
    _write_launcher(Path(folder, "python"), f"python({address!r}")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(16)
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-c",
                _SERVE,
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


def _write_launcher(path: Path, call: str) -> None:
    code = _BECOME.format(folder=str(Path(__file__).parent), call=call)
    path.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-IS", "-c", code])} "$@"\n')
    path.chmod(0o700)


def address() -> str:
    """Where forks are asked for (`fork_client.py`)."""
    return _address("")


def program(more: str = "", starts: Sequence[str] = DAEMONS_AND_WORKERS) -> tuple[str, ...]:
    """What starts a fork as `iquest-lsp`, with its own arguments, streams, folder and environment; `more` is a line of
    imports that others do not need."""
    return (str(Path(_address(more)).with_name(starts[-1])),)


def command(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdin: str = "",
    *,
    starts: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Runs `iquest-lsp ARGUMENTS` in a folder, in exactly this environment; `stdin` fits into a pipe. What it `starts`
    are forks too."""
    assert can_fork(environment), "a process of its own is needed"
    asked = {"what": "program", "arguments": list(arguments), "folder": str(folder.absolute())}
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(stdin.encode())
    with os.fdopen(reading, "rb") as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = dict(enumerate((given.fileno(), out.fileno(), err.fileno())))
        more = {"environment": dict(environment), "starts": list(starts)}
        patience_s = 2 * PATIENCE_S  # longer than any deadline of a test
        code = fork_client.ask(address(), {**asked, **more}, streams, patience_s)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(["iquest-lsp", *arguments], code, out.read().decode(), err.read().decode())
