"""Where a model's layers are put: the settings arrive as llama.cpp's own parameters, and devices decide."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from iquest_lsp.engines import device_options, engine_options
from iquest_lsp.errors import EngineError, ModelFileError
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama import library
from iquest_lsp.runtime.llama import model as model_module
from iquest_lsp.runtime.llama.library import Gpu, bindings, list_gpus, system_memory
from iquest_lsp.runtime.llama.model import EXPERTS, GpuUse, Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.runtime.models.manager import KnownModel, known_model
from iquest_lsp.runtime.models.planner import kv_bytes
from iquest_lsp.settings import Settings, apply

GIB = 2**30
HEADER = read_header(embedded_path())
PLAIN = cast("KnownModel", known_model("IQuest-Coder-V1-7B")).header


def have(monkeypatch: pytest.MonkeyPatch, *gibs: float, is_apart: bool = True) -> None:
    """Lets the runtime find GPUs with so much memory free."""
    found = [Gpu(f"GPU {number}", int(gib * GIB), is_apart) for number, gib in enumerate(gibs)]
    monkeypatch.setattr(loading, "list_gpus", lambda: found)


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
        (GpuUse(), "LLAMA_SPLIT_MODE_NONE", -1, None),
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


def test_what_lies_on_a_gpu_is_told_by_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the layers llama.cpp puts what is behind the last on a GPU first: one more than there are is all."""
    model = Model.load(embedded_path(), vocab_only=True)
    handle = model.handle
    try:
        for found in ([], [Gpu("GPU", GIB)]):
            monkeypatch.setattr(model_module, "list_gpus", lambda found=found: found)
            every = model.n_layer
            for layers, exact, is_all in (
                (0, True, False),
                (1, True, False),
                (2, False, False),
                (every, False, False),
                (every + 1, False, True),
                (-1, False, True),
            ):
                told = Model(handle, embedded_path(), vocab_only=True, gpu_layers=layers)
                assert told.is_on_gpu == (layers != 0 and bool(found))
                assert told.exact_flash_attention == (exact or not found)
                assert told.is_all_on_gpu == (is_all and bool(found))
    finally:
        model.close()


def device(name: bytes, kind: int, identity: bytes | None = None, backend: int = 1) -> dict[str, Any]:
    return {"name": name, "type": kind, "id": identity, "backend": backend}


CPU, GPU, INTEGRATED = 0, 1, 2


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ([device(b"Ryzen", CPU)], []),
        ([device(b"Iris", INTEGRATED), device(b"RTX", GPU, b"a"), device(b"RTX", GPU, b"b")], ["RTX", "RTX"]),
        ([device(b"RTX", GPU, b"a"), device(b"the same", GPU, b"a", 2), device(b"Ryzen", CPU)], ["RTX"]),
        ([device(b"M", GPU), device(b"N", GPU)], ["M", "N"]),  # not known which they are
        ([device(b"Iris", INTEGRATED), device(b"Iris again", INTEGRATED, backend=2)], ["(Iris)"]),
        ([device(b"Iris", INTEGRATED), device(b"Arc", INTEGRATED)], ["(Iris)", "(Arc)"]),
        ([device(b"llvmpipe (LLVM 15.0.6, 256 bits)", GPU)], ["(llvmpipe (LLVM 15.0.6, 256 bits))"]),
    ],
)
def test_gpus_are_numbered_as_llama_cpp_does(
    monkeypatch: pytest.MonkeyPatch, devices: list[dict[str, Any]], expected: list[str]
) -> None:
    """Names in brackets: without memory of their own."""

    def tell(handle: int, place: Any) -> None:
        given, told = devices[handle], place.contents
        told.description, told.type, told.id, told.free = given["name"], given["type"], given["id"], GIB

    class Library:
        ggml_backend_dev_count = staticmethod(lambda: len(devices))
        ggml_backend_dev_get = staticmethod(lambda number: number)
        ggml_backend_dev_get_props = staticmethod(tell)
        ggml_backend_dev_backend_reg = staticmethod(lambda handle: devices[handle]["backend"])

    monkeypatch.setattr(library, "bindings", lambda: SimpleNamespace(_lib=Library))
    assert [gpu.name if gpu.is_apart else f"({gpu.name})" for gpu in list_gpus()] == expected
    assert all(gpu.free == GIB for gpu in list_gpus())


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
