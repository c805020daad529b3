"""Quantization: llama.cpp's bytes for stock architectures, gates in F32, mixes by physical layer, forecasts kept."""

from __future__ import annotations

import ctypes
import json
import os
import platform
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.errors import IQuestError, ModelError, ModelFileError
from iquest_lsp.runtime.llama import model as llama
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.gguf_header import read_header
from quantize import synth
from quantize.convert import convert
from quantize.fit import choose
from quantize.importance import Importance
from quantize.logits import evaluate
from quantize.oracle import Oracle
from quantize.quantizer import TENSOR_TYPES, Recipe, command, quantize
from quantize.random_model import Recipe as Shape
from quantize.random_model import write
from tests.port import stock_quantizer
from tests.unit.quantize import checkpoints

FTYPES = {"Q8_0": 7, "Q6_K": 18, "Q5_K_M": 17, "Q4_K_M": 15, "IQ4_XS": 30}  # llama.h, enum llama_ftype
WIDE = Shape(n_layer=8, n_embd=256, n_head=4, n_head_kv=2, n_ff=512, n_vocab=320, vocab="bytes")


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain Llama-shaped model in BF16, out of our converter."""
    folder = tmp_path_factory.mktemp("stock")
    sizes = {"hidden_size": 256, "head_dim": 64, "intermediate_size": 512, "num_hidden_layers": 8}
    checkpoints.write(folder / "model", "IQuestCoderForCausalLM", **sizes)
    convert(folder / "model", folder / "stock.gguf", "bf16")
    return folder / "stock.gguf"


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("loop") / "loop.gguf", WIDE)


@pytest.fixture(scope="module")
def eighty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Eighty layers: a plain model's, and those of a loop model of the same shape."""
    folder = tmp_path_factory.mktemp("eighty")
    looped = replace(stock_quantizer.SHAPES["80 layers"], passes=2, community=False)
    return stock_quantizer.source(folder / "plain.gguf", "80 layers"), write(folder / "loop.gguf", looped)


@pytest.mark.parametrize("kind", list(FTYPES))
def test_the_bytes_of_llama_cpp(tmp_path: Path, stock: Path, kind: str) -> None:
    lib = llama.bindings()
    params = lib.llama_model_quantize_default_params()
    params.ftype = FTYPES[kind]
    theirs = tmp_path / "theirs.gguf"
    assert lib.llama_model_quantize(os.fsencode(stock), os.fsencode(theirs), ctypes.byref(params)) == 0
    quantize(stock, tmp_path / "ours.gguf", Recipe(kind))
    assert (tmp_path / "ours.gguf").read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("name", ["converted", *stock_quantizer.SHAPES])
def test_the_bytes_of_the_stock_tool(tmp_path: Path, stock: Path, name: str) -> None:
    tool = os.environ.get("IQUEST_LLAMA_QUANTIZE")
    if not tool:
        pytest.skip("IQUEST_LLAMA_QUANTIZE names no llama-quantize of an unpatched llama.cpp")
    model = stock if name == "converted" else stock_quantizer.source(tmp_path / "source.gguf", name)
    matrix = stock_quantizer.matrix(tmp_path / "m.gguf", model)
    for kind in stock_quantizer.ONLY.get(name, stock_quantizer.KINDS):
        for importance in (None, matrix):
            stock_quantizer.run(tool, model, tmp_path / "theirs.gguf", kind, importance)
            quantize(model, tmp_path / "ours.gguf", Recipe(kind, imatrix=importance))
            assert (tmp_path / "ours.gguf").read_bytes() == (tmp_path / "theirs.gguf").read_bytes()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the bytes were recorded on x86-64")
@pytest.mark.parametrize("name", list(stock_quantizer.SHAPES))
def test_the_tensors_that_the_stock_tool_was_seen_to_make(tmp_path: Path, name: str) -> None:
    record = json.loads(stock_quantizer.RECORD.read_text("utf-8"))[name]
    model = stock_quantizer.source(tmp_path / "source.gguf", name)
    assert stock_quantizer.digest(model) == record["source"], "numpy draws other numbers: record anew"
    matrix = stock_quantizer.matrix(tmp_path / "m.gguf", model)
    for kind in stock_quantizer.ONLY.get(name, stock_quantizer.KINDS):
        quantize(model, tmp_path / "plain.gguf", Recipe(kind))
        quantize(model, tmp_path / "weighed.gguf", Recipe(kind, imatrix=matrix))
        assert stock_quantizer.digest(tmp_path / "plain.gguf") == record[kind]
        assert stock_quantizer.digest(tmp_path / "weighed.gguf") == record[f"{kind} imatrix"]


