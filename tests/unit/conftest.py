"""What tests of several rooms share."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def forked_workers() -> Iterator[None]:
    """Engines and index processes are forks of a process that has imported what they need, where a fork ends with the
    process that asked for it; not for tests that stop these processes, which would stop what asked for them."""
    from iquest_lsp.runtime.client import child
    from tests.e2e import fork_server, forks

    if not hasattr(os, "pidfd_open"):
        yield
        return
    fork_server.start_forks(forks.address(), ["workers"])
    yield
    multiprocessing.set_executable(sys.executable)
    child.sys = sys
