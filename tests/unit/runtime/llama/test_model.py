"""What llama.cpp is asked to load a model with, and what is told of a loaded one."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import pytest

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.llama import model as model_module
from iquest_lsp.runtime.llama.library import Gpu, bindings, system_memory
from iquest_lsp.runtime.llama.model import EXPERTS, GpuUse, Model
from iquest_lsp.runtime.models.catalogue import embedded_path

GIB = 2**30


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
