"""Verification: sound files pass, each kind of fault is found, and what the header alone can mend is mended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime import catalogue
from iquest_lsp.runtime.llama import Model
from quantize.convert import convert
from quantize.gguf_edit import Entry, RawFile
from quantize.logits import evaluate
from quantize.random_model import Recipe, write
from quantize.verify import command, verify
from tests.unit.quantize import checkpoints

LOOP = "IQuestLoopCoderForCausalLM"


def _states(path: Path, checkpoint: Path | None = None) -> dict[str, str]:
    return {found.name: found.state for found in verify(path, checkpoint)}


def _faults(path: Path, checkpoint: Path | None = None) -> set[str]:
    return {name for name, state in _states(path, checkpoint).items() if state == "wrong"}


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(vocab="bytes", n_vocab=300), Recipe(max_alibi_bias=8.0), Recipe(community=True),
        Recipe(parallel=True, gate_hidden=True), Recipe(quantization="Q8_0", exit_head=True),
    ],
    ids=["loop", "alibi", "community", "parallel", "quantized"],
)  # fmt: skip
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


def test_random_weights_do_not_tell(tmp_path: Path) -> None:
    assert _states(write(tmp_path / "m.gguf", Recipe()))["row order"] == "unknown"


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
    raw.with_entries({
        "tokenizer.ggml.token_type": Entry.of(kinds), "tokenizer.ggml.add_space_prefix": None,
        "tokenizer.ggml.fim_pre_token_id": Entry.of(5),
    }).write(tmp_path / "bad.gguf")  # fmt: skip
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


def test_wrong_layers_are_noticed(tmp_path: Path) -> None:
    """The comparison of the first layers is one that can fail: another epsilon is enough."""
    from quantize import verify as module

    path = write(tmp_path / "m.gguf", Recipe())
    raw = RawFile.read(path)
    changed = replace(raw, entries=raw.entries | {"iquestloopcoder.rope.freq_base": Entry.of(50.0)})
    assert module._first_layers(raw, 2).state == "ok"
    assert module._first_layers(changed, 2).state == "wrong"
