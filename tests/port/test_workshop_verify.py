"""Verification: sound files pass, each kind of fault is found, and what the header alone can mend is mended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models import catalogue
from quantize.convert import convert
from quantize.findings import Finding
from quantize.gguf_edit import Entry, RawFile
from quantize.layout import from_weights
from quantize.logits import evaluate
from quantize.oracle import Oracle, Wrong
from quantize.published import Published
from quantize.random_model import Recipe, interleave, write
from quantize.verify import command, verify
from tests.unit.quantize import checkpoints

LOOP = "IQuestLoopCoderForCausalLM"


def _states(path: Path, checkpoint: Path | None = None) -> dict[str, str]:
    return {found.name: found.state for found in _verify(path, checkpoint)}


def _verify(path: Path, checkpoint: Path | None = None) -> list[Finding]:
    return verify(path, None if checkpoint is None else Published.read(checkpoint))


def _faults(path: Path, checkpoint: Path | None = None) -> set[str]:
    return {name for name, state in _states(path, checkpoint).items() if state == "wrong"}


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(vocab="bytes", n_vocab=300),
        Recipe(max_alibi_bias=8.0),
        Recipe(community=True),
        Recipe(parallel=True, gate_hidden=True),
        Recipe(quantization="Q8_0", exit_head=True),
        Recipe(passes=1),
        Recipe(passes=3, window=100),
    ],
    ids=["loop", "alibi", "community", "parallel", "quantized", "one pass", "three passes"],
)
def test_sound_files_pass(tmp_path: Path, recipe: Recipe) -> None:
    states = _states(write(tmp_path / "m.gguf", recipe))
    assert "wrong" not in states.values()
    assert states["first layers"] == "ok"


def test_the_embedded_model_passes() -> None:
    assert _faults(catalogue.embedded_path()) == set()


def test_a_converted_checkpoint_passes_and_its_rows_are_certain(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    assert set(_states(tmp_path / "m.gguf", tmp_path / "model").values()) == {"ok"}


def test_missing_and_wrong_keys(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe(window=64), leave_out=("loop.window_size",))
    faults = [found for found in verify(path) if found.state == "wrong"]
    assert [found.name for found in faults] == ["metadata"]
    assert "loop.window_size is missing" in faults[0].detail
    run = CliRunner().invoke(command, [str(path), "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    assert _faults(tmp_path / "fixed.gguf") == set()
    assert RawFile.read(tmp_path / "fixed.gguf").get("iquestloopcoder.loop.window_size") == 64


@pytest.mark.parametrize("key", ["loop.num", "loop.window_size"])
def test_a_loop_of_nothing(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "m.gguf", Recipe(), overrides={key: 0})
    assert _faults(path) == {"metadata"}
    run = CliRunner().invoke(command, [str(path), "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    assert "was written" in run.output
    again = CliRunner().invoke(command, [str(tmp_path / "fixed.gguf"), "--repair", str(tmp_path / "more.gguf")])
    assert "nothing that the header can put right" in again.output
    assert not (tmp_path / "more.gguf").exists()


def test_the_published_configuration_is_believed(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    RawFile.read(tmp_path / "m.gguf").with_entries({"iquestloopcoder.loop.window_size": Entry.of(63)}).write(
        tmp_path / "m.gguf"
    )
    assert _faults(tmp_path / "m.gguf") == set()  # by itself it is a sound model
    assert _faults(tmp_path / "m.gguf", tmp_path / "model") == {"metadata"}


def test_rows_in_the_wrong_order_are_found_and_mended(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "right.gguf", "f32")
    raw = RawFile.read(tmp_path / "right.gguf")
    # the same tensors under the other architecture: its RoPE turns other rows together
    changes: dict[str, Entry | None] = {"general.architecture": Entry.of("llama")}
    for key, entry in raw.entries.items():
        if key.startswith("iquestloopcoder."):
            changes |= {key: None, key.replace("iquestloopcoder", "llama", 1): entry}
    raw.with_entries(changes).write(tmp_path / "wrong.gguf")
    assert _faults(tmp_path / "wrong.gguf", tmp_path / "model") == {"row order"}
    arguments = [str(tmp_path / "wrong.gguf"), "--checkpoint", str(tmp_path / "model")]
    assert CliRunner().invoke(command, arguments).exit_code == 1
    run = CliRunner().invoke(command, [*arguments, "--repair", str(tmp_path / "fixed.gguf"), "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["repaired"] is True
    tokens = np.arange(3, 60, dtype=np.int32)
    rows = []
    for name in ("right", "fixed", "wrong"):
        model = Model.load(tmp_path / f"{name}.gguf")
        rows.append(evaluate(model, tokens, [57]))
        model.close()
    np.testing.assert_array_equal(rows[0], rows[1])
    assert np.abs(rows[0] - rows[2]).max() > 0.1


@pytest.mark.parametrize("community", [False, True])
def test_trained_weights_tell_their_order(tmp_path: Path, community: bool) -> None:
    """Norms that depend on the frequency, as training leaves them, put into random weights."""
    recipe = Recipe(n_layer=2, head_dim=32, n_embd=64, community=community)
    path = write(tmp_path / "m.gguf", recipe)
    data = bytearray(path.read_bytes())
    raw = RawFile.read(path)
    scale = np.exp(2 * np.sin(np.arange(16)))
    per_row = np.repeat(scale, 2) if community else np.concatenate([scale, scale])
    for tensor in raw.tensors:
        if ".attn_q." in tensor.name or ".attn_k." in tensor.name:
            rows = raw.rows(tensor, 0, tensor.shape[1])
            rows = rows * np.tile(per_row, len(rows) // 32)[:, None].astype(np.float32)
            at = raw.data_start + tensor.offset
            data[at : at + rows.nbytes] = rows.tobytes()
    path.write_bytes(bytes(data))
    assert _states(path)["row order"] == "ok"
    other = "iquestloopcoder" if community else "llama"
    own = "llama" if community else "iquestloopcoder"
    changes: dict[str, Entry | None] = {"general.architecture": Entry.of(other)}
    for key, entry in raw.entries.items():
        if key.startswith(own + "."):
            changes |= {key: None, key.replace(own, other, 1): entry}
    RawFile.read(path).with_entries(changes).write(path)
    assert _states(path)["row order"] == "wrong"


@pytest.mark.parametrize("seed", range(6))
def test_random_weights_do_not_tell(tmp_path: Path, seed: int) -> None:
    """Not even by chance, which says much of a few rows."""
    small = Recipe(n_embd=60, n_head=5, n_head_kv=1, head_dim=12, seed=seed)
    raw = RawFile.read(write(tmp_path / "m.gguf", small if seed else Recipe()))
    looked = from_weights(raw)
    assert (looked.layout, looked.is_mixed) == (None, False)


def test_trained_weights_of_two_orders_are_wrong(tmp_path: Path) -> None:
    recipe = Recipe(n_layer=2, head_dim=64, n_embd=128, n_head=8, n_head_kv=4)
    path = write(tmp_path / "m.gguf", recipe)
    scale = np.exp(2 * np.sin(np.arange(32)))
    for layer in range(2):
        for kind, heads in (("q", 8), ("k", 4)):
            per_row = np.repeat(scale, 2) if kind == "k" else np.concatenate([scale, scale])
            change = np.tile(per_row, heads)[:, None]
            _patch(path, f"blk.{layer}.attn_{kind}.weight", lambda rows, change=change: rows * change)
    (found,) = (one for one in verify(path) if one.name == "row order")
    assert (found.state, found.repairable) == ("wrong", False)
    assert "of others in pairs" in found.detail


def test_gates_that_are_no_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe())
    raw = RawFile.read(path)
    tensor = next(t for t in raw.tensors if t.name == "blk.1.loop_gate.bias")
    data = bytearray(path.read_bytes())
    data[raw.data_start + tensor.offset :][:4] = b"\x00\x00\xc0\x7f"
    at = raw.data_start + tensor.offset
    data[at : at + 4] = b"\x00\x00\xc0\x7f"
    path.write_bytes(bytes(data))
    assert "gates" in _faults(path)


def test_tensors_are_accounted_for(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe())
    data = path.read_bytes()
    path.write_bytes(data.replace(b"blk.1.ffn_up.weight", b"blk.1.ffn_xx.weight"))
    found = {f.name: f.detail for f in verify(path) if f.state == "wrong"}
    assert "blk.1.ffn_up.weight" in found["tensors"]
    assert "blk.1.ffn_xx.weight" in found["tensors"]


def test_a_tokenizer_put_right(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    raw = RawFile.read(tmp_path / "m.gguf")
    kinds = list(raw.get("tokenizer.ggml.token_type"))
    tokens = raw.get("tokenizer.ggml.tokens")
    kinds[tokens.index("<think>")] = int(gguf.TokenType.NORMAL)
    raw.with_entries(
        {
            "tokenizer.ggml.token_type": Entry.of(kinds),
            "tokenizer.ggml.add_space_prefix": None,
            "tokenizer.ggml.fim_pre_token_id": Entry.of(5),
        }
    ).write(tmp_path / "bad.gguf")
    assert _faults(tmp_path / "bad.gguf") == {"tokenizer"}
    run = CliRunner().invoke(command, [str(tmp_path / "bad.gguf"), "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    fixed = RawFile.read(tmp_path / "fixed.gguf")
    for key in ("token_type", "add_space_prefix", "fim_pre_token_id"):
        assert fixed.get(f"tokenizer.ggml.{key}") == raw.get(f"tokenizer.ggml.{key}")
    assert (tmp_path / "fixed.gguf").read_bytes()[fixed.data_start :] == (
        (tmp_path / "m.gguf").read_bytes()[raw.data_start :]
    )


def test_what_is_no_loop_model(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", "IQuestCoderForCausalLM")
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    with pytest.raises(ModelFileError, match="not a Loop model"):
        verify(tmp_path / "m.gguf")
    (tmp_path / "x.gguf").write_bytes(b"GGUF" + bytes(100))
    run = CliRunner().invoke(command, [str(tmp_path / "x.gguf")])
    assert run.exit_code == 1
    assert "not a usable model file" in run.output


@pytest.mark.parametrize("wrong", Wrong)
def test_wrong_layers_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Wrong) -> None:
    """The comparison of the first layers is one that can fail: in quantized files too, and in the second pass."""
    right = Oracle.layers
    path = write(tmp_path / "m.gguf", Recipe(quantization="Q8_0"))
    assert _states(path)["first layers"] == "ok"
    monkeypatch.setattr(Oracle, "layers", lambda self, tokens: right(self, tokens, wrong=wrong))
    assert _states(path)["first layers"] == "wrong"


def test_weights_that_are_no_numbers_do_not_agree(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe())
    _patch(path, "blk.1.attn_norm.weight", lambda values: np.where(np.arange(values.size) == 3, np.nan, values))
    assert _states(path)["first layers"] == "wrong"


def _patch(path: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Changes the F32 data of one tensor."""
    raw, data = RawFile.read(path), bytearray(path.read_bytes())
    tensor = next(tensor for tensor in raw.tensors if tensor.name == name)
    at = raw.data_start + tensor.offset
    values = np.frombuffer(bytes(data[at : at + 4 * tensor.elements]), np.float32).reshape(tensor.shape[::-1])
    data[at : at + 4 * tensor.elements] = np.asarray(change(values), np.float32).tobytes()
    path.write_bytes(bytes(data))


