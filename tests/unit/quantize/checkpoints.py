"""Synthetic checkpoints: the published configurations scaled down, random weights, a tokenizer trained on this code."""

from __future__ import annotations

import functools
import io
import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[3]
#: The 27 added tokens: 19 special ones, and the 8 that are not.
SPECIAL = (
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|eot|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|commit|>",
    "<|before|>",
    "<|action|>",
    "<|after|>",
    "<|diff|>",
    "<|pad|>",
)
PLAIN = (
    "<think>",
    "</think>",
    "<tools>",
    "</tools>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
)
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"


@functools.cache
def sentencepiece_bytes(vocabulary: int = 700) -> bytes:
    """A SentencePiece BPE model as the published one is made: identity, byte fallback, single digits, no prefix."""
    import sentencepiece

    files = sorted(ROOT.glob("iquest_lsp/**/*.py"))[:40]
    lines = [line[:2000] for path in files for line in path.read_text("utf-8").splitlines() if line.strip()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines[:6000]),
        model_writer=model,
        vocab_size=vocabulary,
        model_type="bpe",
        normalization_rule_name="identity",
        byte_fallback=True,
        split_digits=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        character_coverage=0.9995,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def write_sentencepiece(folder: Path, *, add_prefix_space: bool = False, padding: int = 13) -> int:
    """tokenizer.model and tokenizer_config.json; returns the model's vocabulary size, padded."""
    data = sentencepiece_bytes()
    (folder / "tokenizer.model").write_bytes(data)
    import sentencepiece

    base = sentencepiece.SentencePieceProcessor(model_proto=data).get_piece_size()
    decoder = {
        str(base + at): {
            "content": text,
            "special": text in SPECIAL,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "single_word": False,
        }
        for at, text in enumerate((*SPECIAL, *PLAIN))
    }
    settings = {
        "add_prefix_space": add_prefix_space,
        "add_bos_token": False,
        "add_eos_token": False,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<|pad|>",
        "added_tokens_decoder": decoder,
        "chat_template": TEMPLATE,
        "tokenizer_class": "LlamaTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    return base + len(decoder) + padding


def write_byte_level(folder: Path) -> int:
    """tokenizer.json, byte-level BPE; returns its size."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    from quantize.pretokenizers import QWEN2

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    files = sorted(ROOT.glob("iquest_lsp/*.py"))
    made.train_from_iterator([path.read_text("utf-8") for path in files], trainer)
    made.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    made.add_tokens([AddedToken(text, special=False, normalized=False) for text in PLAIN])
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|endoftext|>", "add_bos_token": False}))
    return int(made.get_vocab_size())


def config(architecture: str, vocabulary: int, **changes: Any) -> dict[str, Any]:
    """config.json of one of the published architectures, scaled down."""
    kinds = {
        "IQuestCoderForCausalLM": ("iquestcoder", {}),
        "IQuestLoopCoderForCausalLM": ("iquestloopcoder", {"loop_num": 2, "loop_window_size": 8}),
        "IQuestPLTCoderForCausalLM": (
            "iquestpltcoder",
            {
                "plt_num_loops": 2,
                "plt_window_size": [8, 0],
                "plt_normalize_per_loop": True,
                "plt_emb_scale": 0.707,
                "plt_hidden_scale": 0.053,
                "plt_gate_use_hidden_states": True,
            },
        ),
    }
    kind, extra = kinds[architecture]
    return {
        "architectures": [architecture],
        "model_type": kind,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": [2, vocabulary - 41 + 1, vocabulary - 41 + 2],
        "head_dim": 16,
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.02,
        "intermediate_size": 96,
        "max_position_embeddings": 4096,
        "mlp_bias": False,
        "num_attention_heads": 4,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5,
        "rope_scaling": None,
        "rope_theta": 500000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.52.4",
        "use_cache": True,
        "vocab_size": vocabulary,
        **extra,
        **changes,
    }


def tensors(settings: dict[str, Any], seed: int = 0) -> dict[str, NDArray[Any]]:
    """Random weights by their published names, large gates, float32."""
    draw = np.random.default_rng(seed)
    wide, heads, kept = settings["hidden_size"], settings["num_attention_heads"], settings["num_key_value_heads"]
    size, inner = settings["head_dim"] or wide // heads, settings["intermediate_size"]

    def matrix(rows: int, columns: int, gain: float = 1.0) -> NDArray[np.float32]:
        return (draw.standard_normal((rows, columns)) * gain / np.sqrt(columns)).astype(np.float32)

    def norm() -> NDArray[np.float32]:
        return (1 + 0.2 * draw.standard_normal(wide)).astype(np.float32)

    result = {"model.embed_tokens.weight": draw.standard_normal((settings["vocab_size"], wide)).astype(np.float32)}
    for i in range(settings["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        result |= {
            layer + "input_layernorm.weight": norm(),
            layer + "self_attn.q_proj.weight": matrix(heads * size, wide, 1.5),
            layer + "self_attn.k_proj.weight": matrix(kept * size, wide, 1.5),
            layer + "self_attn.v_proj.weight": matrix(kept * size, wide),
            layer + "self_attn.o_proj.weight": matrix(wide, heads * size),
            layer + "post_attention_layernorm.weight": norm(),
            layer + "mlp.gate_proj.weight": matrix(inner, wide),
            layer + "mlp.up_proj.weight": matrix(inner, wide),
            layer + "mlp.down_proj.weight": matrix(wide, inner),
        }
        if settings["attention_bias"]:
            for name, rows in (("q", heads * size), ("k", kept * size), ("v", kept * size), ("o", wide)):
                result[f"{layer}self_attn.{name}_proj.bias"] = draw.standard_normal(rows).astype(np.float32)
        if settings["mlp_bias"]:
            for name, rows in (("gate", inner), ("up", inner), ("down", wide)):
                result[f"{layer}mlp.{name}_proj.bias"] = draw.standard_normal(rows).astype(np.float32)
        if "loop_num" in settings:
            result[f"model.gate_projections.{i}.weight"] = matrix(heads, size, 3.0)
            result[f"model.gate_projections.{i}.bias"] = draw.standard_normal(heads).astype(np.float32)
        if "plt_num_loops" in settings:
            hidden = settings["plt_gate_use_hidden_states"]
            gate = layer + "self_attn.plt_gate."
            result[gate + "weight"] = matrix(heads, wide if hidden else size, 3.0)
            result[gate + "bias"] = draw.standard_normal(heads).astype(np.float32)
            if hidden:
                result[gate + "gate_norm.weight"] = norm()
    result["model.norm.weight"] = norm()
    if not settings["tie_word_embeddings"]:
        result["lm_head.weight"] = matrix(settings["vocab_size"], wide, 3.0)
    return result


def write(
    folder: Path, architecture: str, *, shards: int = 3, dtype: Any = ml_dtypes.bfloat16, seed: int = 0, **changes: Any
) -> dict[str, NDArray[Any]]:
    """A whole model folder; returns the weights as stored."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = config(architecture, write_sentencepiece(folder), **changes)
    (folder / "config.json").write_text(json.dumps(settings), "utf-8")
    weights = {name: value.astype(dtype) for name, value in tensors(settings, seed).items()}
    names, index = list(weights), {}
    for at in range(shards):
        file = f"model-{at + 1:05d}-of-{shards:05d}.safetensors"
        mine = names[at::shards]
        save_file({name: weights[name] for name in mine}, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(mine, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}), "utf-8")
    return weights
