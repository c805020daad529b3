"""What several tests of models begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantize.random_model import Recipe, write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and settings of this test alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "small.gguf", Recipe(vocab="bytes", n_vocab=300))
