"""What tests with clients of their own share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.home import CODE, Home, private_home
from tests.e2e.rawclient import close_all


@pytest.fixture
async def no_client_left() -> AsyncIterator[None]:
    """Ends the clients that a test left, on the event loop that they belong to."""
    yield
    await close_all()


@pytest.fixture
def home() -> Iterator[Home]:
    """A home for one test."""
    with private_home() as made:
        yield made


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Home]:
    """A home for a file's tests: their editors, each with a workspace of its own, share a daemon, as a user's do."""
    with private_home() as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of one file, without a repository."""
    (tmp_path / "shapes.py").write_text(CODE)
    (tmp_path / "iquest.toml").write_text("")
    return tmp_path
