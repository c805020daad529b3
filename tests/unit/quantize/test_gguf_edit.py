"""Headers rewritten: what is not changed stays to the byte, and the data stay what they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.models import catalogue
from quantize.gguf_edit import Entry, RawFile
from quantize.random_model import Recipe, write


def _fields(path: Path) -> dict[str, Any]:
    reader = gguf.GGUFReader(path)
    return {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}


def _data(path: Path) -> dict[str, bytes]:
    return {str(tensor.name): tensor.data.tobytes() for tensor in gguf.GGUFReader(path).tensors}


def test_an_unchanged_file_is_the_same_file(tmp_path: Path) -> None:
    for name, source in (("nano", catalogue.embedded_path()), ("random", write(tmp_path / "r.gguf", Recipe()))):
        RawFile.read(source).write(tmp_path / name)
        assert (tmp_path / name).read_bytes() == source.read_bytes()


@pytest.mark.slow
def test_values_are_read_as_the_reference_reads_them() -> None:
    raw = RawFile.read(catalogue.embedded_path())
    for key, value in _fields(catalogue.embedded_path()).items():
        assert raw.get(key) == value, key


def test_keys_are_set_added_and_removed(tmp_path: Path) -> None:
    source = write(tmp_path / "a.gguf", Recipe(vocab="bytes", n_vocab=300))
    before = _fields(source)
    raw = RawFile.read(source)
    changes = {
        "iquestloopcoder.loop.window_size": Entry.of(64),
        "a.text": Entry.of("gr\u00fcn" * 100),
        "a.list": Entry.of([1, -2, 3]),
        "a.words": Entry.of(["x", "\u2581y"]),
        "a.flag": Entry.of(True),
        "a.number": Entry.of(0.5),
        "tokenizer.ggml.add_bos_token": None,
    }
    raw.with_entries(changes).write(source)  # the file itself
    after = _fields(source)
    assert after.pop("iquestloopcoder.loop.window_size") == 64
    assert (after.pop("a.text"), after.pop("a.list"), after.pop("a.words")) == (
        "gr\u00fcn" * 100,
        [1, -2, 3],
        ["x", "\u2581y"],
    )
    assert (after.pop("a.flag"), after.pop("a.number")) == (True, 0.5)
    assert after == {
        key: value
        for key, value in before.items()
        if key not in ("tokenizer.ggml.add_bos_token", "iquestloopcoder.loop.window_size")
    }
    assert _data(source) == _data(write(tmp_path / "b.gguf", Recipe(vocab="bytes", n_vocab=300)))


def test_tensors_become_f32_in_place(tmp_path: Path) -> None:
    source = write(tmp_path / "a.gguf", Recipe(gate_quantization="F16", quantization="Q8_0"))
    names = frozenset(f"blk.{i}.loop_gate.weight" for i in range(3))
    RawFile.read(source).write(tmp_path / "b.gguf", names)
    before, after = ({str(t.name): t for t in gguf.GGUFReader(path).tensors} for path in (source, tmp_path / "b.gguf"))
    for name, tensor in after.items():
        if name in names:
            assert tensor.tensor_type == gguf.GGMLQuantizationType.F32
            np.testing.assert_array_equal(tensor.data, before[name].data.astype(np.float32))
        else:
            assert (tensor.tensor_type, tensor.data.tobytes()) == (
                before[name].tensor_type,
                before[name].data.tobytes(),
            )


@pytest.mark.parametrize("cut", [10, 30, 200, 1000])
def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path, cut: int) -> None:
    source = write(tmp_path / "a.gguf", Recipe())
    source.write_bytes(source.read_bytes()[:cut])
    with pytest.raises(ModelFileError):
        RawFile.read(source)
