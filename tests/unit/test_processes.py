"""Processes by their number."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from iquest_lsp import processes
from tests.waiting import wait_until

NOBODY = 2**30
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_who_lives_and_who_does_not() -> None:
    assert processes.is_alive(os.getpid())
    assert processes.is_running(os.getpid())
    assert not processes.is_alive(NOBODY)
    assert not processes.is_running(NOBODY)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        wait_until(lambda: not processes.is_running(ended.pid))
        assert processes.is_alive(ended.pid) is (os.name != "nt")  # nobody has waited for it yet
    assert not processes.is_alive(ended.pid)


def test_a_process_and_what_it_started_end_together() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert processes.family(parent.pid) == [parent.pid, child]
        assert set(processes.family(os.getpid())) >= {os.getpid(), parent.pid, child}
        processes.kill_children(parent.pid)
        wait_until(lambda: not processes.is_running(child))
        assert processes.is_running(parent.pid)
        processes.end(parent.pid, at_once=True)
        parent.wait()
    assert not processes.is_running(parent.pid)


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot ask")
def test_a_process_is_asked_first() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as one:
        processes.end(one.pid, at_once=False)
        assert one.wait() == -15


def test_who_is_gone_needs_nothing() -> None:
    processes.end(NOBODY, at_once=True)
    processes.kill_children(NOBODY)
    assert processes.family(NOBODY) == [NOBODY]


def test_somebody_else_s_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: psutil.Process) -> None:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "terminate", refuse)
    with pytest.raises(PermissionError, match="somebody else"):
        processes.end(os.getpid(), at_once=False)
