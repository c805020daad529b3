"""Conversion: every tensor accounted for, resumed where it stopped, never a half file under the final name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import ml_dtypes
import numpy as np
import pytest
from click.testing import CliRunner
from gguf.quants import dequantize, quantize
from safetensors.numpy import load_file, save_file

from iquest_lsp.errors import CheckpointError, ModelFileError
from quantize import convert as module
from quantize import gguf_stream, outputs
from quantize.convert import command, convert
from quantize.random_model import interleave
from tests.unit.quantize import checkpoints

LOOP, PARALLEL, LLAMA = "IQuestLoopCoderForCausalLM", "IQuestPLTCoderForCausalLM", "IQuestCoderForCausalLM"
PREFIX = "iquestloopcoder."


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    reader = gguf.GGUFReader(path)
    fields = {name: value.contents() for name, value in reader.fields.items()}
    return fields, {str(t.name): np.asarray(dequantize(t.data, t.tensor_type)) for t in reader.tensors}


def test_a_loop_model_has_the_fixed_names_and_keys(tmp_path: Path) -> None:
    weights = checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "out.gguf", "f32")
    fields, tensors = _read(tmp_path / "out.gguf")
    assert fields["general.architecture"] == "iquestloopcoder"
    assert (fields[PREFIX + "loop.num"], fields[PREFIX + "loop.window_size"]) == (2, 8)
    assert fields[PREFIX + "rope.freq_base"] == 500000.0
    assert fields[PREFIX + "attention.key_length"] == 16
    assert PREFIX + "loop.normalize" not in fields
    # rows of Q and K stay in the published order
    for ours, theirs in (
        ("blk.1.attn_q.weight", "model.layers.1.self_attn.q_proj.weight"),
        ("blk.2.loop_gate.weight", "model.gate_projections.2.weight"),
        ("blk.0.loop_gate.bias", "model.gate_projections.0.bias"),
        ("output.weight", "lm_head.weight"),
    ):
        np.testing.assert_array_equal(tensors[ours], weights[theirs].astype(np.float32))


def test_the_parallel_variants_keys(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", PARALLEL)
    convert(tmp_path / "model", tmp_path / "out.gguf")
    fields, tensors = _read(tmp_path / "out.gguf")
    found = {key.removeprefix(PREFIX + "loop."): value for key, value in fields.items() if ".loop." in key}
    assert found.pop("embedding_scale") == pytest.approx(0.707)
    assert found.pop("hidden_scale") == pytest.approx(0.053)
    assert found == {"num": 2, "window_size": 8, "position_offset": 1, "normalize": True, "gate_input": "hidden"}
    assert tensors["blk.0.loop_gate.weight"].shape == (4, 64)
    assert tensors["blk.0.loop_gate_norm.weight"].shape == (64,)


@pytest.mark.parametrize("kind", ["f32", "f16", "bf16", "q8_0"])
@pytest.mark.slow
def test_types_in_small_pieces_equal_whole_tensors(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = checkpoints.write(tmp_path / "model", LLAMA, dtype=np.float32)
    monkeypatch.setattr(module, "PIECE_ELEMENTS", 1000)  # no divisor of any size here
    convert(tmp_path / "model", tmp_path / "out.gguf", kind)
    wanted = module.FILE_TYPES[kind][0]
    for tensor in gguf.GGUFReader(tmp_path / "out.gguf").tensors:
        if tensor.name == "blk.1.attn_k.weight":
            rows = interleave(weights["model.layers.1.self_attn.k_proj.weight"], 2)
        elif tensor.name == "blk.1.ffn_down.weight":
            rows = weights["model.layers.1.mlp.down_proj.weight"]
        elif tensor.name == "blk.1.ffn_norm.weight":
            assert tensor.tensor_type == gguf.GGMLQuantizationType.F32
            continue
        else:
            continue
        assert tensor.tensor_type == wanted
        assert np.array_equal(np.asarray(tensor.data).view(np.uint8), quantize(rows, wanted).view(np.uint8))


def test_gates_stay_f32_and_odd_rows_become_f16(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP, intermediate_size=100)
    convert(tmp_path / "model", tmp_path / "out.gguf", "q8_0")
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(tmp_path / "out.gguf").tensors}
    assert kinds["blk.0.loop_gate.weight"] == "F32"
    assert kinds["blk.0.attn_q.weight"] == "Q8_0"
    assert kinds["blk.0.ffn_down.weight"] == "F16"


def _change(folder: Path, change: Any) -> None:
    """Rewrites the first shard with one change, and leaves the index out."""
    (folder / "model.safetensors.index.json").unlink()
    file = sorted(folder.glob("*.safetensors"))[0]
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.update({"model.layers.0.self_attn.q_norm.weight": np.ones(16, np.float32)}), "1 unknown"),
        (lambda t: t.pop("model.embed_tokens.weight"), "1 missing: model.embed_tokens.weight"),
        (lambda t: t.update({"model.embed_tokens.weight": np.ones((3, 64), np.float32)}), "1 misshapen"),
        (lambda t: t.update({"model.layers.9.mlp.up_proj.weight": np.ones((3, 64), np.float32)}), "1 unknown"),
    ],
)
def test_every_tensor_is_accounted_for(tmp_path: Path, change: Any, complaint: str) -> None:
    checkpoints.write(tmp_path / "model", LOOP, shards=1, dtype=np.float32)
    _change(tmp_path / "model", change)
    with pytest.raises(CheckpointError, match=complaint):
        convert(tmp_path / "model", tmp_path / "out.gguf")
    assert not list(tmp_path.glob("out*"))


def test_computed_tensors_are_left_out(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP, shards=1, dtype=np.float32)
    name = "model.layers.0.self_attn.rotary_emb.inv_freq"
    _change(tmp_path / "model", lambda t: t.update({name: np.ones(8, np.float32)}))
    convert(tmp_path / "model", tmp_path / "out.gguf")


class _StopError(Exception):
    pass


def _stop_at(count: int) -> gguf_stream.Progress:
    seen: list[str] = []

    def progress(done: int, total: int, name: str) -> None:
        if name not in seen:
            seen.append(name)
        if len(seen) > count:
            raise _StopError

    return progress


@pytest.mark.slow
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_stream, "NOTE_EVERY_S", 0.0)
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "whole.gguf", "q8_0")
    with pytest.raises(_StopError):
        convert(tmp_path / "model", tmp_path / "out.gguf", "q8_0", progress=_stop_at(9))
    assert not (tmp_path / "out.gguf").exists()
    result = convert(tmp_path / "model", tmp_path / "out.gguf", "q8_0")
    assert result.kept == 9
    assert (tmp_path / "out.gguf").read_bytes() == (tmp_path / "whole.gguf").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "out.gguf", "whole.gguf"]


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "whole.gguf", "f16")
    code = f"""
