"""Where a model's layers are put: the settings arrive as llama.cpp's own parameters, and devices decide."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.engines import engine_options
from iquest_lsp.errors import EngineError, ModelFileError
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama.library import system_memory
from iquest_lsp.runtime.llama.model import EXPERTS, GpuUse, Model, bindings
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.runtime.models.manager import known_model
from iquest_lsp.runtime.models.planner import kv_bytes
from iquest_lsp.settings import Settings, apply

GIB = 2**30
HEADER = read_header(embedded_path())


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What llama.cpp is asked to load with; it loads nothing."""
    found: dict[str, Any] = {}
    lib = bindings()

    def load(path: bytes, params: Any) -> None:
        found["layers"], found["mode"], found["main"] = params.n_gpu_layers, params.split_mode, params.main_gpu
        split = params.tensor_split
        found["kept"] = params.tensor_buft_overrides
        found["split"] = [split[place] for place in range(3)] if split else None

    monkeypatch.setattr(lib, "llama_model_load_from_file", load)
    return found


@pytest.mark.parametrize(
    ("use", "mode", "main", "split"),
    [
        (GpuUse(), "LLAMA_SPLIT_MODE_LAYER", 0, None),
        (GpuUse(20), "LLAMA_SPLIT_MODE_LAYER", 0, None),
        (GpuUse(-1, main=1), "LLAMA_SPLIT_MODE_NONE", 1, None),
        (GpuUse(20, split=(3.0, 1.0)), "LLAMA_SPLIT_MODE_LAYER", 0, [3.0, 1.0, 0.0]),
    ],
)
def test_the_parameters_arrive(
    arrived: dict[str, Any], use: GpuUse, mode: str, main: int, split: list[float] | None
) -> None:
    lib = bindings()
    if int(lib.llama_max_devices()) < 3 and split is not None:
        split = split[: int(lib.llama_max_devices())]
    with pytest.raises(ModelFileError):
        Model.load(embedded_path(), gpus=use)
    assert not arrived.pop("kept")
    assert arrived == {"layers": use.layers, "mode": getattr(lib, mode), "main": main, "split": split}


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


def test_layers_for_a_gpu_that_there_is_not_stay_on_the_processor_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "gpu_memory", list)
    options, (note,) = loading.on_devices(EngineOptions(gpu_layers=20, main_gpu=1), HEADER)
    assert loading.gpu_use(options) == GpuUse()
    assert "found no GPU" in note
    assert loading.on_devices(EngineOptions(), HEADER) == (EngineOptions(), ())


@pytest.mark.parametrize(
    "wish", [EngineOptions(gpu_layers=9, main_gpu=2), EngineOptions(gpu_layers=9, tensor_split=(1, 1, 1))]
)
def test_a_gpu_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch, wish: EngineOptions) -> None:
    monkeypatch.setattr(loading, "gpu_memory", lambda: [8 * GIB, 8 * GIB])
    with pytest.raises(EngineError, match="no GPU number 2"):
        loading.on_devices(wish, HEADER)
    fitting = EngineOptions(gpu_layers=9, main_gpu=1, tensor_split=(1, 1))
    assert loading.on_devices(fitting, HEADER) == (replace(fitting, experts="gpu"), ())


def test_what_is_told_of_a_model_holds_what_it_runs_without(tmp_path: Path) -> None:
    model = Model.load(embedded_path(), vocab_only=True)
    try:
        made = loading.Settled("as asked", ("The window is cut to 3 tokens",))
        told = loading.describe(model, embedded_path(), EngineOptions(), made, ("no GPU",))
        assert told.notes == ("The window is cut to 3 tokens", "no GPU")
        assert told.plan == "as asked"
    finally:
        model.close()


def test_experts_that_stay_in_system_memory_are_named_to_llama_cpp(monkeypatch: pytest.MonkeyPatch) -> None:
    lib, found = bindings(), list[tuple[bytes | None, int | None]]()

    class Entry(ctypes.Structure):
        _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))

    def load(path: bytes, params: Any) -> None:
        entries = ctypes.cast(params.tensor_buft_overrides, ctypes.POINTER(Entry))
        found.extend((entries[at].pattern, entries[at].buffer_type) for at in range(2))

    monkeypatch.setattr(lib, "llama_model_load_from_file", load)
    with pytest.raises(ModelFileError):
        Model.load(embedded_path(), gpus=GpuUse(-1, keeps_experts=True))
    assert found == [(EXPERTS, system_memory()), (None, None)]
    names = ["blk.3.ffn_up_exps.weight", "blk.0.ffn_down_exps.weight", "blk.1.ffn_gate_exps.weight"]
    assert all(re.search(EXPERTS.decode(), name) for name in names)
    assert not re.search(EXPERTS.decode(), "blk.3.ffn_up.weight")


@pytest.mark.parametrize(
    ("experts", "gib", "wish", "chosen"),
    [
        (8, 12, "auto", "gpu"),
        (8, 6, "auto", "memory"),
        (0, 6, "auto", "gpu"),
        (8, 6, "gpu", "gpu"),
        (8, 90, "memory", "memory"),
    ],
)
def test_experts_stay_in_system_memory_where_the_gpu_has_no_room(
    monkeypatch: pytest.MonkeyPatch, experts: int, gib: int, wish: str, chosen: str
) -> None:
    monkeypatch.setattr(loading, "gpu_memory", lambda: [gib * GIB // 2, gib * GIB // 2])
    metadata = {**HEADER.metadata, f"{HEADER.architecture}.expert_count": experts}
    mixture = replace(HEADER, metadata=metadata, file_size=6 * GIB)
    options, notes = loading.on_devices(EngineOptions(gpu_layers=-1, experts=wish), mixture)
    assert options.experts == chosen
    assert loading.gpu_use(options).keeps_experts == (chosen == "memory")
    assert any("experts stay" in note for note in notes) == (wish == "auto" and chosen == "memory")


@pytest.mark.parametrize(
    ("model", "gib", "least", "most"),
    [
        ("IQuest-Coder-V1-7B", 24, -1, -1),
        ("IQuest-Coder-V1-40B-Loop", 80, -1, -1),
        ("IQuest-Coder-V1-40B-Loop", 24, 50, 70),
        ("IQuest-Coder-V1-40B-Loop", 12, 20, 35),
        ("IQuest-Coder-V1-40B-Loop", 0.25, 0, 0),
    ],
)
def test_as_many_layers_go_on_gpus_as_fit(
    monkeypatch: pytest.MonkeyPatch, model: str, gib: float, least: int, most: int
) -> None:
    known = known_model(model)
    assert known is not None
    monkeypatch.setattr(loading, "gpu_memory", lambda: [int(gib * GIB)])
    options, notes = loading.on_devices(EngineOptions(gpu_layers=-1), known.header)
    assert least <= options.gpu_layers <= most
    assert notes == (
        ()
        if options.gpu_layers < 0
        else (f"{options.gpu_layers} of 80 layers are on the GPUs, which have {gib:.1f} GiB free",)
    )
    taken = max(options.gpu_layers, 0) / 80 * (known.header.file_size + kv_bytes(known.header, 8704, "f16"))
    assert taken <= 0.9 * gib * GIB
    assert loading.on_devices(EngineOptions(gpu_layers=9), known.header)[0].gpu_layers == 9  # as set
