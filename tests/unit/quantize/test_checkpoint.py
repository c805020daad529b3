"""Checkpoints as they come: sharded, cut off, hostile."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from iquest_lsp.errors import CheckpointError
from quantize.checkpoint import Checkpoint
from tests.unit.quantize import checkpoints


def _folder(path: Path, **tensors: np.ndarray) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text("{}")
    save_file(tensors, path / "model.safetensors")
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, ml_dtypes.bfloat16])
def test_rows_come_as_float32(tmp_path: Path, dtype: type) -> None:
    data = np.random.default_rng(0).standard_normal((7, 5)).astype(dtype)
    found = Checkpoint.open(_folder(tmp_path, a=data, b=data[0].copy()))
    np.testing.assert_array_equal(found.rows("a", 2, 6), data[2:6].astype(np.float32))
    np.testing.assert_array_equal(found.rows("b", 0, 1), data[:1].astype(np.float32))
    assert found.tensors["a"].shape == (7, 5)


def test_missing_shards_are_named(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=np.zeros((2, 2), np.float32))
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"model-00002\.safetensors"):
        Checkpoint.open(folder)


def test_an_index_that_disagrees_is_an_error(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=np.zeros((2, 2), np.float32))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"c": "model.safetensors"}}))
    with pytest.raises(CheckpointError, match="disagree"):
        Checkpoint.open(folder)


def test_an_index_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "model", a=np.zeros((2, 2), np.float32))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../secret.safetensors"}}))
    with pytest.raises(CheckpointError, match="outside"):
        Checkpoint.open(folder)


def _header(entries: object) -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


BROKEN = {
    "empty": b"",
    "huge header": struct.pack("<Q", 1 << 62) + b"{}",
    "no json": _header(b"{nonsense"),
    "a list": _header([]),
    "nested": _header(b"[" * 100_000),
    "cut off": _header({"a": {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}}) + bytes(10),
    "wrong size": _header({"a": {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 32]}}) + bytes(64),
    "negative": _header({"a": {"dtype": "F32", "shape": [-4, -4], "data_offsets": [0, 64]}}) + bytes(64),
    "before the file": _header({"a": {"dtype": "F32", "shape": [4], "data_offsets": [-16, 0]}}) + bytes(64),
    "quantized": _header({"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}) + bytes(4),
    "odd entry": _header({"a": 3}),
    "huge shape": _header({"a": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 64]}}) + bytes(64),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_clear_errors(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(BROKEN[name])
    with pytest.raises(CheckpointError):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff"])
def test_a_broken_config_is_a_clear_error(tmp_path: Path, text: str) -> None:
    folder = _folder(tmp_path, a=np.zeros((2, 2), np.float32))
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        Checkpoint.open(folder)


def test_a_tensor_in_two_files_is_an_error(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=np.zeros((2, 2), np.float32))
    save_file({"a": np.zeros((2, 2), np.float32)}, folder / "other.safetensors")
    with pytest.raises(CheckpointError, match="both"):
        Checkpoint.open(folder)


def test_what_was_not_fetched_is_said(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    checkpoints.write(tmp_path, "IQuestLoopCoderForCausalLM")
    (tmp_path / "model-00002-of-00003.safetensors").write_text(pointer)
    with pytest.raises(CheckpointError, match=r"pointer of Git LFS.*git lfs pull"):
        Checkpoint.open(tmp_path)


def test_weights_in_another_form(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model-00001-of-00002.bin").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"another form \(pytorch_model-00001-of-00002.bin\)"):
        Checkpoint.open(tmp_path)
