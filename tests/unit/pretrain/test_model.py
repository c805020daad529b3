"""The torch model against the float64 oracle and the ported llama.cpp, and the file in between."""

# ruff: noqa: E402  (what needs torch is imported after the check for it)

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='training needs the workshop extra: pip install ".[workshop]"')

from iquest_lsp.errors import ModelFileError, RuntimeSetupError
from iquest_lsp.runtime.llama import model as llama
from iquest_lsp.runtime.llama.context import Context
from quantize import random_model
from quantize.oracle import Oracle, Wrong
from quantize.pretrain import export, reader
from quantize.pretrain.model import LoopModel, global_attention
from quantize.pretrain.run import Run

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def hard(finished: tuple[Run, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[LoopModel, Path]:
    """A random model in float32 whose gates matter, and its file; the tokenizer is that of the tiny run."""
    run = finished[0]
    cleaned, key = run.stages.clean()
    tokenizer, _ = run.stages.tokenizer(cleaned, key)
    recipe = dataclasses.replace(run.recipe, model=dataclasses.replace(run.recipe.model, heads=4, kv_heads=2))
    torch.manual_seed(5)
    model = LoopModel(recipe.model, tokenizer.get_vocab_size())
    with torch.no_grad():
        model.embedding.mul_(20)
        model.loop_weight.normal_(std=1.0)
        model.loop_bias.normal_(std=0.5)
        model.out.mul_(2)
    path = tmp_path_factory.mktemp("hard") / "hard.gguf"
    state = {name: weight.numpy() for name, weight in model.state_dict().items()}
    export.write(path, recipe, export.tensors(state, recipe.model.layers), tokenizer, quantized=False)
    return model, path


def _tokens(count: int) -> list[int]:
    return np.random.default_rng(3).integers(9, 400, count).tolist()


def _torch_logits(model: LoopModel, tokens: list[int], passes: int) -> np.ndarray:
    with torch.no_grad():
        return model.logits(model.hidden(torch.tensor([tokens]), passes)[-1])[0].numpy()


def _error(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.abs(left - right).max() / np.abs(right).max())


@pytest.mark.parametrize("count", [1, 7, 8, 9, 61, 300])
@pytest.mark.parametrize("passes", [1, 2])
def test_torch_agrees_with_the_oracle(hard: tuple[LoopModel, Path], count: int, passes: int) -> None:
    model, path = hard
    tokens = _tokens(count)
    assert _error(_torch_logits(model, tokens, passes), Oracle.from_gguf(path).logits(tokens, depth=passes)) < 1e-5


@pytest.mark.parametrize("wrong", [Wrong.GLOBAL_ON_OWN_KV, Wrong.NO_WINDOW, Wrong.WINDOW_OFF_BY_ONE])
def test_wrong_variants_are_told_apart(hard: tuple[LoopModel, Path], wrong: Wrong) -> None:
    model, path = hard
    tokens = _tokens(61)
    assert _error(_torch_logits(model, tokens, 2), Oracle.from_gguf(path).logits(tokens, wrong=wrong)) > 1e-3


def test_llama_cpp_agrees_with_torch(hard: tuple[LoopModel, Path]) -> None:
    _need_the_port()
    model, path = hard
    tokens = _tokens(300)
    assert _error(_engine_logits(path, tokens), _torch_logits(model, tokens, 2)) < 1e-5


def test_the_quantized_file_agrees_with_its_reading(finished: tuple[Run, Path]) -> None:
    _need_the_port()
    path = finished[1]
    file = reader.read(path)
    tokens = _tokens(100)
    ours = _torch_logits(file.model, tokens, 2)
    assert _error(ours, Oracle.from_gguf(path).logits(tokens)) < 1e-5
    # llama.cpp also rounds activations to 8 bits before it multiplies them with Q8_0 weights.
    assert _error(_engine_logits(path, tokens), ours) < 0.05


def test_quantization_stays_close_to_the_trained_weights(finished: tuple[Run, Path]) -> None:
    run, path = finished
    state, again = run.trainer.model.state_dict(), reader.read(path).model.state_dict()
    assert state.keys() == again.keys()
    for name, weight in state.items():
        exact = name.endswith("norm") or name.startswith("loop")
        assert torch.allclose(weight, again[name], rtol=0, atol=0 if exact else float(weight.abs().max()) / 127), name


def test_half_precision_stays_near(hard: tuple[LoopModel, Path]) -> None:
    model, _ = hard
    half = LoopModel(model.recipe, model.embedding.shape[0], half=True)
    half.load_state_dict(model.state_dict())
    tokens = _tokens(200)
    with torch.no_grad():
        ours = half.logits(half.hidden(torch.tensor([tokens]), 2)[-1])[0].float().numpy()
    assert _error(ours, _torch_logits(model, tokens, 2)) < 0.1


def test_attention_leaves_no_trace_of_the_future() -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(1, 4, 200, 8), torch.randn(1, 2, 200, 8), torch.randn(1, 2, 200, 8)
    slopes = torch.tensor([0.5, 0.1, 0.02, 0.004])
    before = global_attention(q, k, v, slopes)
    k[:, :, 150:], v[:, :, 150:] = 9.0, 9.0
    assert torch.equal(before[:, :, :150], global_attention(q, k, v, slopes)[:, :, :150])


@pytest.mark.parametrize("recipe", [random_model.Recipe(community=True), random_model.Recipe()])
def test_a_foreign_file_is_refused(tmp_path: Path, recipe: random_model.Recipe) -> None:
    path = random_model.write(tmp_path / "other.gguf", recipe)
    with pytest.raises(ModelFileError):
        reader.read(path)


def _engine_logits(path: Path, tokens: list[int]) -> np.ndarray:
    model = llama.Model.load(path)
    context = Context(
        model, n_ctx=512, n_batch=512, n_ubatch=512, type_k="f32", type_v="f32", flash_attn=False, n_threads=1
    )
    context.decode(tokens, list(range(len(tokens))), logits="all")
    result = np.stack([context.logits(at) for at in range(len(tokens))])
    context.close()
    model.close()
    return result


def _need_the_port() -> None:
    try:
        present = llama.is_ported()
    except RuntimeSetupError:
        present = False
    if not present:
        pytest.skip("the ported llama.cpp is not installed: iquest-lsp runtime build")
