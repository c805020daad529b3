"""`make demo`, as the README says it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_make_demo() -> None:
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("these tests run in another environment than the one `make demo` sets up")
    done = subprocess.run(
        ["make", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE_S,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))},
    )
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    assert "ms from request to answer" in done.stdout
    assert "Related history" in done.stdout or "Files" in done.stdout
