"""The process beside the daemon: answers, errors, reports, its death, and its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from iquest_lsp import processes
from iquest_lsp.errors import NotARepositoryError
from iquest_lsp.project.index_process import IndexProcess, IndexProcessError
from tests.waiting import wait_until

pytestmark = pytest.mark.slow  # engines, daemons or long sessions


def double(value: int) -> int:
    return 2 * value


def refuse() -> None:
    raise NotARepositoryError("no repository", why="none was made")


def read_nothing() -> None:
    raise FileNotFoundError("gone")


def die(code: int) -> None:
    os._exit(code)


def count(to: int, *, report: Callable[[int], None]) -> int:
    for number in range(to):
        report(number)
    return to


def wait_long() -> None:
    time.sleep(3600)


def niceness() -> int:
    return os.nice(0)


@pytest.fixture
def process() -> Iterator[IndexProcess]:
    made = IndexProcess("test")
    yield made
    made.stop()


def test_work_is_done_elsewhere_and_errors_come_back(process: IndexProcess) -> None:
    assert process.pid is None
    assert process.call(double, 21) == 42
    first = process.pid
    assert first not in (None, os.getpid())
    with pytest.raises(NotARepositoryError) as caught:
        process.call(refuse)
    assert caught.value.why == "none was made"
    with pytest.raises(FileNotFoundError):  # an error of the work, not of the pipe
        process.call(read_nothing)
    assert process.call(double, 1) == 2
    assert process.pid == first


def test_reports_arrive_in_order_before_the_answer(process: IndexProcess) -> None:
    seen: list[int] = []
    assert process.call(count, 5, report=seen.append) == 5
    assert seen == [0, 1, 2, 3, 4]


def test_it_gives_way_to_others(process: IndexProcess) -> None:
    assert process.call(niceness) > os.nice(0)


def test_its_death_is_an_error_and_the_next_call_works(process: IndexProcess) -> None:
    with pytest.raises(IndexProcessError, match="exit code 9"):
        process.call(die, 9)
    assert process.call(double, 3) == 6


def test_it_ends_when_idle_and_starts_again() -> None:
    process = IndexProcess("test", idle_s=0.05)
    assert process.call(double, 1) == 2
    wait_until(lambda: process.pid is None)
    assert process.pid is None
    assert process.call(double, 2) == 4
    process.stop()


def test_stopping_ends_a_call_under_way(process: IndexProcess) -> None:
    process.call(double, 1)
    timer = threading.Timer(0.2, process.stop)
    timer.start()
    with pytest.raises(IndexProcessError, match="stopped"):
        process.call(wait_long)
    with pytest.raises(IndexProcessError, match="stopped"):
        process.call(double, 1)


def start_one() -> int:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]).pid


@pytest.mark.parametrize("groups", [True, False])
def test_what_it_started_ends_with_it(process: IndexProcess, monkeypatch: pytest.MonkeyPatch, groups: bool) -> None:
    """By its group, or where there are none, as on Windows, by who started whom."""
    if groups and not hasattr(os, "killpg"):
        pytest.skip("this system has no groups")
    started = process.call(start_one)
    assert processes.is_running(started)
    if not groups:
        monkeypatch.delattr(os, "killpg", raising=False)
    process.stop()
    wait_until(lambda: not processes.is_running(started))
