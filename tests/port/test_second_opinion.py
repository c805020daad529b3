"""The oracle and llama.cpp against mlx-lm's implementation, on cases harder than its own tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iquest_lsp.runtime.llama.model import Model
from quantize.oracle import Oracle
from quantize.random_model import Recipe, tensors
from tests.needed import needs
from tests.port.agreement import TOLERANCE, error, open_context, prefill, tokens_for

needs("mlx", 'mlx is not installed: pip install "mlx[cpu]" mlx-lm')
needs("mlx_lm", "mlx-lm is not installed: pip install mlx-lm")

RECIPES = [
    Recipe(seed=30),
    Recipe(n_head=8, n_head_kv=2, head_dim=24, window=16, rope_base=500000.0, seed=31),
    Recipe(n_layer=2, window=64, tied=True, seed=32),
]


def mlx_logits(recipe: Recipe, tokens: Any) -> Any:
    """mlx-lm's logits [n, vocab] for the weights of a recipe."""
    mx = pytest.importorskip("mlx.core")
    pytest.importorskip("mlx_lm.models.iquestloopcoder", reason="mlx-lm is too old: pip install --upgrade mlx-lm")
    from mlx_lm.models.iquestloopcoder import Model as MlxModel
    from mlx_lm.models.iquestloopcoder import ModelArgs

    mx.set_default_device(mx.cpu)
    model = MlxModel(
        ModelArgs(
            model_type="iquestloopcoder",
            hidden_size=recipe.n_embd,
            num_hidden_layers=recipe.n_layer,
            intermediate_size=recipe.n_ff,
            num_attention_heads=recipe.n_head,
            rms_norm_eps=1e-5,
            vocab_size=recipe.n_vocab,
            head_dim=recipe.key_length,
            num_key_value_heads=recipe.n_head_kv,
            rope_theta=recipe.rope_base,
            tie_word_embeddings=recipe.tied,
            loop_window_size=recipe.window,
        )
    )
    names = {
        "attn_norm.weight": "input_layernorm.weight",
        "attn_q.weight": "self_attn.q_proj.weight",
        "attn_k.weight": "self_attn.k_proj.weight",
        "attn_v.weight": "self_attn.v_proj.weight",
        "attn_output.weight": "self_attn.o_proj.weight",
        "ffn_norm.weight": "post_attention_layernorm.weight",
        "ffn_gate.weight": "mlp.gate_proj.weight",
        "ffn_up.weight": "mlp.up_proj.weight",
        "ffn_down.weight": "mlp.down_proj.weight",
    }
    ours = tensors(recipe)
    theirs = {
        "model.embed_tokens.weight": ours["token_embd.weight"],
        "model.norm.weight": ours["output_norm.weight"],
    }
    if not recipe.tied:
        theirs["lm_head.weight"] = ours["output.weight"]
    for i in range(recipe.n_layer):
        theirs |= {f"model.layers.{i}.{name}": ours[f"blk.{i}.{key}"] for key, name in names.items()}
        for part in ("weight", "bias"):
            theirs[f"model.gate_projections.{i}.{part}"] = ours[f"blk.{i}.loop_gate.{part}"]
    model.load_weights([(name, mx.array(value)) for name, value in theirs.items()], strict=True)
    return np.asarray(model(mx.array(np.asarray(tokens)[None]))[0])


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: f"window {recipe.window}")
def test_three_implementations_agree(recipe: Recipe, random_model: Callable[[Recipe], Path]) -> None:
    path = random_model(recipe)
    for n in (recipe.window, 3 * recipe.window + 5):
        tokens = tokens_for(recipe, n)
        theirs = mlx_logits(recipe, tokens)
        assert error(theirs, Oracle.from_gguf(path).logits(tokens)) <= TOLERANCE
        model = Model.load(path)
        context = open_context(model)
        assert error(prefill(context, tokens), theirs) <= 2 * TOLERANCE  # two float32 implementations
        context.close()
        model.close()
