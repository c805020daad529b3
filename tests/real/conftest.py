"""The real model of these tests, where it is here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.runtime.models import packaged

#: Where `iquest-lsp models add smollm2` puts it; looked up before any test has folders of its own.
REAL_MODEL = Path(os.environ.get("IQUEST_REAL_MODEL", "") or packaged.PACKAGED[0].target)


@pytest.fixture(scope="session")
def real_model() -> Path:
    """The file of SmolLM2-135M-Instruct."""
    if not REAL_MODEL.exists():
        pytest.skip("SmolLM2 is not here: `make test-real` or `iquest-lsp models add smollm2` puts it there")
    return REAL_MODEL