@pytest.mark.parametrize("kind", ["Q3_K_M", "Q4_K_S", "Q4_K_M"])
def test_eighty_layers_of_a_loop_model_too(tmp_path: Path, eighty: tuple[Path, Path], kind: str) -> None:
    shape = stock_quantizer.SHAPES["80 layers"]
    plain, looped = eighty
    quantize(plain, tmp_path / "p.gguf", Recipe(kind))
    quantize(looped, tmp_path / "l.gguf", Recipe(kind))
    types = {tensor.name: tensor.kind for tensor in read_header(tmp_path / "l.gguf").tensors}
    expected = {tensor.name: tensor.kind for tensor in read_header(tmp_path / "p.gguf").tensors}
    assert {name: types[name] for name in expected} == expected
    if kind in synth.MIXES:
        assert {tensor.name: int(tensor.kind) for tensor in synth.plan(replace(shape, passes=2), kind)} == types


@pytest.mark.parametrize("kind", ["Q4_K_M", "IQ4_XS", "Q5_K_M"])
def test_a_loop_models_layers_are_treated_as_a_plain_ones(tmp_path: Path, loop: Path, stock: Path, kind: str) -> None:
    quantize(loop, tmp_path / "loop.gguf", Recipe(kind))
    quantize(stock, tmp_path / "stock.gguf", Recipe(kind))
    mine = {tensor.name: tensor.kind for tensor in read_header(tmp_path / "loop.gguf").tensors}
    plain = {tensor.name: tensor.kind for tensor in read_header(tmp_path / "stock.gguf").tensors}
    assert {name: mine[name] for name in plain} == plain
    assert {mine[name] for name in mine if name not in plain} == {0}  # the gates


def test_the_synthesizer_knows_the_mixes(tmp_path: Path, loop: Path) -> None:
    for kind in synth.MIXES:
        quantize(loop, tmp_path / "q.gguf", Recipe(kind))
        found = {tensor.name: tensor.kind for tensor in read_header(tmp_path / "q.gguf").tensors}
        assert {tensor.name: int(tensor.kind) for tensor in synth.plan(WIDE, kind)} == found


def test_gates_of_community_files_become_f32(tmp_path: Path) -> None:
    shape = Shape(n_embd=256, n_head=4, n_head_kv=2, n_ff=256, community=True, gate_quantization="F16")
    source = write(tmp_path / "community.gguf", shape)
    quantize(source, tmp_path / "q.gguf", Recipe("Q8_0"))
    kinds = {tensor.name: tensor.kind for tensor in read_header(tmp_path / "q.gguf").tensors}
    assert kinds["blk.1.loop_gate.weight"] == 0
    tokens = np.random.default_rng(0).integers(0, 256, 40).astype(np.int32)
    model = Model.load(tmp_path / "q.gguf")
    found = evaluate(model, tokens, [40])
    model.close()
    expected = Oracle.from_gguf(tmp_path / "q.gguf").logits(tokens)
    assert np.abs(found - expected).max() / np.abs(expected).max() < 0.05  # activations are rounded to 8 bits


def test_an_importance_matrix_changes_the_weights_and_is_named(tmp_path: Path, loop: Path) -> None:
    matrix = stock_quantizer.matrix(tmp_path / "m.gguf", loop)
    quantize(loop, tmp_path / "with.gguf", Recipe("IQ4_XS", imatrix=matrix))
    quantize(loop, tmp_path / "without.gguf", Recipe("IQ4_XS"))
    fields = gguf.GGUFReader(tmp_path / "with.gguf").fields
    assert fields["quantize.imatrix.file"].contents() == str(matrix)
    assert fields["quantize.imatrix.chunks_count"].contents() == 2
    one, two = (
        {str(t.name): t.data.tobytes() for t in gguf.GGUFReader(tmp_path / name).tensors}
        for name in ("with.gguf", "without.gguf")
    )
    assert one["blk.3.attn_q.weight"] != two["blk.3.attn_q.weight"]
    assert one["blk.3.loop_gate.weight"] == two["blk.3.loop_gate.weight"]


def test_a_fitted_mix_has_the_size_that_was_promised(tmp_path: Path, loop: Path) -> None:
    header = read_header(loop)
    for target in (124_000_000, 125_000_000, 128_000_000):
        try:
            choice = choose(header, target, 1024)
        except IQuestError:
            continue
        quantize(loop, tmp_path / "q.gguf", Recipe(choice.kind, choice.overrides))
        assert sum(tensor.size or 0 for tensor in read_header(tmp_path / "q.gguf").tensors) == choice.weights