import os, pathlib
from quantize import convert, gguf_stream
gguf_stream.NOTE_EVERY_S = 0.0
names = []
def progress(done, total, name):
    names.append(name)
    if len(names) == 12:
        os.kill(os.getpid(), 9)
folder = pathlib.Path({str(tmp_path)!r})
convert.convert(folder / "model", folder / "out.gguf", "f16", progress=progress)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=checkpoints.ROOT, check=False)
    assert ended.returncode == -9
    assert not (tmp_path / "out.gguf").exists()
    assert convert(tmp_path / "model", tmp_path / "out.gguf", "f16").kept == 11
    assert (tmp_path / "out.gguf").read_bytes() == (tmp_path / "whole.gguf").read_bytes()


@pytest.mark.parametrize("disturbance", ["weights", "type", "note", "cut"])
@pytest.mark.slow
def test_what_belongs_to_something_else_is_begun_again(
    tmp_path: Path, disturbance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_stream, "NOTE_EVERY_S", 0.0)
    folder, out = tmp_path / "model", tmp_path / "out.gguf"
    checkpoints.write(folder, LOOP)
    with pytest.raises(_StopError):
        convert(folder, out, "bf16", progress=_stop_at(9))
    kind = "bf16"
    if disturbance == "weights":
        checkpoints.write(folder, LOOP, seed=1)
    elif disturbance == "type":
        kind = "f16"
    elif disturbance == "note":
        (tmp_path / "out.gguf.part.json").write_text('{"done": "x"')
    else:
        (tmp_path / "out.gguf.part").write_bytes((tmp_path / "out.gguf.part").read_bytes()[:100])
    assert convert(folder, out, kind).kept == 0
    convert(folder, tmp_path / "again.gguf", kind)
    assert out.read_bytes() == (tmp_path / "again.gguf").read_bytes()


def test_a_full_disk_is_found_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(outputs.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelFileError, match="no room"):
        convert(tmp_path / "model", tmp_path / "out.gguf")


