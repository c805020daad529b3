"""What `iquest-lsp daemon` does: asks the running daemon, stops it, finds its logs."""

from __future__ import annotations

import time
from collections.abc import Mapping

from iquest_lsp import __version__
from iquest_lsp.daemon import logs
from iquest_lsp.daemon.bridge import REPLY_PATIENCE_S, ask, dial
from iquest_lsp.daemon.lock import holder
from iquest_lsp.daemon.runtime_dir import DaemonFiles, daemon_files, with_absolute_paths
from iquest_lsp.errors import DaemonError

#: How long a daemon may take to say that it will end, and to end.
TOLD_PATIENCE_S, STOP_PATIENCE_S = 5.0, 8.0


def status(options: Mapping[str, object]) -> dict[str, object]:
    """What the daemon for these options says of itself; raises DaemonError when there is none or it is silent."""
    said = _ask(_files(options), "status")
    found = said.get("status")
    if not isinstance(found, dict):
        raise DaemonError("The daemon did not say how it is", why=str(said.get("reason", "")))
    return found


def stale(options: Mapping[str, object]) -> tuple[str, str]:
    """What is to be said of the daemon for these options, and what is wrong with it: "" where nothing is.

    One that is silent, that another version started, or that does not listen any more is of no use to anybody.
    """
    try:
        files = _files(options)
        dialed = dial(files)
        if dialed is None:
            pid = holder(files.lock)
            return ("none is running", "") if pid is None else (f"process {pid}", "it does not listen")
        dialed[0].close()
        found = status(options)
    except DaemonError as error:
        return "no use", str(error)
    said = f"process {found.get('pid')}, version {found.get('version')}"
    wrong = "" if found.get("version") == __version__ else f"it is not of this version, {__version__}"
    return said, wrong


def stop(options: Mapping[str, object]) -> int:
    """Ends the daemon and returns the process id it had; one that does not listen any more is killed."""
    files = _files(options)
    pid = holder(files.lock)
    try:
        said = _ask(files, "stop", TOLD_PATIENCE_S)
        told = said.get("pid")
        pid = told if isinstance(told, int) else pid
    except DaemonError:
        if pid is None:
            raise
    from iquest_lsp import processes  # psutil, which the other questions do without

    for at_once in (None, False, True):
        if at_once is not None and pid is not None:
            processes.end(pid, at_once=at_once)
        if _is_gone(files):
            return pid or 0
    raise DaemonError(f"The daemon (process {pid}) does not end")


def log_lines(options: Mapping[str, object], count: int) -> list[str]:
    """The last lines of the daemon's log, and after them what its process said when it died."""
    files = _files(options)
    lines = logs.tail(files.log, count)
    words = logs.tail(files.last_words, count)
    return lines + ([f"--- {files.last_words}", *words] if words else [])


def _files(options: Mapping[str, object]) -> DaemonFiles:
    return daemon_files(with_absolute_paths(options))


def _ask(files: DaemonFiles, want: str, patience_s: float = REPLY_PATIENCE_S) -> dict[str, object]:
    dialed = dial(files)
    if dialed is None:
        raise DaemonError("No daemon is running", fix="An editor that starts `iquest-lsp` starts it")
    with dialed[0]:
        try:
            return ask(dialed[0], want, patience_s=patience_s, key=dialed[1])[0]
        except OSError as error:
            why = "it was silent too long" if isinstance(error, TimeoutError) else str(error)
            raise DaemonError("The daemon does not answer", why=why, fix="Run `iquest-lsp daemon stop`") from error


def _is_gone(files: DaemonFiles) -> bool:
    end = time.monotonic() + STOP_PATIENCE_S
    while time.monotonic() < end:
        if holder(files.lock) is None:
            return True
        time.sleep(0.02)
    return False
