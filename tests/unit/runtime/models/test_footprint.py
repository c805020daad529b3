from __future__ import annotations

from pathlib import Path

from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import Header, TensorInfo
from quantize.synth import GEOMETRIES, header_of


def test_second_pass_kv_is_the_window_and_the_margin_only() -> None:
    """56 KiB a token at f16 for 14 layers (docs/loop-models.md), and little more for the second pass."""
    found = footprint(header_of(GEOMETRIES["7b-plt"]), 131_072, "f16").kv
    assert 131_072 * 56 * 1024 <= found < 1.1 * 131_072 * 56 * 1024


def test_a_header_without_matrices() -> None:
    empty = Header(Path("x"), {"general.architecture": "llama"}, (TensorInfo("a", (4,), 0, 0),), 0, 0)
    assert footprint(empty, 1024, "f16").weights == 16
