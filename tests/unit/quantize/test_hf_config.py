"""config.json: what is used, what is without effect, and what must not be passed over."""

from __future__ import annotations

from typing import Any

import pytest

from iquest_lsp.errors import CheckpointError
from quantize.hf_config import Family, parse
from tests.unit.quantize.checkpoints import config

LOOP, PARALLEL, LLAMA = "IQuestLoopCoderForCausalLM", "IQuestPLTCoderForCausalLM", "IQuestCoderForCausalLM"


def test_the_three_families() -> None:
    assert parse(config(LLAMA, 800)).loop is None
    loop = parse(config(LOOP, 800)).loop
    assert loop is not None
    assert (loop.passes, loop.window, loop.embedding_scale, loop.hidden_scale) == (2, 8, 0.0, 1.0)
    parallel = parse(config(PARALLEL, 800))
    assert parallel.family is Family.PARALLEL
    assert parallel.loop is not None
    assert (parallel.loop.embedding_scale, parallel.loop.hidden_scale) == (0.707, 0.053)
    assert parallel.loop.position_offset == 1
    assert parallel.loop.gate_hidden


def test_null_scales_are_one_and_the_offset_can_be_set() -> None:
    settings = config(PARALLEL, 800, plt_emb_scale=None, plt_hidden_scale=None, plt_gate_use_hidden_states=False)
    loop = parse(settings, offset=0).loop
    assert loop is not None
    assert (loop.embedding_scale, loop.hidden_scale, loop.position_offset, loop.gate_hidden) == (1.0, 1.0, 0, False)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("qk_layernorm", True),
        ("loop_gate_temperature", 2.0),
        ("sliding_window", 4096),
        ("use_sliding_window", True),
        ("hidden_act", "gelu"),
        ("quantization_config", {"bits": 4}),
        ("rope_scaling", {"type": "dynamic"}),
        ("rope_scaling", {"type": "yarn", "factor": 4.0}),
        ("num_experts", 8),
        ("partial_rotary_factor", 0.5),
        ("rope_scaling", "yes"),
        ("attention_bias", "no"),
        ("hidden_size", 0),
        ("hidden_size", 64.5),
        ("num_attention_heads", 3),
        ("head_dim", 15),
        ("rms_norm_eps", float("nan")),
        ("mlp_bias", True),
        ("vocab_size", True),
        ("architectures", ["LlamaForCausalLM"]),
        ("architectures", None),
        ("eos_token_id", ["</s>"]),
        ("num_hidden_layers", -1),
        ("layer_types", ["full_attention"]),
        ("layer_types", ["full_attention", "full_attention", "sliding_attention"]),
        ("loop_num", 5),
        ("num_hidden_layers", 300),
        ("eos_token_id", True),
        ("pruned_heads", {"0": [1]}),
    ],
)
def test_what_would_change_the_mathematics_is_an_error(key: str, value: Any) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json|architecture"):
        parse(config(LOOP, 800, **{key: value}))


def test_another_familys_keys_are_errors() -> None:
    with pytest.raises(CheckpointError, match="loop_num"):
        parse(config(LLAMA, 800, loop_num=2))
    with pytest.raises(CheckpointError, match="plt_window_size"):
        parse(config(PARALLEL, 800, plt_window_size=[64, 3]))


def test_the_way_out_is_named_and_works() -> None:
    with pytest.raises(CheckpointError, match="--ignore-key mystery"):
        parse(config(LOOP, 800, mystery=1))
    parse(config(LOOP, 800, mystery=1), ignore=["mystery"])
    parse(config(LOOP, 800, mystery=None, use_sliding_window=False, auto_map={}, torch_dtype="float16"))


def test_newer_files_have_rope_parameters() -> None:
    settings = config(LLAMA, 800)
    del settings["rope_theta"], settings["rope_scaling"]
    settings["rope_parameters"] = {"rope_theta": 12345.0, "rope_type": "default"}
    found = parse(settings)
    assert (found.rope_theta, found.scaling) == (12345.0, {})


def test_what_newer_files_spell_out_is_without_effect() -> None:
    plain = parse(config(LOOP, 800))
    for changes in (
        {"layer_types": ["full_attention"] * 3},
        {"use_sliding_window": False, "sliding_window": 4096},
        {"pruned_heads": {}, "num_return_sequences": 1, "bad_words_ids": None, "early_stopping": False},
    ):
        assert parse(config(LOOP, 800, **changes)) == plain
