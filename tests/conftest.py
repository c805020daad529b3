"""What holds for all tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.reports import pytest_report_to_serializable

__all__ = ["pytest_report_to_serializable"]


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
