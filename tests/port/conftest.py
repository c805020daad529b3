from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iquest_lsp.runtime.llama.model import is_ported
from quantize.random_model import Recipe
from tests.port.agreement import model_file


@pytest.fixture(scope="session", autouse=True)
def _ported() -> None:
    assert is_ported(), "these tests need the patched llama_cpp: `iquest-lsp runtime build` installs it"


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def random_model(model_folder: Path) -> Callable[[Recipe], Path]:
    return lambda recipe: model_file(model_folder, recipe)
