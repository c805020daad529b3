from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama.library import list_gpus
from iquest_lsp.runtime.llama.model import GpuUse, Model, is_ported
from quantize.random_model import Recipe
from tests.port.agreement import ON_GPU, model_file

#: More than any of the models has: all, asked for by a number, as a device in software wants to be.
EVERY_LAYER = 99


@pytest.fixture(scope="session", autouse=True)
def _ported() -> None:
    assert is_ported(), "these tests need the patched llama_cpp: `iquest-lsp runtime build` installs it"


@pytest.fixture(scope="session", autouse=True)
def _on_a_gpu(_ported: None) -> Iterator[None]:
    """Where the tests are to run on a GPU (tests/port/vulkan), models lie there unless a test says otherwise."""
    if not ON_GPU:
        yield
        return
    found = list_gpus()
    assert found, "the runtime found no GPU"
    init = EngineOptions.__init__
    names = [field.name for field in fields(EngineOptions)]
    defaults = init.__defaults__ or ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Model.load.__func__.__kwdefaults__, "gpus", GpuUse(EVERY_LAYER))
        there = {"gpu_layers": EVERY_LAYER}
        patch.setattr(
            init, "__defaults__", tuple(there.get(name, value) for name, value in zip(names, defaults, strict=True))
        )
        yield


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def random_model(model_folder: Path) -> Callable[[Recipe], Path]:
    return lambda recipe: model_file(model_folder, recipe)