ODD = Recipe(n_head=4, n_head_kv=2, head_dim=24, n_embd=64, vocab="bytes", n_vocab=300, context=131_072, window=64)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attention.head_count", 8),
        ("attention.head_count", None),
        ("attention.head_count_kv", "4"),
        ("attention.key_length", None),
        ("block_count", 4),
        ("embedding_length", 128),
        ("feed_forward_length", None),
        ("vocab_size", 10),
        ("rope.dimension_count", 25),
        ("context_length", None),
        ("attention.layer_norm_rms_epsilon", None),
        ("loop.num", 7),
        ("loop.gate_input", "hidden"),
    ],
)
def test_a_header_that_contradicts_the_tensors_is_mended(tmp_path: Path, key: str, value: Any) -> None:
    right = write(tmp_path / "right.gguf", ODD)
    overrides, leave_out = ({}, (key,)) if value is None else ({key: value}, ())
    path = write(tmp_path / "m.gguf", ODD, overrides, leave_out)
    assert _faults(path) == {"metadata"}
    run = CliRunner().invoke(command, [str(path), "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    assert _faults(tmp_path / "fixed.gguf") == set()
    np.testing.assert_array_equal(_logits(tmp_path / "fixed.gguf"), _logits(right))
    fixed, raw = RawFile.read(tmp_path / "fixed.gguf"), RawFile.read(right)
    assert (tmp_path / "fixed.gguf").read_bytes()[fixed.data_start :] == right.read_bytes()[raw.data_start :]


def _logits(path: Path) -> np.ndarray:
    model = Model.load(path)
    try:
        return evaluate(model, np.arange(3, 60, dtype=np.int32), [57])
    finally:
        model.close()


@pytest.mark.parametrize("case", ["another architecture", "none", "keys of another"])
@pytest.mark.parametrize("community", [False, True])
def test_an_architecture_that_is_none_of_the_loop_models(tmp_path: Path, case: str, community: bool) -> None:
    recipe = replace(ODD, community=community)
    right = write(tmp_path / "right.gguf", recipe)
    raw = RawFile.read(right)
    own = "llama" if community else "iquestloopcoder"
    other = "iquestloopcoder" if community else "llama"
    changes: dict[str, Entry | None] = {
        "another architecture": {"general.architecture": Entry.of("qwen2")},
        "none": {"general.architecture": None},
        "keys of another": {"general.architecture": Entry.of(other)},
    }[case]
    raw.with_entries(changes).write(tmp_path / "m.gguf")
    assert _faults(tmp_path / "m.gguf") == {"metadata"}
    run = CliRunner().invoke(command, [str(tmp_path / "m.gguf"), "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    assert RawFile.read(tmp_path / "fixed.gguf").get("general.architecture") == own
    np.testing.assert_array_equal(_logits(tmp_path / "fixed.gguf"), _logits(right))


def test_every_key_of_the_published_configuration_is_compared(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    raw = RawFile.read(tmp_path / "m.gguf")
    for key, wrong in (
        ("rope.freq_base", 1e4),
        ("attention.layer_norm_rms_epsilon", 2e-5),
        ("context_length", 32),
        ("loop.num", 3),
    ):
        raw.with_entries({f"iquestloopcoder.{key}": Entry.of(wrong)}).write(tmp_path / "bad.gguf")
        assert _faults(tmp_path / "bad.gguf", tmp_path / "model") == {"metadata"}, key
        arguments = [str(tmp_path / "bad.gguf"), "--checkpoint", str(tmp_path / "model"), "--overwrite"]
        run = CliRunner().invoke(command, [*arguments, "--repair", str(tmp_path / "fixed.gguf")])
        assert run.exit_code == 0, run.output
        assert RawFile.read(tmp_path / "fixed.gguf").get(f"iquestloopcoder.{key}") == raw.get(f"iquestloopcoder.{key}")


def test_the_folder_of_another_model(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    checkpoints.write(tmp_path / "other", LOOP, seed=1)
    found = {one.name: one for one in _verify(tmp_path / "m.gguf", tmp_path / "other")}
    assert found["gates"].state == "wrong"
    assert "is not the published" in found["gates"].detail
    assert found["row order"].state == "unknown"
    checkpoints.write(tmp_path / "wider", LOOP, hidden_size=80, num_attention_heads=5, num_key_value_heads=1)
    assert "belongs to another model" in _verify(tmp_path / "m.gguf", tmp_path / "wider")[0].detail
    checkpoints.write(tmp_path / "plain", "IQuestCoderForCausalLM")
    assert "which has no loop" in _verify(tmp_path / "m.gguf", tmp_path / "plain")[0].detail


def test_gates_in_the_wrong_order_and_mixed_rows(tmp_path: Path) -> None:
    """What only another conversion can put right."""
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "right.gguf", "f32")
    shutil.copyfile(tmp_path / "right.gguf", tmp_path / "m.gguf")
    _patch(tmp_path / "m.gguf", "blk.1.loop_gate.weight", lambda gate: interleave(gate.reshape(-1, 1), 4))
    found = {one.name: one for one in _verify(tmp_path / "m.gguf", tmp_path / "model")}
    assert found["gates"].state == "wrong"
    assert "interleaved" in found["gates"].detail
    assert not found["gates"].repairable
    shutil.copyfile(tmp_path / "right.gguf", tmp_path / "m.gguf")
    _patch(tmp_path / "m.gguf", "blk.0.attn_k.weight", lambda rows: interleave(rows, 2))
    found = {one.name: one for one in _verify(tmp_path / "m.gguf", tmp_path / "model")}
    assert found["row order"].state == "wrong"
    assert "different orders" in found["row order"].detail
    assert not found["row order"].repairable


def test_the_published_tokenizer_is_put_in_place_of_a_wrong_one(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    raw = RawFile.read(tmp_path / "m.gguf")
    tokens = list(raw.get("tokenizer.ggml.tokens"))
    tokens[300], tokens[301] = tokens[301], tokens[300]
    scores = [score + 1 for score in raw.get("tokenizer.ggml.scores")]
    for changes in (
        {"tokenizer.ggml.tokens": Entry.of(tokens)},
        {"tokenizer.ggml.tokens": None},
        {"tokenizer.ggml.scores": Entry.of(scores)},
        {"tokenizer.ggml.eos_token_id": Entry.of(9)},
        {"tokenizer.ggml.tokens": Entry.of(tokens[:-5])},
        {"tokenizer.ggml.model": Entry.of("gpt2")},
    ):
        raw.with_entries(changes).write(tmp_path / "bad.gguf")
        assert _faults(tmp_path / "bad.gguf", tmp_path / "model") == {"tokenizer"}
        arguments = [str(tmp_path / "bad.gguf"), "--checkpoint", str(tmp_path / "model")]
        run = CliRunner().invoke(command, [*arguments, "--repair", str(tmp_path / "bad.gguf")])  # in place
        assert run.exit_code == 0, run.output
        fixed = RawFile.read(tmp_path / "bad.gguf")
        assert {key: entry.value for key, entry in fixed.entries.items()} == {
            key: entry.value for key, entry in raw.entries.items()
        }


def test_a_vocabulary_of_another_size_and_ids_beyond_it(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", ODD)
    raw = RawFile.read(path)
    raw.with_entries({"tokenizer.ggml.tokens": Entry.of(["a", "b"])}).write(tmp_path / "bad.gguf")
    assert "tokenizer" in _faults(tmp_path / "bad.gguf")
    raw.with_entries(
        {
            "tokenizer.ggml.eos_token_id": Entry.of(9999),
            "tokenizer.ggml.padding_token_id": Entry.of(400),
        }
    ).write(tmp_path / "bad.gguf")
    run = CliRunner().invoke(command, [str(tmp_path / "bad.gguf"), "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    fixed = RawFile.read(tmp_path / "fixed.gguf")
    assert fixed.get("tokenizer.ggml.eos_token_id") == 256
    assert fixed.get("tokenizer.ggml.padding_token_id") is None


@pytest.mark.parametrize(
    "name",
    [
        "token_embd.weight",
        "blk.0.attn_q.weight",
        "blk.2.attn_k.weight",
        "loop_gate.bias",
        "blk.0.ffn_up.weight",
        "output_norm.weight",
    ],
)
def test_any_tensor_may_be_missing(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "m.gguf", ODD)
    path.write_bytes(path.read_bytes().replace(name.encode(), name.replace("t", "x").encode()))
    assert "tensors" in _faults(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"attention_bias": True},
        {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
        {"tie_word_embeddings": True},
        {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 64}},
        {"num_attention_heads": 5, "num_key_value_heads": 1, "head_dim": 12, "hidden_size": 60},
    ],
    ids=["biases", "linear", "tied", "llama3", "odd heads"],
)
def test_unusual_models_that_are_sound(tmp_path: Path, changes: dict[str, Any]) -> None:
    checkpoints.write(tmp_path / "model", LOOP, **changes)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    assert set(_states(tmp_path / "m.gguf", tmp_path / "model").values()) == {"ok"}


def test_what_the_equations_here_do_not_cover_is_unknown(tmp_path: Path) -> None:
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024}
    checkpoints.write(tmp_path / "model", LOOP, rope_scaling=scaling)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    states = _states(tmp_path / "m.gguf", tmp_path / "model")
    assert states.pop("first layers") == "unknown"
    assert set(states.values()) == {"ok"}


def test_another_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe(), overrides={"loop.num": 0})
    (tmp_path / "other.gguf").write_bytes(b"precious")
    arguments = [str(path), "--repair", str(tmp_path / "other.gguf")]
    run = CliRunner().invoke(command, arguments)
    assert run.exit_code == 2
    assert "--overwrite" in run.output
    assert (tmp_path / "other.gguf").read_bytes() == b"precious"
    assert CliRunner().invoke(command, [*arguments, "--overwrite"]).exit_code == 0
    assert _faults(tmp_path / "other.gguf") == set()


def test_values_that_the_user_knows(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe(parallel=True, gate_hidden=True))
    given = ["--set", "rope.freq_base=500000", "--set", "loop.embedding_scale=1", "--set", "loop.normalize=false"]
    run = CliRunner().invoke(command, [str(path), *given, "--repair", str(tmp_path / "fixed.gguf")])
    assert run.exit_code == 0, run.output
    fixed = RawFile.read(tmp_path / "fixed.gguf")
    found = {key: fixed.get(f"iquestloopcoder.{key}") for key in ("rope.freq_base", "loop.embedding_scale")}
    assert found == {"rope.freq_base": 500000.0, "loop.embedding_scale": 1.0}
    assert fixed.get("iquestloopcoder.loop.normalize") is False
    assert CliRunner().invoke(command, [str(path), "--set", "loop.num"]).exit_code == 2


def test_no_room_for_the_excerpt_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m.gguf", Recipe())
    monkeypatch.setattr("quantize.outputs.shutil.disk_usage", lambda _: SimpleNamespace(free=100))
    found = verify(path)[-1]
    assert found.state == "unknown"
    assert "TMPDIR" in found.detail


def test_a_configuration_with_a_key_that_is_not_known(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", LOOP)
    convert(tmp_path / "model", tmp_path / "m.gguf", "f32")
    settings = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(settings | {"new_key": 1}))
    arguments = [str(tmp_path / "m.gguf"), "--checkpoint", str(tmp_path / "model")]
    refused = CliRunner().invoke(command, arguments)
    assert refused.exit_code == 1
    assert "--ignore-key new_key" in refused.output
    assert CliRunner().invoke(command, [*arguments, "--ignore-key", "new_key"]).exit_code == 0
