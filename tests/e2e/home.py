"""A private home for a test's daemon: no developer's daemon, settings or logs are touched, and none is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from iquest_lsp import processes
from tests.e2e import forks
from tests.waiting import PATIENCE_S, wait_until
from tests.without_posix import without_posix

#: -P, so that the working directory of a test lends no modules to the server.
PROGRAM = (sys.executable, "-P", "-m", "iquest_lsp.cli")
#: A file that the fake engine goes on with: "width, height):".
CODE = "def area(width, height):\n    return width * height\n\n\ndef area("


class Home:
    """Folders of its own, and the daemons that live in them.

    Programs start here as forks of one that has imported all, which costs a tenth, and so do their daemons, engines and
    index processes.
    """

    starts: Sequence[str] = forks.DAEMONS_AND_WORKERS

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("run", "state", "config", "data", "cache"):
            (folder / name).mkdir(mode=0o700)

    @property
    def environment(self) -> dict[str, str]:
        """What a program of this home finds in its environment beside the rest."""
        return {
            "WIN_PD_OVERRIDE_LOCAL_APPDATA": str(self.folder / "state"),  # platformdirs, on Windows
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    @property
    def sockets(self) -> list[Path]:
        """The sockets of the daemons that listen."""
        return sorted(self.daemons.glob("*.sock"))

    @property
    def daemons(self) -> Path:
        """The folder in which daemons are found."""
        return self.folder / "run" / "iquest-lsp"

    def command(
        self, *arguments: str, environment: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs `iquest-lsp ...` here, in a fork of a process that has imported it."""
        full = {**os.environ, **self.environment, **(environment or {})}
        return forks.command(arguments, self.folder, full, stdin, starts=self.starts)

    def program(self, environment: dict[str, str], imports: str = "") -> tuple[str, ...]:
        """What starts `iquest-lsp` in this environment; `imports` is a line that forks of other tests do not need."""
        return forks.program(imports, self.starts) if self.starts and forks.can_fork(environment) else PROGRAM

    def begin(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Starts `iquest-lsp ...` here, in a process of its own."""
        full = {**os.environ, **self.environment, **(environment or {})}
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            env=full,
            text=True,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def until(self, ready: Callable[[], object]) -> None:
        """Waits for what another process brings about."""
        wait_until(ready, lambda: self.log()[-2000:])

    def status(self, *arguments: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
        """`daemon status --json`."""
        done = self.command("daemon", "status", "--json", *arguments, environment=environment)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def pids(self) -> list[int]:
        """The daemons that live here, listening or not, by the locks they hold."""
        found = []
        for lock in self.daemons.glob("*.lock"):
            text = lock.read_text().strip()
            if text.isdigit() and is_daemon(int(text)):
                found.append(int(text))
        return found

    def log(self) -> str:
        """All the daemons' logs."""
        folder = self.folder / "state" / "iquest-lsp" / "log"
        return "".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("*")))

    def end(self) -> None:
        """Ends every daemon of this home, also one that is only starting, and waits for it."""
        pids = [pid for pid in _processes() if is_daemon(pid) and self._is_here(pid)]
        for at_once in (False, True):
            for pid in pids:
                processes.end(pid, at_once=at_once)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                pids = [pid for pid in pids if is_daemon(pid)]
                if not pids:
                    return
                time.sleep(0.02)

    def _is_here(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            # Of a fork the system knows only what its first process found in its environment.
            places = (process.environ().get("XDG_RUNTIME_DIR", ""), process.cwd())
        except psutil.Error:
            return False
        return any(place.startswith(f"{self.folder}{os.sep}") for place in places)


def complaints(stderr: str) -> list[str]:
    """The lines on stderr, but for that by which a command that takes long, as on a busy machine, says what it does."""
    return [line for line in stderr.splitlines() if not line.endswith(" ...")]


def _processes() -> list[int]:
    return psutil.pids()


def is_daemon(pid: int) -> bool:
    """Whether a process is one of our daemons, alive."""
    try:
        process = psutil.Process(pid)
        return "iquest_lsp.daemon" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill(pid: int) -> None:
    """Ends a process without a warning."""
    psutil.Process(pid).kill()


def engine_processes(pid: int) -> list[int]:
    """The engine processes of a daemon."""
    return children(pid, "iquest_lsp.runtime.client.worker")


def children(pid: int, what: str) -> list[int]:
    """The child processes whose command line holds a text."""
    found = []
    try:
        family = psutil.Process(pid).children()
    except psutil.Error:
        return []
    for child in family:
        with contextlib.suppress(psutil.Error):
            if any(what in word for word in child.cmdline()):
                found.append(child.pid)
    return found


@contextlib.contextmanager
def stopped(*pids: int, may_end: bool = False) -> Iterator[None]:
    """Lets processes stand still meanwhile; with `may_end` they may be gone afterwards."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError) if may_end else contextlib.nullcontext():
                os.kill(pid, signal.SIGCONT)


class HomeOfWorkers(Home):
    """One whose engines and index processes are children of their daemon, which tests stop and kill."""

    starts = forks.DAEMONS


class HomeOfProcesses(Home):
    """One whose programs and daemons are processes of their own, as users start them."""

    starts = ()


class HomeWithoutPosix(HomeOfProcesses):
    """One whose programs lack what Python lacks on Windows: their daemon listens on a port of this machine."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **without_posix(self.folder / "site")}

    @property
    def sockets(self) -> list[Path]:
        return sorted(self.daemons.glob("*.port"))

    @property
    def daemons(self) -> Path:
        return self.folder / "state" / "iquest-lsp" / "run"

    def command(
        self, *arguments: str, environment: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """The same in a process of its own: a fork has what is missing here."""
        process = self.begin(*arguments, environment=environment)
        out, err = process.communicate(stdin, 2 * PATIENCE_S)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextlib.contextmanager
def private_home(kind: type[Home] = Home) -> Iterator[Home]:
    """A home for the time of a test; its path is short, since that of a socket has to be."""
    folder = Path(tempfile.mkdtemp(prefix="iq-"))
    home = kind(folder)
    try:
        yield home
    finally:
        home.end()
        shutil.rmtree(folder, ignore_errors=True)