@pytest.mark.parametrize("width", [64, 60])  # rows of 64 and 96; rows that divide into no blocks and become F16
def test_rows_too_short_for_the_mixes_are_fitted_too(tmp_path: Path, width: int) -> None:
    shape = Shape(vocab="bytes", n_vocab=300, n_embd=width, n_head=4, n_head_kv=2)
    source = write(tmp_path / "m.gguf", replace(shape, head_dim=12) if width == 60 else shape)
    choice = choose(read_header(source), 10**9, 1024)
    assert set(choice.counts) == {"Q8_0"}
    quantize(source, tmp_path / "q.gguf", Recipe(choice.kind, choice.overrides))
    assert sum(tensor.size or 0 for tensor in read_header(tmp_path / "q.gguf").tensors) == choice.weights


def test_tensor_types_can_be_chosen(tmp_path: Path, loop: Path) -> None:
    quantize(loop, tmp_path / "q.gguf", Recipe("Q4_K_M", {r"attn_q\.weight": "Q8_0", "ffn_.*": "Q5_K"}))
    kinds = {
        tensor.name: gguf.GGMLQuantizationType(tensor.kind).name for tensor in read_header(tmp_path / "q.gguf").tensors
    }
    assert kinds["blk.0.attn_q.weight"] == "Q8_0"
    assert kinds["blk.0.ffn_down.weight"] == "Q5_K"
    assert kinds["blk.0.loop_gate.weight"] == "F32"
    for overrides in ({"(": "Q8_0"}, {"x": "Q9_Z"}):
        with pytest.raises(ModelError):
            quantize(loop, tmp_path / "q.gguf", Recipe("Q4_K_M", overrides))


@pytest.mark.parametrize("kind", ["I32", "F64", "Q8_1", "Q9", "IQ1_S"])
def test_types_that_are_none_of_weights(tmp_path: Path, loop: Path, kind: str) -> None:
    with pytest.raises(ModelError, match="is not a type of weights"):
        quantize(loop, tmp_path / "q.gguf", Recipe("Q4_K_M", {r"attn_v": kind}))


@pytest.mark.parametrize("kind", TENSOR_TYPES)
def test_every_type_of_weights_can_be_named(tmp_path: Path, loop: Path, kind: str) -> None:
    quantize(loop, tmp_path / "q.gguf", Recipe("Q8_0", {r"attn_v": kind}))
    header = read_header(tmp_path / "q.gguf")
    found = {gguf.GGMLQuantizationType(t.kind).name for t in header.tensors if ".attn_v." in t.name}
    assert found == {kind}


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "matrix.gguf"
    Importance({"blk.0.attn_q.weight": np.ones(64)}, {"blk.0.attn_q.weight": 1.0}, ("x",), 1, 32).write(path)
    with pytest.raises(ModelFileError, match="not a language model"):
        quantize(path, tmp_path / "q.gguf", Recipe("Q8_0"))


def test_a_quantized_source_is_refused_unless_asked_for(tmp_path: Path, loop: Path) -> None:
    quantize(loop, tmp_path / "q8.gguf", Recipe("Q8_0"))
    with pytest.raises(ModelFileError, match="quantized already"):
        quantize(tmp_path / "q8.gguf", tmp_path / "q4.gguf", Recipe("Q4_K_M"))
    assert not list(tmp_path.glob("q4*"))
    quantize(tmp_path / "q8.gguf", tmp_path / "q4.gguf", Recipe("Q4_K_M", requantize=True))


def test_the_command(tmp_path: Path, loop: Path) -> None:
    out = tmp_path / "q.gguf"
    assert CliRunner().invoke(command, [str(loop), str(out)]).exit_code == 2
    run = CliRunner().invoke(command, [str(loop), str(out), "q4_k_m"])
    assert run.exit_code == 0, run.output
    assert "bits per weight" in run.output
    assert CliRunner().invoke(command, [str(loop), str(out), "Q8_0"]).exit_code == 2
    refused = CliRunner().invoke(command, [str(loop), str(out), "--fit", "1MB", "--context", "512", "--overwrite"])
    assert refused.exit_code == 1
    assert "does not fit" in refused.output
    fitted = CliRunner().invoke(command, [str(loop), str(out), "--fit", "1GB", "--context", "2048", "--overwrite"])
    assert fitted.exit_code == 0, fitted.output
    assert "Q8_0" in fitted.output
    usual = CliRunner().invoke(command, [str(loop), str(out), "--fit", "1GB", "--overwrite"])
    assert f"for {WIDE.context} tokens" in usual.output  # it has no 32768


def test_a_synthetic_model_runs(tmp_path: Path) -> None:
    shape = Shape(
        n_layer=2,
        n_embd=256,
        n_head=4,
        n_head_kv=2,
        n_ff=512,
        n_vocab=320,
        vocab="bytes",
        parallel=True,
        gate_hidden=True,
    )
    synth.synthesize(tmp_path / "s.gguf", shape)
    model = Model.load(tmp_path / "s.gguf")
    rows = evaluate(model, np.arange(40, dtype=np.int32), [33, 1])
    model.close()
    assert np.isfinite(rows).all()
    assert np.ptp(rows) > 0
