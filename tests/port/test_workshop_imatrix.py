"""Importance matrices: what each pass gives each matrix, against the oracle; weights; the file; what it is good for."""

from __future__ import annotations

import signal
from pathlib import Path

import gguf
import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.errors import ModelError, ModelFileError
from iquest_lsp.runtime.llama.model import Model
from quantize.imatrix import Gathered, Shelf, combine, command, gather
from quantize.importance import Importance
from quantize.oracle import Oracle
from quantize.random_model import Recipe, write

TOKENS = np.random.default_rng(3).integers(0, 256, 48).astype(np.int32)


def _gathered(path: Path, rows: list[np.ndarray]) -> Gathered:
    model = Model.load(path)
    try:
        return gather(model, rows)
    finally:
        model.close()


@pytest.mark.parametrize("parallel", [False, True])
def test_each_pass_is_gathered_apart(tmp_path: Path, parallel: bool) -> None:
    path = write(tmp_path / "m.gguf", Recipe(parallel=parallel, max_alibi_bias=0.0 if parallel else 8.0))
    found = _gathered(path, [TOKENS])
    oracle = Oracle.from_gguf(path)
    embedding = oracle.tensors["token_embd.weight"][TOKENS]
    out = oracle.layers(TOKENS, depth=1)[-1]
    shape = oracle.shape
    carried = oracle.norm(out, "output_norm.weight") if shape.normalize else out
    if shape.position_offset:
        carried = np.concatenate([np.zeros_like(carried[:1]), carried[:-1]])
    starts = [embedding, shape.embedding_scale * embedding + shape.hidden_scale * carried]
    for at, hidden in enumerate(starts):
        given = oracle.norm(hidden, "blk.0.attn_norm.weight")
        for name in ("blk.0.attn_q.weight", "blk.0.attn_v.weight"):
            sums, count = found[name, at]
            assert count == len(TOKENS)
            np.testing.assert_allclose(sums, (given**2).sum(axis=0), rtol=1e-4)
    assert {name for name, _ in found} == {
        f"blk.{i}.{part}.weight"
        for i in range(3)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    }
    assert {at for _, at in found} == {0, 1}


def test_rows_add_up_and_do_not_see_each_other(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe())
    both, one, other = (_gathered(path, rows) for rows in ([TOKENS, TOKENS[::-1]], [TOKENS], [TOKENS[::-1]]))
    for key, (sums, count) in both.items():
        assert count == 96
        np.testing.assert_allclose(sums, one[key][0] + other[key][0], rtol=1e-6)


def test_passes_can_be_weighted(tmp_path: Path) -> None:
    found = _gathered(write(tmp_path / "m.gguf", Recipe()), [TOKENS])
    name = "blk.1.ffn_down.weight"
    for weights in ((1.0, 0.0), (0.0, 1.0), (1.0, 3.0)):
        made = combine(found, weights, ("t",), 1, 48)
        expected = sum(w * found[name, at][0] for at, w in enumerate(weights))
        np.testing.assert_allclose(made.means()[name], expected / (sum(weights) * 48), rtol=1e-5)
    model = Model.load(tmp_path / "m.gguf")
    for wrong in ((1.0,), (-1.0, 2.0), (0.0, 0.0), (float("nan"), 1.0), (1.0, float("inf"))):
        with pytest.raises(ModelError):
            gather(model, [TOKENS], wrong)
    with pytest.raises(ModelError, match="was made for 4096 tokens"):
        gather(model, [np.resize(TOKENS, 5000)])
    model.close()


def test_the_file_is_as_llama_cpp_writes_it(tmp_path: Path) -> None:
    made = combine(_gathered(write(tmp_path / "m.gguf", Recipe()), [TOKENS]), (), ("a", "b"), 1, 48)
    made.write(tmp_path / "i.gguf")
    reader = gguf.GGUFReader(tmp_path / "i.gguf")
    assert reader.fields["general.type"].contents() == "imatrix"
    assert "general.architecture" not in reader.fields
    assert reader.fields["imatrix.datasets"].contents() == ["a", "b"]
    shapes = {str(tensor.name): list(tensor.shape) for tensor in reader.tensors}
    assert shapes["blk.0.attn_q.weight.in_sum2"] == [64, 1]
    assert shapes["blk.0.attn_q.weight.counts"] == [1, 1]
    again = Importance.read(tmp_path / "i.gguf")
    assert (again.chunks, again.chunk_size, again.datasets) == (1, 48, ("a", "b"))
    for name, values in made.means().items():
        np.testing.assert_array_equal(again.means()[name], values)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="not an importance matrix"):
        Importance.read(write(tmp_path / "m.gguf", Recipe()))
    (tmp_path / "x").write_bytes(b"nothing")
    with pytest.raises(ModelFileError):
        Importance.read(tmp_path / "x")


def test_the_command_over_a_repository(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe(vocab="bytes", n_vocab=300))
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.py").write_text("def f(x):\n    return x\n" * 50)
    (tmp_path / "text" / "b.bin").write_bytes(bytes(range(256)))
    arguments = [str(path), str(tmp_path / "i.gguf"), "--chunk-size", "64", "--chunks", "3"]
    run = CliRunner().invoke(command, [*arguments, "--text", str(tmp_path / "text"), "--pass-weights", "1,2"])
    assert run.exit_code == 0, run.output
    assert "3 rows of 64 tokens, 2 passes" in run.output
    assert len(Importance.read(tmp_path / "i.gguf").sums) == 21
    (tmp_path / "few").write_text("short")
    assert CliRunner().invoke(command, [*arguments, "--text", str(tmp_path / "few")]).exit_code == 1


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m.gguf", Recipe())
    rows = [np.roll(TOKENS, at) for at in range(4)]
    whole = _gathered(path, rows)
    model = Model.load(path)
    shelf = Shelf.of(tmp_path / "i.gguf", model, rows)
    told: list[int] = []

    def stop(done: int, total: int, what: str) -> None:
        told.append(done)
        if done == 2 * len(TOKENS):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gather(model, rows, progress=stop, shelf=shelf)
    assert shelf.path.exists()
    other = Shelf.of(tmp_path / "i.gguf", model, rows[:3])  # other text: begun anew
    assert other.take() == ({}, 0)
    found = gather(model, rows, progress=stop, shelf=shelf)
    assert told == [48, 96, 144, 192]
    assert found.keys() == whole.keys()
    for key, (sums, count) in whole.items():
        assert found[key][1] == count
        np.testing.assert_array_equal(found[key][0], sums)
    assert shelf.take()[1] == len(rows)  # until the matrix is written
    shelf.path.write_bytes(b"not an archive")
    assert shelf.take() == ({}, 0)
    model.close()


def test_an_interrupt_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised within a callback out of native code, it would be, and the row would be half."""
    model = Model.load(write(tmp_path / "m.gguf", Recipe()))
    seen = np.einsum

    def interrupted(*values: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return seen(*values)

    shelf = Shelf.of(tmp_path / "i.gguf", model, [TOKENS])
    monkeypatch.setattr("quantize.imatrix.np.einsum", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gather(model, [TOKENS, TOKENS], shelf=shelf)
    model.close()
    assert shelf.take()[1] == 0  # the row it came in is gathered again
