"""Which GPUs there are, in llama.cpp's own order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from iquest_lsp.runtime.llama import library
from iquest_lsp.runtime.llama.library import list_gpus

GIB = 2**30
CPU, GPU, INTEGRATED = 0, 1, 2


def device(name: bytes, kind: int, identity: bytes | None = None, backend: int = 1) -> dict[str, Any]:
    return {"name": name, "type": kind, "id": identity, "backend": backend}


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
