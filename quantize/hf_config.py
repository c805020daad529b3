"""A published model's config.json as the facts that a GGUF needs.

Every key is known to be used, to be without effect on the mathematics, or to have the one value that the mathematics
here assume; any other key is an error, since nobody can tell what it would change. Sources: docs/loop-models.md and the
published configuration classes of the IQuestCoder family.
"""

from __future__ import annotations

import enum
import math
import textwrap
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from iquest_lsp.errors import CheckpointError
from quantize.model_keys import Loop


class Family(enum.Enum):
    """The three architectures, by their name in config.json."""

    LLAMA = "IQuestCoderForCausalLM"
    LOOP = "IQuestLoopCoderForCausalLM"
    PARALLEL = "IQuestPLTCoderForCausalLM"


_USED = {
    "architectures",
    "model_type",
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "rms_norm_eps",
    "rope_theta",
    "rope_scaling",
    "rope_parameters",
    "tie_word_embeddings",
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "attention_bias",
    "mlp_bias",
}
_USED_BY = {
    Family.LLAMA: set(),
    Family.LOOP: {"loop_num", "loop_window_size"},
    Family.PARALLEL: {
        "plt_num_loops",
        "plt_window_size",
        "plt_normalize_per_loop",
        "plt_emb_scale",
        "plt_hidden_scale",
        "plt_gate_use_hidden_states",
        "plt_clp_shift",
    },
}
#: Bookkeeping, training and sampling: nothing that the weights' meaning depends on.
_WITHOUT_EFFECT = {
    "_name_or_path",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "use_cache",
    "initializer_range",
    "auto_map",
    "attention_dropout",
    "hidden_dropout",
    "resid_pdrop",
    "embd_pdrop",
    "output_attentions",
    "output_hidden_states",
    "return_dict",
    "use_return_dict",
    "torchscript",
    "pretraining_tp",
    "gradient_checkpointing",
    "id2label",
    "label2id",
    "num_labels",
    "problem_type",
    "task_specific_params",
    "_commit_hash",
    "_attn_implementation",
    "_attn_implementation_internal",
    "attn_implementation",
    "unk_token_id",
    "sep_token_id",
    "decoder_start_token_id",
    "temperature",
    "top_p",
    "top_k",
    "do_sample",
    "max_length",
    "min_length",
    "num_beams",
    "repetition_penalty",
    "keys_to_ignore_at_inference",
    "finetuning_task",
    "tokenizer_class",
    "prefix",
    "cache_implementation",
    "max_window_layers",
    "bad_words_ids",
    "begin_suppress_tokens",
    "chunk_size_feed_forward",
    "cross_attention_hidden_size",
    "diversity_penalty",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "length_penalty",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_return_sequences",
    "output_scores",
    "remove_invalid_values",
    "return_dict_in_generate",
    "suppress_tokens",
    "tf_legacy_loss",
    "typical_p",
    "use_bfloat16",
}
#: Keys that would change the mathematics, with the values that do not.
_FIXED: dict[str, tuple[Any, ...]] = {
    "hidden_act": ("silu", "swish"),
    "use_sliding_window": (False,),
    "sliding_window": (),
    "quantization_config": (),
    "clip_qkv": (),
    "qk_norm": (False,),
    "use_qk_norm": (False,),
    "partial_rotary_factor": (1, 1.0),
    "rope_interleaved": (False,),
    "logit_scale": (1, 1.0),
    "attention_multiplier": (),
    "embedding_multiplier": (1, 1.0),
    "residual_multiplier": (1, 1.0),
    "is_decoder": (True, False),  # causal either way in these classes
    "is_encoder_decoder": (False,),
    "add_cross_attention": (False,),
    "tie_encoder_decoder": (False,),
    "pruned_heads": ({}, []),
}
_FULL_ATTENTION = "full_attention"
#: Limits of the port (iquestloopcoder.cpp) and of llama.cpp, which counts layers times passes.
_MOST_PASSES, _MOST_LAYERS = 4, 512


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a model; `scaling` is its rope_scaling as published, {} for none."""

    family: Family
    n_vocab: int
    n_embd: int
    n_ff: int
    n_layer: int
    n_head: int
    n_head_kv: int
    head_dim: int
    head_dim_given: bool
    context: int
    eps: float
    rope_theta: float
    tied: bool
    attention_bias: bool
    mlp_bias: bool
    loop: Loop | None
    scaling: dict[str, Any] = field(default_factory=dict)
    eos_ids: tuple[int, ...] = ()


def parse(config: dict[str, Any], ignore: Collection[str] = (), offset: int | None = None) -> ModelConfig:
    """Reads a configuration; `ignore` names keys to leave out, `offset` sets the Parallel variant's position offset.

    Raises CheckpointError that names the key.
    """
    config = {key: value for key, value in config.items() if key not in ignore}
    family = _family(config)
    _check_keys(config, family)
    read = _Reader(config)
    n_embd, n_head = read.size("hidden_size"), read.size("num_attention_heads")
    n_head_kv = read.size("num_key_value_heads", n_head)
    if n_head % n_head_kv:
        raise CheckpointError(f"config.json has {n_head} heads that share {n_head_kv} keys, which do not divide them")
    if config.get("head_dim") is None and n_embd % n_head:
        raise CheckpointError(f"config.json has no head_dim, and {n_head} heads do not divide a width of {n_embd}")
    head_dim = read.size("head_dim", n_embd // n_head)
    if head_dim % 2:
        raise CheckpointError(f"config.json has a head_dim of {head_dim}; rotary embeddings need an even one")
    theta, scaling = _rope(config, read)
    eos = config.get("eos_token_id")
    eos_ids = tuple(eos) if isinstance(eos, list) else () if eos is None else (eos,)
    if not all(type(token) is int and token >= 0 for token in eos_ids):
        raise CheckpointError(f"config.json has an eos_token_id of {eos!r}")
    if config.get("mlp_bias") and family is not Family.LLAMA:
        raise CheckpointError("config.json has mlp_bias, which Loop models do not have in llama.cpp")
    loop, n_layer = _loop(family, config, read, offset), read.size("num_hidden_layers")
    if loop is not None and (loop.passes > _MOST_PASSES or loop.passes * n_layer > _MOST_LAYERS):
        raise CheckpointError(
            f"config.json has {loop.passes} passes of {n_layer} layers",
            why=f"the port runs at most {_MOST_PASSES} passes, and {_MOST_LAYERS} layers in all of them",
        )
    return ModelConfig(
        family,
        read.size("vocab_size"),
        n_embd,
        read.size("intermediate_size"),
        n_layer,
        n_head,
        n_head_kv,
        head_dim,
        config.get("head_dim") is not None,
        read.size("max_position_embeddings"),
        read.number("rms_norm_eps", 1e-5),
        theta,
        read.flag("tie_word_embeddings", False),
        read.flag("attention_bias", False),
        read.flag("mlp_bias", False),
        loop,
        scaling,
        eos_ids,
    )


def _family(config: dict[str, Any]) -> Family:
    names = config.get("architectures")
    known = ", ".join(family.value for family in Family)
    if not isinstance(names, list) or len(names) != 1:
        raise CheckpointError(f"config.json has architectures of {names!r}", fix=f"One of {known} can be converted")
    try:
        return Family(names[0])
    except ValueError as error:
        raise CheckpointError(
            f"A model of the architecture {names[0]} cannot be converted here",
            why=f"only {known} can",
            fix="Use the converter of llama.cpp",
        ) from error


def _check_keys(config: dict[str, Any], family: Family) -> None:
    for key, value in sorted(config.items()):
        if key in _USED or key in _USED_BY[family] or key in _WITHOUT_EFFECT or value is None:
            continue
        if key in _FIXED and value in _FIXED[key]:
            continue
        if key == "layer_types" and value == [_FULL_ATTENTION] * _count(config):
            continue
        if key == "sliding_window" and config.get("use_sliding_window") is False:
            continue  # a size that is not used
        known = key in _FIXED or key == "layer_types"
        raise CheckpointError(
            f"config.json has {key} = {textwrap.shorten(repr(value), 80)}",
            why="that changes what the model computes, and the port computes it otherwise"
            if known
            else "this key is unknown here and may change what the model computes",
            fix=f"If you know that it has no effect, pass --ignore-key {key}",
        )


def _count(config: dict[str, Any]) -> int:
    value = config.get("num_hidden_layers")
    return value if type(value) is int and 0 < value <= _MOST_LAYERS else 0


def _rope(config: dict[str, Any], read: _Reader) -> tuple[float, dict[str, Any]]:
    """Base and scaling, from `rope_scaling` or from `rope_parameters`, which newer files have in its place."""
    parameters = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(parameters, dict):
        raise CheckpointError(f"config.json has a rope_scaling of {parameters!r}")
    scaling = {key: value for key, value in parameters.items() if key != "rope_theta"}
    theta = read.number("rope_theta", parameters.get("rope_theta", 10000.0))
    kind = scaling.get("rope_type", scaling.get("type"))
    allowed = {
        "linear": {"factor"},
        "llama3": {
            "factor",
            "low_freq_factor",
            "high_freq_factor",
            "original_max_position_embeddings",
        },
        "yarn": {
            "factor",
            "original_max_position_embeddings",
            "extrapolation_factor",
            "attention_factor",
            "attn_factor",
            "beta_fast",
            "beta_slow",
        },
    }
    if kind in (None, "default") and not set(scaling) - {"rope_type", "type"}:
        return theta, {}
    if kind not in allowed:
        raise CheckpointError(f"config.json has a rope_scaling of the type {kind!r}", why="it is not known here")
    odd = set(scaling) - allowed[kind] - {"rope_type", "type"}
    if odd or not isinstance(scaling.get("factor"), (int, float)):
        raise CheckpointError(f"config.json has a rope_scaling of {parameters!r}", why="its keys are not all known")
    if kind == "yarn" and "original_max_position_embeddings" not in scaling:
        raise CheckpointError("config.json has a rope_scaling without original_max_position_embeddings")
    return theta, scaling | {"rope_type": kind}


def _loop(family: Family, config: dict[str, Any], read: _Reader, offset: int | None) -> Loop | None:
    if offset is not None and family is not Family.PARALLEL:
        raise CheckpointError("A position offset is a matter of the Parallel variant only")
    if family is Family.LLAMA:
        return None
    if family is Family.LOOP:
        return Loop(read.size("loop_num", 2), read.size("loop_window_size", 64))
    window = config.get("plt_window_size")
    window = [64, 0] if window is None else window
    if not (isinstance(window, list) and len(window) == 2 and window[1] == 0 and _is_size(window[0])):
        raise CheckpointError(
            f"config.json has a plt_window_size of {window!r}", why="only [tokens to the left, 0] is known"
        )
    shift = config.get("plt_clp_shift")
    if shift is not None and not isinstance(shift, bool):
        raise CheckpointError(f"config.json has a plt_clp_shift of {shift!r}")
    chosen = offset if offset is not None else 1 if shift is None else int(shift)
    return Loop(
        read.size("plt_num_loops", 2),
        window[0],
        True,
        read.number("plt_emb_scale", 1.0, positive=False),
        read.number("plt_hidden_scale", 1.0, positive=False),
        read.flag("plt_normalize_per_loop", True),
        chosen,
        read.flag("plt_gate_use_hidden_states", False),
    )


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31


class _Reader:
    """Values of a configuration with their type checked; null and absent mean the default."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    def size(self, key: str, default: int | None = None) -> int:
        value = self._value(key, default)
        if not _is_size(value):
            raise CheckpointError(f"config.json has {key} = {value!r}", why="a positive integer is needed")
        return int(value)

    def number(self, key: str, default: float, positive: bool = True) -> float:
        value = self._value(key, default)
        fine = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not fine or (positive and value <= 0):
            raise CheckpointError(f"config.json has {key} = {value!r}", why="a number is needed")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise CheckpointError(f"config.json has {key} = {value!r}", why="true or false is needed")
        return value

    def _value(self, key: str, default: Any) -> Any:
        value = self._config.get(key)
        if value is None:
            if default is None:
                raise CheckpointError(f"config.json has no {key}")
            return default
        return value
