"""Reports of tests as they can be sent: a lone surrogate, which hostile clients send, has no UTF-8 form, and one in a
failure's report would end the worker that wants to tell of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


def escaped(value: Any) -> Any:
    """The same with each lone surrogate written as its escape, in any text in lists, tuples and dictionaries."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {escaped(key): escaped(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(escaped(item) for item in value)
    return value


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """What a worker of pytest-xdist sends."""
    told = yield
    return escaped(told) if told is not None else None
