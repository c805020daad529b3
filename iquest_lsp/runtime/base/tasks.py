"""Tasks of asyncio: whether the caller's own is being cancelled, and failures for which nobody waits."""

from __future__ import annotations

import asyncio
from typing import Any


def is_being_cancelled() -> bool:
    """Whether the caller itself is being cancelled, not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def mark_seen(done: asyncio.Future[Any]) -> None:
    """Takes note of a failure that is told elsewhere, so that asyncio does not log it too."""
    if not done.cancelled():
        done.exception()
