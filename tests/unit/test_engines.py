"""What the settings say of engines, as options."""

from __future__ import annotations

import pytest

from iquest_lsp.engines import engine_options
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama.model import GpuUse
from iquest_lsp.settings import Settings, apply


def test_settings_become_options() -> None:
    values: dict[str, object] = {"gpuLayers": -1, "mainGpu": 1, "tensorSplit": "3,1.5"}
    settings, problems = apply(Settings(), values, "editor", trusted=True)
    assert not problems
    options = engine_options(settings)
    assert (options.gpu_layers, options.main_gpu, options.tensor_split) == (-1, 1, (3.0, 1.5))
    assert loading.gpu_use(options) == GpuUse(-1, 1, (3.0, 1.5))
    assert loading.gpu_use(EngineOptions(main_gpu=1)) == GpuUse()  # no layers, no GPU


@pytest.mark.parametrize("value", ["three", "3,", ",", "-1,2", "1e9", "3;1", "9" * 9])
def test_shares_that_are_no_numbers_are_told(value: str) -> None:
    settings, (problem,) = apply(Settings(), {"tensor_split": value}, "editor", trusted=True)
    assert settings == Settings()
    assert problem.reason == "expected numbers with commas between them, such as 3,1"


def test_a_workspace_does_not_choose_devices() -> None:
    settings, problems = apply(Settings(), {"main_gpu": 0, "tensor_split": "1"}, "iquest.toml", trusted=False)
    assert settings == Settings()
    assert len(problems) == 2
