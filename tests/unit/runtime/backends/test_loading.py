"""Where a model's layers are put: the settings arrive as llama.cpp's own parameters, and devices decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from iquest_lsp.engines import device_options
from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama.library import Gpu
from iquest_lsp.runtime.llama.model import GpuUse, Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.runtime.models.manager import KnownModel, known_model
from iquest_lsp.runtime.models.planner import kv_bytes
from iquest_lsp.settings import Settings

GIB = 2**30
HEADER = read_header(embedded_path())
PLAIN = cast("KnownModel", known_model("IQuest-Coder-V1-7B")).header


def have(monkeypatch: pytest.MonkeyPatch, *gibs: float, is_apart: bool = True) -> None:
    """Lets the runtime find GPUs with so much memory free."""
    found = [Gpu(f"GPU {number}", int(gib * GIB), is_apart) for number, gib in enumerate(gibs)]
    monkeypatch.setattr(loading, "list_gpus", lambda: found)


def test_layers_for_a_gpu_that_there_is_not_stay_on_the_processor_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    have(monkeypatch)
    options, (note,) = loading.on_devices(EngineOptions(gpu_layers=20, main_gpu=1), HEADER)
    assert loading.gpu_use(options) == GpuUse()
    assert "found none" in note
    assert loading.on_devices(EngineOptions(), HEADER) == (EngineOptions(), ())


def test_without_a_setting_gpus_with_memory_of_their_own_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = device_options(Settings())
    none = (replace(wish, gpu_layers=0), ())
    have(monkeypatch)
    assert loading.on_devices(wish, PLAIN) == none  # nothing was asked for, so nothing is amiss
    have(monkeypatch, 24, is_apart=False)
    assert loading.on_devices(wish, PLAIN) == none
    assert loading.on_devices(replace(wish, main_gpu=0), PLAIN)[0].gpu_layers == -1  # it is named
    assert loading.on_devices(replace(wish, gpu_layers=99), PLAIN)[0].gpu_layers == 99
    have(monkeypatch, 24)
    assert loading.on_devices(wish, PLAIN)[0].gpu_layers == -1
    assert loading.placed(wish, PLAIN) == loading.Placed(-1, 24 * GIB, " -1 layers on GPU 0")
    assert loading.placed(EngineOptions(), PLAIN) == loading.Placed()


def test_what_a_model_may_have_is_the_memory_of_the_gpus_that_would_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = device_options(Settings())
    for given, expected in (
        (wish, 12),
        (replace(wish, gpu_layers=20), 12),
        (replace(wish, main_gpu=1), 4),
        (replace(wish, main_gpu=2), 0),  # there is none
        (replace(wish, gpu_layers=0), 0),
    ):
        have(monkeypatch, 8, 4)
        assert loading.gpu_memory(given) == expected * GIB
        have(monkeypatch, 8, 4, is_apart=False)  # the system's
        assert loading.gpu_memory(given) == 0


def test_a_loop_model_with_linear_biases_stays_on_the_processor_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, 24)
    assert loading.on_devices(EngineOptions(gpu_layers=-1), HEADER)[0].gpu_layers == 0
    assert loading.on_devices(EngineOptions(gpu_layers=9), HEADER)[0].gpu_layers == 9
    assert loading.on_devices(EngineOptions(gpu_layers=-1, main_gpu=0), HEADER)[0].gpu_layers == -1


@pytest.mark.parametrize(
    "wish", [EngineOptions(gpu_layers=9, main_gpu=2), EngineOptions(gpu_layers=9, tensor_split=(1, 1, 1))]
)
def test_a_gpu_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch, wish: EngineOptions) -> None:
    have(monkeypatch, 8, 8)
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
    have(monkeypatch, gib / 2, gib / 2)
    metadata = {**PLAIN.metadata, f"{PLAIN.architecture}.expert_count": experts}
    mixture = replace(PLAIN, metadata=metadata, file_size=6 * GIB)
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
    have(monkeypatch, gib)
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
