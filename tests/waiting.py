"""Waiting for what another process, thread or task brings about.

No result may depend on how busy the machine is. A test waits for an event and not for a time; how long it waits at most
is only so that a test that fails ends, and so are the deadlines it sets where it is not about deadlines.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

#: Seconds that are waited for anything at most.
PATIENCE_S = 300
#: A deadline that no answer misses.
PATIENT_MS = 1000 * PATIENCE_S


def nothing() -> str:
    return ""


async def until(ready: Callable[[], object], seen: Callable[[], object] = nothing) -> None:
    """Returns once it is so; AssertionError with what was `seen` instead after PATIENCE_S."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while not ready():
        assert loop.time() < end, f"waited {PATIENCE_S} s; {seen()}"
        await asyncio.sleep(0.02)


def wait_until(ready: Callable[[], object], seen: Callable[[], object] = nothing) -> None:
    """The same outside of an event loop."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s; {seen()}"
        time.sleep(0.02)
