"""Processes by their number: whether one lives, and ending one with all that it started."""

from __future__ import annotations

import contextlib

import psutil


def is_alive(pid: int) -> bool:
    """Whether there is such a process, anybody's; also one that ended and that nobody has waited for."""
    return psutil.pid_exists(pid)


def is_running(pid: int) -> bool:
    """Whether there is such a process and it has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # somebody else's
        return True


def family(pid: int) -> list[int]:
    """A process and those that it started, and they in turn, as far as they are known to be so."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return [pid]


def at_work(pid: int) -> list[int]:
    """The process that was started with this number, and those that do its work: Windows runs a virtual environment's
    Python as the child of another program."""
    return family(pid) if psutil.WINDOWS else [pid]


def kill_children(pid: int) -> None:
    """Kills what a process started, and what that started in turn."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()


def end(pid: int, *, at_once: bool) -> None:
    """Asks a process to end, or kills it; one that is gone needs neither. Windows cannot ask, and kills.

    Raises PermissionError for one of somebody else.
    """
    try:
        process = psutil.Process(pid)
        if at_once:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied as error:
        raise PermissionError(f"process {pid} belongs to somebody else") from error
