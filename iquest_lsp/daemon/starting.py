"""Starting a daemon: the end of the bridge that waits for it, and the end of the daemon that it waits for.

Where processes can fork, a pipe tells: the daemon holds its other end until it serves, and looks whether somebody still
waits. Elsewhere, as on Windows, each looks whether the other's process lives.

Either way the process that is started ends at once and the daemon is what it started: an editor that ends what descends
from it, as VS Code does, must not end what the others use.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from iquest_lsp import harmless_git
from iquest_lsp.daemon.runtime_dir import DaemonFiles
from iquest_lsp.errors import NoDaemonError
from iquest_lsp.runtime.base.steady_memory import STEADY_MALLOC

STARTS = 3
#: The word that makes `python -m iquest_lsp.daemon` start another process and end.
APART = "apart"
#: Windows: no window, Ctrl-C in the editor's console is not for it, nor is the end of the group that started it.
_NO_WINDOW, _NEW_GROUP, _BREAKAWAY = 0x08000000, 0x00000200, 0x01000000


class Starter:
    """Starts a daemon, and another one only when the one before ended without serving."""

    def __init__(self, files: DaemonFiles, options: Mapping[str, object], without: str) -> None:
        self._without = without
        self._files = files
        self._options = dict(options)
        self._begun: _ByPipe | _ByNumber | None = None
        self._left = STARTS

    def start(self) -> None:
        """Starts one unless one is on its way."""
        if self._begun is not None:
            if self._begun.is_on_its_way():
                return
            self.close()
        if not self._left:
            raise NoDaemonError(self._without, why="it ended as it started", fix=f"See {self._files.last_words}")
        self._left -= 1
        with contextlib.suppress(OSError):
            self._files.last_words.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._begun = _ByPipe() if hasattr(os, "fork") else _ByNumber()
        self._begun.begin(self._files, self._options)

    def close(self) -> None:
        """Nobody waits any more."""
        if self._begun is not None:
            self._begun.close()
            self._begun = None


def _command(files: DaemonFiles, options: Mapping[str, object], waiting: int, *words: str) -> list[str]:
    said = json.dumps([str(files.folder), files.name, dict(options), waiting])
    # -P and another working directory: an untrusted workspace must not lend its modules to the daemon. Names of files
    # are UTF-8 for all editors, whatever the locale of the one that comes first.
    return [sys.executable, "-P", "-X", "utf8", "-m", "iquest_lsp.daemon", *words, said]


def _outlasting() -> dict[str, str]:
    """The environment of a process that serves more than one repository, also where one of git's hooks starts it."""
    return harmless_git.led_by_folder(os.environ)


class _ByPipe:
    def __init__(self) -> None:
        self._pipe, self._theirs = os.pipe()

    def begin(self, files: DaemonFiles, options: Mapping[str, object]) -> None:
        try:
            with _last_words(files.last_words) as words:
                subprocess.run(
                    _command(files, options, self._theirs),
                    cwd=files.folder,
                    env={**STEADY_MALLOC, **_outlasting()},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=words,
                    start_new_session=True,
                    pass_fds=(self._theirs,),
                    check=False,
                )
        finally:
            os.close(self._theirs)

    def is_on_its_way(self) -> bool:
        return not select.select([self._pipe], [], [], 0)[0]

    def close(self) -> None:
        os.close(self._pipe)


class _ByNumber:
    def __init__(self) -> None:
        self._pid = 0

    def begin(self, files: DaemonFiles, options: Mapping[str, object]) -> None:
        with _last_words(files.last_words) as words:
            done = subprocess.run(
                _command(files, options, os.getpid(), APART),
                cwd=files.folder,
                env=_outlasting(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words,
                creationflags=_NO_WINDOW if os.name == "nt" else 0,
                check=False,
            )
        self._pid = int(done.stdout) if done.stdout.strip().isdigit() else 0

    def is_on_its_way(self) -> bool:
        from iquest_lsp import processes

        return bool(self._pid) and processes.is_running(self._pid)

    def close(self) -> None:
        self._pid = 0


def start_apart(words: list[str]) -> int:
    """In the process that a bridge started: starts the daemon itself with these words; returns its number."""
    command = [sys.executable, "-P", "-X", "utf8", "-m", "iquest_lsp.daemon", *words]
    flags = [_NO_WINDOW | _NEW_GROUP | _BREAKAWAY, _NO_WINDOW | _NEW_GROUP] if os.name == "nt" else [0]
    for number, flag in enumerate(flags, 1):
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                creationflags=flag,
                start_new_session=os.name != "nt",
            ).pid
        except PermissionError:  # the group that this process belongs to lets nobody go
            if number == len(flags):
                raise
    raise AssertionError("there is always a way to start it")


class Waiting(Protocol):
    """Who waits for a daemon, as the daemon sees it."""

    def has_gone(self) -> bool:
        """Whether nobody waits any more."""

    def tell(self) -> None:
        """Clients can come."""


def who_waits(number: int) -> Waiting:
    """By the number on the daemon's command line: of a pipe, or of a process where processes cannot fork."""
    return _WaitsByPipe(number) if hasattr(os, "fork") else _WaitsByNumber(number)


class _WaitsByPipe:
    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        os.set_inheritable(pipe, False)

    def has_gone(self) -> bool:
        poll = select.poll()
        poll.register(self._pipe, 0)
        return bool(poll.poll(0))

    def tell(self) -> None:
        os.close(self._pipe)


class _WaitsByNumber:
    def __init__(self, pid: int) -> None:
        self._pid = pid

    def has_gone(self) -> bool:
        from iquest_lsp import processes

        return not processes.is_running(self._pid)

    def tell(self) -> None:
        """It dials until it is answered."""


@contextlib.contextmanager
def _last_words(path: Path) -> Iterator[int]:
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | more, 0o600)
        if os.fstat(descriptor).st_size > 1024 * 1024:
            os.ftruncate(descriptor, 0)
    except OSError:
        yield subprocess.DEVNULL
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
