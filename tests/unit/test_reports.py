"""A failure is told whatever its text holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports import escaped

FAILING = r"""
import logging

def test_fails():
    print("\udc80 printed")
    logging.error("%s logged", "\ud800")
    assert "\udfff" == "told"
"""


def test_lone_surrogates_are_escaped() -> None:
    told = {"a\ud800": ["\udfff", ("é\udc80", 3, None)], "whole": "😀"}
    assert escaped(told) == {"a\\ud800": ["\\udfff", ("é\\udc80", 3, None)], "whole": "😀"}


@pytest.mark.slow
def test_a_worker_lives_on_after_it_has_told_of_one(tmp_path: Path) -> None:
    file = tmp_path / "test_failing.py"
    file.write_text(FAILING, "utf-8")
    command = [sys.executable, "-m", "pytest", "-n", "1", "-p", "tests.reports", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], errors="replace"
    )
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout
    assert "\\udfff" in done.stdout
