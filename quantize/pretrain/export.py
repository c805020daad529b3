"""Writes a trained model as GGUF: Q8_0 matrices, F32 norms and gates, the tokenizer, the prompt layout."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from iquest_lsp.context.prompt import LAYOUT_VERSION
from iquest_lsp.runtime.models.planner import WINDOW_KEY
from quantize import model_keys
from quantize.model_keys import ARCHITECTURE, Geometry, Loop
from quantize.pretrain import tokenizer as vocabulary
from quantize.pretrain.recipe import Recipe

#: The widest head's slope is 2^-16, so a distance of this many positions costs it two nats.
CONTEXT = 131_072

Array = NDArray[np.float32]


def write(path: Path, recipe: Recipe, weights: dict[str, Array], tokenizer: Tokenizer, quantized: bool = True) -> None:
    """The model file; `weights` by the names of tensors() in their GGUF spelling, all float32."""
    writer = gguf.GGUFWriter(path, ARCHITECTURE)
    _metadata(writer, recipe, quantized)
    _vocabulary(writer, tokenizer)
    for name, weight in weights.items():
        if quantized and weight.ndim == 2 and "loop_gate" not in name:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors(state: dict[str, Array], layers: int) -> dict[str, Array]:
    """GGUF tensors from the stacked weights of model.LoopModel; there is no rotation, so Q and K keep their rows."""
    result = {"token_embd.weight": state["embedding"]}
    for layer in range(layers):
        gate, up = np.split(state["gate_up"][layer], 2)
        for name, weight in (
            ("attn_norm", state["attention_norm"][layer]),
            ("attn_q", state["query"][layer]),
            ("attn_k", state["key"][layer]),
            ("attn_v", state["value"][layer]),
            ("attn_output", state["out"][layer]),
            ("ffn_norm", state["feed_forward_norm"][layer]),
            ("ffn_gate", gate),
            ("ffn_up", up),
            ("ffn_down", state["down"][layer]),
            ("loop_gate", state["loop_weight"][layer]),
        ):
            result[f"blk.{layer}.{name}.weight"] = weight
        result[f"blk.{layer}.loop_gate.bias"] = state["loop_bias"][layer]
    result["output_norm.weight"] = state["final_norm"]
    return {name: np.ascontiguousarray(weight, np.float32) for name, weight in result.items()}


def _metadata(writer: gguf.GGUFWriter, recipe: Recipe, quantized: bool) -> None:
    model = recipe.model
    kind = gguf.LlamaFileType.MOSTLY_Q8_0 if quantized else gguf.LlamaFileType.ALL_F32
    writer.add_name(recipe.name)
    writer.add_description(recipe.description)
    writer.add_license(recipe.licence)
    writer.add_languages(["en"])
    writer.add_tags(["code", "fill-in-the-middle", "python"])
    writer.add_file_type(kind)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    geometry = Geometry(
        model.layers,
        CONTEXT,
        model.width,
        model.feed_forward,
        model.heads,
        model.kv_heads,
        model.epsilon,
        model.head_size,
        max_alibi_bias=model.max_alibi_bias,
        loop=Loop(model.passes, model.window),
    )
    model_keys.write(writer, ARCHITECTURE, geometry.keys())
    writer.add_string("iquest.fim.order", "spm")
    writer.add_uint32("iquest.prompt.version", LAYOUT_VERSION)
    writer.add_uint32(WINDOW_KEY, max(recipe.pack.lengths))  # further context than in training brings it nothing


def _vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    table = json.loads(tokenizer.to_str())["model"]
    tokens = [text for text, _ in sorted(table["vocab"].items(), key=lambda pair: pair[1])]
    special = vocabulary.special_ids(tokenizer)
    kinds = [gguf.TokenType.CONTROL if text in special else gguf.TokenType.NORMAL for text in tokens]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in table["merges"]]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_add_bos_token(False)
    writer.add_bos_token_id(special[vocabulary.END])
    writer.add_eos_token_id(special[vocabulary.END])
    writer.add_eot_token_id(special[vocabulary.END])
    writer.add_pad_token_id(special[vocabulary.FIM_PAD])
    for key, text in (
        ("pre", vocabulary.FIM_PREFIX),
        ("suf", vocabulary.FIM_SUFFIX),
        ("mid", vocabulary.FIM_MIDDLE),
        ("pad", vocabulary.FIM_PAD),
        ("rep", vocabulary.REPOSITORY),
        ("sep", vocabulary.FILE),
    ):
        writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", special[text])
