"""Random weights of a real shape: every token's logit is its own, and the plain models are plain llama files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from quantize.synth import GEOMETRIES, header_of, synthesize

SMALL = {"n_layer": 1, "n_embd": 256, "n_head": 2, "n_head_kv": 1, "head_dim": 128, "n_ff": 256, "n_vocab": 600}


@pytest.mark.parametrize("geometry", ["7b", "7b-plt"])
@pytest.mark.slow
def test_no_two_tokens_have_the_same_logit(geometry: str, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    synthesize(path, replace(GEOMETRIES[geometry], **SMALL), "Q8_0")
    output = next(tensor for tensor in gguf.GGUFReader(path).tensors if tensor.name == "output.weight")
    rows = {bytes(row) for row in output.data.reshape(600, -1)}
    assert len(rows) == 600


def test_the_plain_models_are_llama_files_with_one_pass() -> None:
    for geometry, layers in (("7b", 14), ("14b", 28)):
        header = header_of(GEOMETRIES[geometry])
        assert (header.architecture, header.passes, header.get("block_count")) == ("llama", 1, layers)
    assert header_of(GEOMETRIES["40b-loop"]).passes == header_of(GEOMETRIES["7b-plt"]).passes == 2
    assert 7e9 < header_of(GEOMETRIES["7b"]).parameters < 8e9
