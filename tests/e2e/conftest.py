"""What tests with clients of their own share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.rawclient import close_all


@pytest.fixture
async def no_client_left() -> AsyncIterator[None]:
    """Ends the clients that a test left, on the event loop that they belong to."""
    yield
    await close_all()
