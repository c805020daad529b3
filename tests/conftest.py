"""What holds for all tests."""

from tests.reports import pytest_report_to_serializable

__all__ = ["pytest_report_to_serializable"]
