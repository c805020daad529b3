"""Modules that not every environment has."""

from __future__ import annotations

import importlib.util

import pytest


def needs(module: str, reason: str) -> None:
    """Leaves a test file out where a module is not installed. Its tests import it, not the file: every process reads
    all files, and few run what is in this one."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(reason, allow_module_level=True)
