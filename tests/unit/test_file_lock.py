"""Locks of files, by flock and by the library that knows other systems."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from iquest_lsp import file_lock

HOLD = """
import os, sys, time
from iquest_lsp import file_lock
if sys.argv[2] == "library":
    file_lock.fcntl = None
print(file_lock.lock(os.open(sys.argv[1], os.O_RDWR), shared=sys.argv[3] == "shared"), flush=True)
time.sleep(3600)
"""


@pytest.fixture(params=["flock", "library"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "library":
        monkeypatch.setattr(file_lock, "fcntl", None)
    elif file_lock.fcntl is None:
        pytest.skip("this system has no flock")
    return str(request.param)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """One file, open twice."""
    path = tmp_path / "lock"
    path.touch()
    both = (os.open(path, os.O_RDWR), os.open(path, os.O_RDWR))
    yield both
    for descriptor in both:
        os.close(descriptor)


def test_one_has_it_at_a_time(way: str, opened: tuple[int, int]) -> None:
    one, two = opened
    assert file_lock.lock(one)
    assert not file_lock.lock(two)
    assert not file_lock.lock(two, shared=True)


def test_several_share_it_where_the_system_knows_that(way: str, opened: tuple[int, int]) -> None:
    one, two = opened
    assert file_lock.lock(one, shared=True)
    assert file_lock.lock(two, shared=True) is (way == "flock")
    assert not file_lock.lock(two)


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_it_ends_with_the_process_that_is_killed(way: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    descriptor = os.open(path, os.O_RDWR)
    with subprocess.Popen([sys.executable, "-c", HOLD, path, way, kind], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        assert not file_lock.lock(descriptor)
        child.kill()
    assert file_lock.lock(descriptor, wait=True)
    os.close(descriptor)


def test_what_is_no_file_is_an_error(way: str) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        file_lock.lock(2**20)
