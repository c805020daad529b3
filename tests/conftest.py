"""What holds for all tests."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from iquest_lsp.codeflow.gaps import Gaps
from tests.reports import pytest_report_to_serializable

__all__ = ["pytest_report_to_serializable"]

# Hundreds of processes start here: where the environment keeps no bytecode, each would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Threads of one computation wait for each other asleep, not spinning: beside other work, most of the time that a tiny
# model takes is spinning (test_call_shapes took 21 s, asleep 4 s). An oracle's small matrices need no threads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A fault of the program is one here, whatever part of an answer it is in.
Gaps.shows_faults = True

# A busy machine is no reason to fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is collected is garbage: it is not looked through for some while it grows, nor by any test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """No test is named by a set: each process would order and name its tests in its own way, and none would start."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        values, ids = mark.args[1], mark.kwargs.get("ids")
        rows = [row if isinstance(row, tuple) else (row,) for row in values]
        named_by_sets = callable(ids) and any(isinstance(value, (set, frozenset)) for row in rows for value in row)
        if isinstance(values, (set, frozenset)) or named_by_sets:
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: a set has no order that every process has")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Commands say how much is logged, and where; what they say in one test holds for no other."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler and handler not in handlers:  # pytest's own are of other types
            root.removeHandler(handler)