def test_the_command(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    out = tmp_path / "out.gguf"
    run = CliRunner().invoke(command, [str(tmp_path / "model"), str(out), "--type", "f16"])
    assert run.exit_code == 0, run.output
    assert "36 tensors" in run.output
    assert CliRunner().invoke(command, [str(tmp_path / "model"), str(out)]).exit_code == 2
    settings = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(settings | {"qk_norm_kind": "rms"}))
    failed = CliRunner().invoke(command, [str(tmp_path / "model"), str(out), "--overwrite"])
    assert failed.exit_code == 1
    assert "qk_norm_kind" in failed.output


def test_bfloat16_values_are_kept_to_the_bit(tmp_path: Path) -> None:
    weights = checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "out.gguf", "bf16")
    for tensor in gguf.GGUFReader(tmp_path / "out.gguf").tensors:
        if tensor.name == "blk.0.ffn_up.weight":
            stored = weights["model.layers.0.mlp.up_proj.weight"]
            assert stored.dtype == ml_dtypes.bfloat16
            assert np.array_equal(np.asarray(tensor.data).view(np.uint16), stored.view(np.uint16))
            return
    raise AssertionError("the tensor is not there")


def _first_shard(folder: Path, change: Any) -> None:
    """Rewrites the weights of a folder of one shard."""
    path = next(folder.glob("*.safetensors"))
    weights = dict(load_file(path))
    change(weights)
    save_file(weights, path)


def test_numbers_that_f16_cannot_hold_are_an_error(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP, shards=1)

    def grow(weights: dict[str, np.ndarray]) -> None:
        weights["model.layers.1.mlp.up_proj.weight"] = weights["model.layers.1.mlp.up_proj.weight"] * 1e6

    _first_shard(tmp_path / "model", grow)
    with pytest.raises(CheckpointError, match=r"layers\.1\.mlp\.up_proj.*--type bf16") as caught:
        convert(tmp_path / "model", tmp_path / "out.gguf", "f16")
    assert "65504" in str(caught.value)
    assert not (tmp_path / "out.gguf").exists()
    assert convert(tmp_path / "model", tmp_path / "out.gguf", "bf16").cautions == ()


@pytest.mark.parametrize("kind", ["bf16", "q8_0"])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, kind: str) -> None:
    checkpoints.write(tmp_path / "model", LOOP, shards=1)

    def spoil(weights: dict[str, np.ndarray]) -> None:
        weights["lm_head.weight"][3, 5] = np.nan

    _first_shard(tmp_path / "model", spoil)
    (caution,) = convert(tmp_path / "model", tmp_path / "out.gguf", kind).cautions
    assert "lm_head.weight holds values that are not finite" in caution


def test_a_file_beside_the_index_is_mentioned(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    save_file({"more": np.zeros((2, 2), np.float32)}, tmp_path / "model" / "extra.safetensors")
    (caution,) = convert(tmp_path / "model", tmp_path / "out.gguf").cautions
    assert "extra.safetensors is not named in the checkpoint's index" in caution


@pytest.mark.parametrize("text", [b"---\nlicense: [\nx: : y\n---\n", b"\xff\xfe---\n"])
def test_a_card_that_cannot_be_read_is_left_out(tmp_path: Path, text: bytes) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    (tmp_path / "model" / "README.md").write_bytes(text)
    (caution,) = convert(tmp_path / "model", tmp_path / "out.gguf").cautions
    assert "README.md cannot be read" in caution


@pytest.mark.parametrize("line", ["license_name: 7", "name: [1]", "tags: [1, two]", "license: 2024-01-01"])
def test_what_a_card_says_that_is_no_text_is_left_out(tmp_path: Path, line: str) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    (tmp_path / "model" / "README.md").write_text(f"---\nlibrary_name: x\n{line}\n---\n")
    (caution,) = convert(tmp_path / "model", tmp_path / "out.gguf").cautions
    assert "is no text" in caution


def test_two_conversions_to_one_name(tmp_path: Path) -> None:
    """The second one must not write into what the first one is writing."""
    checkpoints.write(tmp_path / "model", LOOP)
    tried = []

    def again(done: int, total: int, name: str) -> None:
        if not tried:
            tried.append(name)
            with pytest.raises(ModelFileError, match="written by another process"):
                convert(tmp_path / "model", tmp_path / "out.gguf", "q8_0")

    convert(tmp_path / "model", tmp_path / "out.gguf", "f32", progress=again)
    assert tried
    convert(tmp_path / "model", tmp_path / "alone.gguf", "f32")
    assert (tmp_path / "out.gguf").read_bytes() == (tmp_path / "alone.gguf").read_bytes()
