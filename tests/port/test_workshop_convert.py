"""Converted checkpoints: equal to llama.cpp's own converter, and computing what the published weights mean."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.port import build
from quantize.convert import convert
from quantize.logits import evaluate
from quantize.oracle import Oracle, Shape
from tests.unit.quantize import checkpoints

LOOP, PARALLEL, LLAMA = "IQuestLoopCoderForCausalLM", "IQuestPLTCoderForCausalLM", "IQuestCoderForCausalLM"


def _oracle(settings: dict[str, Any], weights: dict[str, np.ndarray]) -> Oracle:
    """The oracle fed with the published names, without a GGUF in between."""
    shape = Shape(
        settings["num_hidden_layers"],
        settings["hidden_size"],
        settings["num_attention_heads"],
        settings["num_key_value_heads"],
        settings["head_dim"],
        2,
        8,
        settings["rms_norm_eps"],
        settings["rope_theta"],
        settings["head_dim"],
        embedding_scale=settings.get("plt_emb_scale", 0.0),
        hidden_scale=settings.get("plt_hidden_scale", 1.0),
        normalize=settings.get("plt_normalize_per_loop", False),
        position_offset=int("plt_num_loops" in settings),
        gate_hidden=settings.get("plt_gate_use_hidden_states", False),
    )
    found = {}
    parts = {
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "self_attn.plt_gate": "loop_gate",
        "self_attn.plt_gate.gate_norm": "loop_gate_norm",
    }
    whole = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    for name, value in weights.items():
        if name in whole:
            ours = whole[name]
        elif name.startswith("model.gate_projections."):
            _, _, layer, part = name.split(".")
            ours = f"blk.{layer}.loop_gate.{part}"
        else:
            layer, rest = name.removeprefix("model.layers.").split(".", 1)
            stem, part = rest.rsplit(".", 1)
            ours = f"blk.{layer}.{parts[stem]}.{part}"
        found[ours] = value.astype(np.float64)
    return Oracle(shape, found)


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [(LOOP, {}), (PARALLEL, {}), (PARALLEL, {"plt_gate_use_hidden_states": False}), (LOOP, {"num_key_value_heads": 4})],
)
def test_a_converted_model_computes_what_the_weights_mean(
    tmp_path: Path, architecture: str, changes: dict[str, Any]
) -> None:
    weights = checkpoints.write(tmp_path / "model", architecture, **changes)
    settings = checkpoints.config(architecture, 740, **changes)
    convert(tmp_path / "model", tmp_path / "out.gguf", "f32")
    tokens = np.random.default_rng(1).integers(3, 600, 60).astype(np.int32)
    expected = _oracle(settings, weights).logits(tokens)
    model = Model.load(tmp_path / "out.gguf")
    try:
        found = evaluate(model, tokens, [37, 1])
    finally:
        model.close()
    assert np.abs(found - expected).max() / np.abs(expected).max() < 1e-5


@pytest.fixture(scope="session")
def converter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """llama.cpp's converter out of the pinned source distribution."""
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"llama.cpp's converter needs {package}")
    archive = build.cache_folder() / build.SDIST
    if not archive.is_file():
        pytest.skip("the source distribution of the runtime is not in the cache")
    folder = tmp_path_factory.mktemp("llama.cpp")
    wanted = ("conversion/", "gguf-py/", "convert_hf_to_gguf.py")
    with tarfile.open(archive) as content:
        members = [m for m in content.getmembers() if m.name.split("/vendor/llama.cpp/", 1)[-1].startswith(wanted)]
        content.extractall(folder, members, filter="data")
    return next(folder.glob("*/vendor/llama.cpp/convert_hf_to_gguf.py"))


CHANGES: dict[str, dict[str, Any]] = {
    "plain": {},
    "biases": {"attention_bias": True, "mlp_bias": True, "head_dim": 32, "num_key_value_heads": 1},
    "llama3 rope, tied": {
        "tie_word_embeddings": True,
        "num_key_value_heads": 4,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 1024,
        },
    },
    "yarn": {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024}},
}
CASES = [
    ("plain", "f32"),
    ("plain", "f16"),
    ("plain", "bf16"),
    ("plain", "q8_0"),
    ("biases", "f16"),
    ("biases", "q8_0"),
    ("llama3 rope, tied", "bf16"),
    ("yarn", "q8_0"),
]
#: Runs the converter over many arguments: most of its time goes into importing its libraries.
RUNNER = """
import json, runpy, sys
for arguments in json.loads(sys.argv[-1]):
    sys.argv = ["convert_hf_to_gguf.py", *arguments]
    runpy.run_path(CONVERTER, run_name="__main__")
"""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, converter: Path) -> dict[tuple[str, str], tuple[Path, Path]]:
    """Our file and llama.cpp's for each case."""
    folder = tmp_path_factory.mktemp("pairs")
    result, arguments = {}, []
    for at, (change, kind) in enumerate(CASES):
        model, ours, theirs = folder / f"model{at}", folder / f"ours{at}.gguf", folder / f"theirs{at}.gguf"
        checkpoints.write(model, LLAMA, **CHANGES[change])
        convert(model, ours, kind)
        arguments.append([str(model), "--outfile", str(theirs), "--outtype", kind])
        result[change, kind] = ours, theirs
    code = RUNNER.replace("CONVERTER", repr(str(converter)))
    command = [sys.executable, "-c", code, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=converter.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    return result


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[f"{change}-{kind}" for change, kind in CASES])
def test_equal_to_llama_cpps_converter(pairs: dict[tuple[str, str], tuple[Path, Path]], case: tuple[str, str]) -> None:
    ours, theirs = (gguf.GGUFReader(path) for path in pairs[case])
    mine = {tensor.name: tensor for tensor in ours.tensors}
    assert set(mine) == {tensor.name for tensor in theirs.tensors}
    for tensor in theirs.tensors:
        assert mine[tensor.name].tensor_type == tensor.tensor_type, tensor.name
        assert np.array_equal(mine[tensor.name].data, tensor.data), tensor.name
        assert list(mine[tensor.name].shape) == list(tensor.shape)
    fields = {name: value.contents() for name, value in ours.fields.items() if not name.startswith("GGUF.")}
    reference = {name: value.contents() for name, value in theirs.fields.items() if not name.startswith("GGUF.")}
    assert {name: fields.get(name) for name in reference} == reference
    extra = {name.removeprefix("tokenizer.ggml.") for name in set(fields) - set(reference)}
    assert extra <= {
        "eos_token_id",
        "eot_token_id",
        "eom_token_id",
        "fim_pre_token_id",
        "fim_suf_token_id",
        "fim_mid_token_id",
        "fim_rep_token_id",
        "fim_sep_token_id",
        "fim_pad_token_id",
    }
