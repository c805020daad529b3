"""Waiting for what an assistant does by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(ready: Callable[[], bool]) -> None:
    """Returns once it is so; TimeoutError after two minutes."""
    async with asyncio.timeout(120):
        while not ready():
            await asyncio.sleep(0.02)
