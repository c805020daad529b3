"""Reads a model file back: what is evaluated is what ships, quantization included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.decode.copy_mixture import COPYING_KEY
from quantize.model_keys import ARCHITECTURE
from quantize.pretrain import gguf_tokenizer
from quantize.pretrain.model import LoopModel
from quantize.pretrain.recipe import ModelRecipe


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file's contents: the model with its weights dequantized to float32, its tokenizer, and what it says of
    copying (iquest_lsp/runtime/decode/copy_mixture.py)."""

    model: LoopModel
    tokenizer: Tokenizer
    size: int
    copying: str = ""


def read(path: Path) -> ModelFile:
    """Loads a file that export.write made. Raises ModelFileError for anything else."""
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields.get("general.architecture") != ARCHITECTURE:
        raise ModelFileError(f"{path.name} is no {ARCHITECTURE} model")
    if "tokenizer.ggml.merges" not in fields or not fields.get(f"{ARCHITECTURE}.attention.max_alibi_bias"):
        raise ModelFileError(f"{path.name} was not made by this workshop", why="it has no merges or no ALiBi")
    weights = {item.name: gguf.quants.dequantize(item.data, item.tensor_type) for item in reader.tensors}
    recipe = _recipe(fields)
    model = LoopModel(recipe, len(fields["tokenizer.ggml.tokens"]))
    model.load_state_dict({name: torch.tensor(value) for name, value in _stacked(weights, recipe.layers).items()})
    copying = str(fields.get(COPYING_KEY, ""))
    return ModelFile(model.eval(), gguf_tokenizer.from_fields(fields), path.stat().st_size, copying)


def _recipe(fields: dict[str, Any]) -> ModelRecipe:
    def value(key: str) -> Any:
        return fields[f"{ARCHITECTURE}.{key}"]

    return ModelRecipe(
        width=value("embedding_length"),
        layers=value("block_count"),
        heads=value("attention.head_count"),
        kv_heads=value("attention.head_count_kv"),
        head_size=value("attention.key_length"),
        feed_forward=value("feed_forward_length"),
        passes=value("loop.num"),
        window=value("loop.window_size"),
        max_alibi_bias=value("attention.max_alibi_bias"),
        epsilon=value("attention.layer_norm_rms_epsilon"),
    )


def _stacked(weights: dict[str, Any], layers: int) -> dict[str, Any]:
    def stack(name: str, kind: str = "weight") -> Any:
        return np.stack([weights[f"blk.{layer}.{name}.{kind}"] for layer in range(layers)])

    return {
        "embedding": weights["token_embd.weight"],
        "query": stack("attn_q"),
        "key": stack("attn_k"),
        "value": stack("attn_v"),
        "out": stack("attn_output"),
        "gate_up": np.concatenate((stack("ffn_gate"), stack("ffn_up")), axis=1),
        "down": stack("ffn_down"),
        "attention_norm": stack("attn_norm"),
        "feed_forward_norm": stack("ffn_norm"),
        "final_norm": weights["output_norm.weight"],
        "loop_weight": stack("loop_gate"),
        "loop_bias": stack("loop_gate", "bias"),
    }
